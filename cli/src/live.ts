/** Streams that run on this machine, from their start to their closing summary: watched, shown, stopped, judged. */
import { setTimeout as delay } from 'node:timers/promises';
import { type DecodeSnapshot, type EncodeSnapshot, observeRing, type RingSnapshot } from '@videopush/native';
import { type CliError, ExitCode } from './errors.ts';
import { failureOf } from './failures.ts';
import type { LocalStream, StreamEnd } from './local/stream.ts';
import { exitCodeOf, type OutputSummary, type Policy, summarize } from './summary.ts';
import type { StreamState } from './view/stats.ts';
import type { View } from './view/view.ts';

/** A stream and what the command knows of it besides. */
export interface LiveStream {
  name: string;
  source: string;
  policy: Policy;
  stream: LocalStream;
  /** seconds of media after which the command ends it; undefined: the source decides */
  limit: number | undefined;
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

const LOOK_EVERY_MS = 500;

/** The newest word of each process: a process that is between two lives leaves its last one standing. */
class Watched {
  readonly live: LiveStream;
  readonly #began = performance.now();
  #decoder: DecodeSnapshot | undefined;
  #encoder: EncodeSnapshot | undefined;
  #viewers: number | undefined;
  #ring: RingSnapshot | undefined;
  failure: CliError | undefined;
  end: StreamEnd | undefined;
  stopped = false;

  constructor(live: LiveStream) {
    this.live = live;
    void live.stream.ended.then((end) => {
      this.end = end;
    });
  }

  get elapsed(): number {
    return (performance.now() - this.#began) / 1000;
  }

  async look(): Promise<void> {
    const { stream, viewers } = this.live;
    const [decoder, encoder, count] = await Promise.all([
      stream.decoder.status(),
      stream.encoder.status(),
      viewers?.(),
    ]);
    this.#decoder = decoder?.snapshot ?? this.#decoder;
    this.#encoder = encoder?.snapshot ?? this.#encoder;
    this.#viewers = count;
    this.failure ??= failureOf({ decoder, encoder, elapsed: this.elapsed });
  }

  state(): StreamState {
    const { name, source, limit, stream } = this.live;
    const duration = this.#decoder?.descriptor?.durationSeconds ?? undefined;
    return {
      name,
      source,
      elapsed: this.elapsed,
      total: limit ?? duration,
      decoder: this.#decoder,
      encoder: this.#encoder,
      restarts: {
        decoder: stream.decoder.state()?.restarts ?? 0,
        encoder: stream.encoder.state()?.restarts ?? 0,
      },
      viewers: this.#viewers,
    };
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.live.stream.stop();
  }

  /** After the end: the processes' own closing words, and the books from the ring, which nobody can kill. */
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
    const encoder = this.#encoder && withBooks(this.#encoder, this.#ring, this.end?.complete ?? false);
    const base = { name: this.live.name, seconds: this.elapsed, outputs: encoder ? summarize(encoder) : [] };
    const failure = this.failure ?? failureOf({ decoderSnapshot: this.#decoder, encoderSnapshot: encoder });
    if (failure) return { ...base, failure, exitCode: failure.exitCode };
    const exitCode = encoder ? exitCodeOf(encoder, this.live.policy, this.stopped) : ExitCode.Failed;
    return { ...base, failure: undefined, exitCode: !encoder && this.stopped ? ExitCode.Ok : exitCode };
  }
}

function withBooks(encoder: EncodeSnapshot, ring: RingSnapshot | undefined, ended: boolean): EncodeSnapshot {
  if (!ring) return { ...encoder, ended };
  const outputs = encoder.outputs.map((output) => {
    const books = ring.outputs.find(({ name }) => name === output.name);
    return books ? { ...output, ledger: books.ledger } : output;
  });
  return { ...encoder, ended, sourceFrames: ring.sourceFrames, outputs };
}

/** Ctrl+C once: an orderly end; twice: at once. */
function onSignals(stop: () => void): () => void {
  let asked = 0;
  const handle = (): void => {
    asked += 1;
    if (asked > 1) process.exit(ExitCode.Failed);
    stop();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, handle);
  return () => {
    for (const name of names) process.off(name, handle);
  };
}

/**
 * Shows the streams until all have ended: by themselves, after `seconds`, by a signal, or because one failed for good
 * (`push`: its only one). The streams are closed before it returns.
 */
export async function follow(
  streams: LiveStream[],
  view: View,
  options: { seconds?: number | undefined; signal?: AbortSignal } = {},
): Promise<StreamResult[]> {
  const watched = streams.map((stream) => new Watched(stream));
  const over = new AbortController();
  const release = onSignals(() => over.abort());
  const outside = () => over.abort();
  options.signal?.addEventListener('abort', outside);
  const until = options.seconds === undefined ? undefined : performance.now() + options.seconds * 1000;
  try {
    while (watched.some(({ end }) => !end)) {
      const running = watched.filter(({ end }) => !end);
      await Promise.all(running.map((one) => one.look()));
      view.show(watched.map((one) => one.state()));
      const due = over.signal.aborted || (until !== undefined && performance.now() >= until);
      const leave = running.filter((one) => due || one.failure);
      await Promise.all(leave.map((one) => one.stop()));
      if (leave.length > 0) continue;
      const left =
        until === undefined ? LOOK_EVERY_MS : Math.max(0, Math.min(LOOK_EVERY_MS, until - performance.now()));
      const pause = delay(left, undefined, { signal: over.signal }).catch(() => undefined);
      await Promise.race([pause, Promise.all(running.map(({ live }) => live.stream.ended))]);
    }
    for (const one of watched) one.settle();
    view.show(watched.map((one) => one.state()));
    return watched.map((one) => one.result());
  } finally {
    release();
    options.signal?.removeEventListener('abort', outside);
    await Promise.all(streams.map(({ stream }) => stream.close()));
  }
}
