/** When a stream has failed for good, and with which exit code. Pure. */
import type { WorkerStatus } from '@videopush/codec-worker';
import type { DecodeSnapshot, EncodeSnapshot, NativeErrorShape } from '@videopush/native';
import { CliError, ExitCode } from './errors.ts';

/** A source or an output that could not be reached for this long, and never before, ends the command. */
export const FIRST_CONNECT_SECONDS = 20;

export interface Words {
  decoder?: WorkerStatus<DecodeSnapshot> | null;
  encoder?: WorkerStatus<EncodeSnapshot> | null;
  decoderSnapshot?: DecodeSnapshot | undefined;
  encoderSnapshot?: EncodeSnapshot | undefined;
  /** seconds since the start; 0 when the stream has ended */
  elapsed?: number;
}

const failure = ({ message, action, code }: NativeErrorShape, exitCode: ExitCode): CliError =>
  new CliError(message, { action, code, exitCode });

function sourceFault(
  snapshot: DecodeSnapshot | null | undefined,
  error: NativeErrorShape | null | undefined,
  elapsed: number,
): CliError | undefined {
  const fault = snapshot?.error ?? error;
  if (!fault) return undefined;
  // A source that broke off has given what it had: the push goes on to its end, then says so.
  const over = !snapshot || snapshot.phase === 'Failed';
  const never = !snapshot?.descriptor && elapsed > FIRST_CONNECT_SECONDS;
  return (fault.permanent && over) || never ? failure(fault, ExitCode.Source) : undefined;
}

function outputFault(snapshot: EncodeSnapshot | null | undefined, elapsed: number) {
  for (const output of snapshot?.outputs ?? []) {
    if (!output.error) continue;
    const never = output.connects === 0 && elapsed > FIRST_CONNECT_SECONDS;
    if (output.error.permanent || never) return failure(output.error, ExitCode.Output);
  }
  return undefined;
}

/** An encoder that does not exist or refuses its settings was asked for in the command line or manifest. */
const encoderFaultCode = (code: string): ExitCode =>
  code === 'EncoderUnknown' || code === 'EncoderRejected' ? ExitCode.Usage : ExitCode.Failed;

/** The failure that ends a running stream, or explains one that has ended; undefined in health. */
export function failureOf(words: Words): CliError | undefined {
  const { decoder, encoder, elapsed = 0 } = words;
  const decode = words.decoderSnapshot ?? decoder?.snapshot;
  const encode = words.encoderSnapshot ?? encoder?.snapshot;
  const ended = decode?.phase === 'Ended' && elapsed === 0 ? decode.error : null;
  const encoding = encode?.error ?? (encode ? null : encoder?.error);
  return (
    sourceFault(decode, decoder?.error, elapsed) ??
    (encoding?.permanent ? failure(encoding, encoderFaultCode(encoding.code)) : undefined) ??
    outputFault(encode, elapsed) ??
    (ended ? failure(ended, ExitCode.Source) : undefined)
  );
}
