/** When a stream has failed for good, and with which exit code. Pure. */
import type { WorkerStatus } from '@videopush/codec-worker';
import type { DecodeSnapshot, EncodeSnapshot, NativeErrorShape, OutputSnapshot } from '@videopush/native';
import type { ConnectionHistory } from './connection-history.ts';
import { CliError, ExitCode } from './errors.ts';

/** A source or an output that could not be reached for this long, and never before, ends the command. */
export const FIRST_CONNECT_SECONDS = 20;

/** What the two processes of a running stream said last. */
export interface RunningWords {
  decoder: WorkerStatus<DecodeSnapshot> | null;
  encoder: WorkerStatus<EncodeSnapshot> | null;
  history: ConnectionHistory;
  /** seconds since the start */
  elapsed: number;
}

/** The closing snapshots of a stream that has ended; undefined where a process never gave one. */
export interface ClosingWords {
  decoder: DecodeSnapshot | undefined;
  encoder: EncodeSnapshot | undefined;
  history: ConnectionHistory;
  /** addresses of the outputs, as they may be shown */
  urls: readonly string[];
}

const failure = ({ message, action, code }: NativeErrorShape, exitCode: ExitCode): CliError =>
  new CliError(message, { action, code, exitCode });

/** A source that broke off has given what it had: the push goes on to its end, and says so then. */
const lostForGood = (snapshot: DecodeSnapshot | null | undefined, fault: NativeErrorShape): boolean =>
  fault.permanent && (!snapshot || snapshot.phase === 'Failed');

/** The command line or manifest asked for an encoder that does not exist, or for settings that it refuses. */
const encoderFaultCode = (code: string): ExitCode =>
  ['EncoderUnknown', 'EncoderRejected', 'InvalidArgument'].includes(code) ? ExitCode.Usage : ExitCode.Failed;

const encoderFailure = (fault: NativeErrorShape | null | undefined): CliError | undefined =>
  fault?.permanent ? failure(fault, encoderFaultCode(fault.code)) : undefined;

function runningSource({ decoder, elapsed }: RunningWords): CliError | undefined {
  const snapshot = decoder?.snapshot;
  const fault = snapshot?.error ?? decoder?.error;
  if (!fault) return undefined;
  const never = !snapshot?.descriptor && elapsed > FIRST_CONNECT_SECONDS;
  return never || lostForGood(snapshot, fault) ? failure(fault, ExitCode.Source) : undefined;
}

function runningOutput({ encoder, history, elapsed }: RunningWords): CliError | undefined {
  for (const { name, error } of encoder?.snapshot?.outputs ?? []) {
    if (error && (error.permanent || history.tried(name, elapsed) > FIRST_CONNECT_SECONDS))
      return failure(error, ExitCode.Output);
  }
  return undefined;
}

/** The failure that ends a running stream; undefined in health, and while there is hope. */
export function failureOf(words: RunningWords): CliError | undefined {
  const { encoder } = words;
  return (
    runningSource(words) ??
    encoderFailure(encoder?.snapshot ? encoder.snapshot.error : encoder?.error) ??
    runningOutput(words)
  );
}

/** An output that was down at the end, or through which nothing ever went. */
function closingOutput(
  { name, phase, error, ledger }: OutputSnapshot,
  history: ConnectionHistory,
): CliError | undefined {
  const fault = error ?? history.refusal(name);
  if (fault) return failure(fault, ExitCode.Output);
  if (ledger.sent > 0) return undefined;
  const state = phase === 'Connecting' ? 'the server had not answered yet' : 'it had no frame to send yet';
  return nothingSent(`output ${name}: nothing was sent, ${state} when the stream ended`);
}

const nothingSent = (message: string, action = ''): CliError =>
  new CliError(message, { action, code: 'NothingSent', exitCode: ExitCode.Output });

/** Nothing is known of the outputs, because the encoder's process never reported anything. */
const neverReported = (urls: readonly string[]): CliError =>
  nothingSent(
    `nothing was sent to ${urls.join(', ')}: the stream ended before its encoder had started`,
    'allow more time with --for, and check how busy this machine is',
  );

/**
 * The failure that explains a stream that has ended by itself, after its time,
 * or because somebody stopped it.
 */
export function closingFailure({ decoder, encoder, history, urls }: ClosingWords): CliError | undefined {
  const { error = null, phase } = decoder ?? {};
  const sent = encoder?.outputs.some(({ ledger }) => ledger.sent > 0) ?? false;
  const sourceGaveNothing = error !== null && (encoder?.sourceFrames ?? 0) === 0;
  if (error && (sourceGaveNothing || lostForGood(decoder, error))) return failure(error, ExitCode.Source);
  const faults = encoder?.outputs.map((output) => closingOutput(output, history)) ?? [];
  const output = encoderFailure(encoder?.error) ?? faults.find((fault) => fault !== undefined);
  if (output) return output;
  if (error && phase === 'Ended') return failure(error, ExitCode.Source);
  return sent ? undefined : neverReported(urls);
}
