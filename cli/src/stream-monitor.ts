/** One stream that runs on this machine: what it said last, how it stands, and what became of it. */
import { type DecodeSnapshot, type EncodeSnapshot, observeRing, type RingSnapshot } from '@videopush/native';
import { ConnectionHistory } from './connection-history.ts';
import { type CliError, ExitCode } from './errors.ts';
import { closingFailure, FIRST_CONNECT_SECONDS, failureOf } from './failures.ts';
import type { LocalStream, StreamEnd } from './local/stream.ts';
import { exitCodeOf, type OutputSummary, type Policy, summarize } from './summary.ts';
import type { StreamState } from './view/state.ts';
import { secondsOfFrames } from './view/stats.ts';

/** A stream and what the command knows of it besides. */
export interface LiveStream {
  name: string;
  source: string;
  policy: Policy;
  stream: LocalStream;
  /** the source begins again at its end, so its duration says nothing about that of the push */
  repeats: boolean;
  /** readers at a media server that this command runs */
  viewers?: () => Promise<number | undefined>;
}

export interface StreamResult {
  name: string;
  exitCode: ExitCode;
  seconds: number;
  outputs: OutputSummary[];
  failure: CliError | undefined;
}

/** Time between two polls of a stream, in seconds. */
export const POLL_SECONDS = 0.5;

/**
 * The newest snapshot of each process; that of a process that is being restarted
 * stands until the next one answers.
 */
export class StreamMonitor {
  readonly live: LiveStream;
  /** seconds from the first frame sent to the end; undefined: the source decides */
  readonly #limit: number | undefined;
  readonly #began = performance.now();
  readonly #history = new ConnectionHistory();
  #decoder: DecodeSnapshot | undefined;
  #encoder: EncodeSnapshot | undefined;
  #viewers: number | undefined;
  #ring: RingSnapshot | undefined;
  /** seconds after the start at which the first frame was sent */
  #firstSent: number | undefined;
  failure: CliError | undefined;
  end: StreamEnd | undefined;
  stopped = false;

  constructor(live: LiveStream, limit: number | undefined) {
    this.live = live;
    this.#limit = limit;
    void live.stream.ended.then((end) => {
      this.end = end;
    });
  }

  get elapsed(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /**
   * Seconds until its time is over: counted from the first frame sent, or from when
   * the first one should have been.
   */
  get left(): number {
    if (this.#limit === undefined) return Number.POSITIVE_INFINITY;
    return (this.#firstSent ?? FIRST_CONNECT_SECONDS) + this.#limit - this.elapsed;
  }

  /** What the decoder measured; undefined until it has opened the source. */
  get descriptor(): DecodeSnapshot['descriptor'] | undefined {
    return this.#decoder?.descriptor;
  }

  async poll(): Promise<void> {
    const { stream, viewers } = this.live;
    const [decoder, encoder, count] = await Promise.all([
      stream.decoder.status(),
      stream.encoder.status(),
      viewers?.(),
    ]);
    this.#decoder = decoder?.snapshot ?? this.#decoder;
    this.#encoder = encoder?.snapshot ?? this.#encoder;
    this.#viewers = count;
    const { elapsed } = this;
    this.#history.notice(encoder?.snapshot?.outputs ?? [], elapsed);
    this.#noticeFirstFrame(elapsed);
    this.failure ??= failureOf({ decoder, encoder, history: this.#history, elapsed });
  }

  /** Goes by what was offered, since a server may acknowledge the first frame seconds later. */
  #noticeFirstFrame(elapsed: number): void {
    if (this.#firstSent !== undefined) return;
    const offered = Math.max(0, ...(this.#encoder?.outputs ?? []).map(({ lateness }) => lateness.count));
    // It was offered since the last poll; the frames that followed it show how long ago.
    if (offered > 0)
      this.#firstSent = elapsed - Math.min(secondsOfFrames(offered, this.#decoder), POLL_SECONDS);
  }

  state(): StreamState {
    const { name, source, stream, repeats } = this.live;
    const { elapsed } = this;
    return {
      name,
      source,
      elapsed,
      sinceFirst: this.#firstSent === undefined ? 0 : elapsed - this.#firstSent,
      limit: this.#limit,
      duration: repeats ? undefined : (this.#decoder?.descriptor?.durationSeconds ?? undefined),
      complete: this.end?.complete ?? false,
      decoder: this.#decoder,
      encoder: this.#encoder,
      restarts: {
        decoder: stream.decoder.state()?.restarts ?? 0,
        encoder: stream.encoder.state()?.restarts ?? 0,
      },
      viewers: this.#viewers,
    };
  }

  /** Asks for an orderly end, which `end` reports. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    void this.live.stream.stop();
  }

  /**
   * Reads, after the end, the last snapshots of the processes and the ledgers of the ring, which remain after
   * a kill.
   */
  settle(): void {
    const { stream } = this.live;
    this.#decoder = stream.decoder.summary ?? this.#decoder;
    this.#encoder = stream.encoder.summary ?? this.#encoder;
    try {
      this.#ring = observeRing(stream.ringPath);
    } catch {
      // no frame ever came, so there is no ring
    }
  }

  result(): StreamResult {
    const encoder = this.#encoder && withLedgers(this.#encoder, this.#ring, this.end?.complete ?? false);
    const { urls } = this.live.stream;
    const failure =
      this.failure ?? closingFailure({ decoder: this.#decoder, encoder, history: this.#history, urls });
    return {
      name: this.live.name,
      seconds: this.elapsed,
      outputs: encoder ? summarize(encoder) : [],
      failure,
      exitCode: failure?.exitCode ?? this.#exitCode(encoder),
    };
  }

  #exitCode(encoder: EncodeSnapshot | undefined): ExitCode {
    return encoder ? exitCodeOf(encoder, this.live.policy, this.stopped) : ExitCode.Failed;
  }
}

function withLedgers(
  encoder: EncodeSnapshot,
  ring: RingSnapshot | undefined,
  ended: boolean,
): EncodeSnapshot {
  if (!ring) return { ...encoder, ended };
  const outputs = encoder.outputs.map((output) => {
    const own = ring.outputs.find(({ name }) => name === output.name);
    return own ? { ...output, ledger: own.ledger } : output;
  });
  return { ...encoder, ended, sourceFrames: ring.sourceFrames, outputs };
}
