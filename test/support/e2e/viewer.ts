/** A viewer that comes back when it is put out: all that it saw, over all its connections. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type SeenFrame, StampReader } from '../stamp-reader.ts';
import { eventually } from './eventually.ts';

export type Stamped = SeenFrame & { index: number };

const RETRY = 200;
/**
 * A player gives up a server that is silent for 8 s: longer than a stream may pause, and shorter than the kernel's own patience
 * with a first packet that went to a pod that is gone.
 */
const SILENCE = ['-timeout', '8000000'];

export class Viewer {
  readonly url: string;
  readonly #readers: StampReader[] = [];
  readonly #left = new AbortController();
  readonly #watching: Promise<void>;

  constructor(url: string) {
    this.url = url;
    this.#watching = this.#watch();
  }

  async #watch(): Promise<void> {
    while (!this.#left.signal.aborted) {
      const reader = new StampReader(this.url, { input: SILENCE });
      this.#readers.push(reader);
      await reader.ended;
      await sleep(RETRY, undefined, { signal: this.#left.signal }).catch(() => {});
    }
  }

  /** Pictures with an index, in order of arrival. */
  stamped(): Stamped[] {
    return this.#readers.flatMap((reader) => reader.stamped());
  }

  /** Of all pictures, the slate's included. */
  get pictures(): number {
    return this.#readers.reduce((sum, reader) => sum + reader.frames.length, 0);
  }

  /** How often it has seen something since it began. */
  get connections(): number {
    return this.#readers.filter((reader) => reader.frames.length > 0).length;
  }

  async until(
    what: string,
    done: (frames: readonly Stamped[]) => boolean,
    limitMilliseconds: number,
  ): Promise<void> {
    const describe = (): string => this.#readers.at(-1)?.describe() ?? '';
    await eventually(`a viewer sees ${what}`, () => done(this.stamped()), limitMilliseconds, describe);
  }

  async stop(): Promise<void> {
    this.#left.abort();
    await Promise.all(this.#readers.map((reader) => reader.stop()));
    await this.#watching;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export interface Continuity {
  /** Indices that were left out. */
  missing: number[];
  /** How many arrived once more. */
  repeated: number;
  /** How often the source began anew. */
  begun: number;
}

/** How the indices follow each other. A source of `length` frames begins again at 0 behind its last. */
export function continuity(indices: readonly number[], length: number): Continuity {
  const result: Continuity = { missing: [], repeated: 0, begun: 0 };
  let newest = indices[0] ?? 0;
  for (const index of indices.slice(1)) {
    if (index === (newest + 1) % length) newest = index;
    else if (index > newest) {
      for (let lost = newest + 1; lost < index; lost++) result.missing.push(lost);
      newest = index;
    } else if (index === 0) {
      result.begun++;
      newest = 0;
    } else result.repeated++;
  }
  return result;
}

/** The longest time without a new picture behind the instant, ms: how long the stream was away. */
export function longestGap(frames: readonly Stamped[], since: number): number {
  const times = frames.map(({ at }) => at).filter((at) => at >= since);
  return Math.max(0, ...times.map((at, i) => at - (times[i - 1] ?? since)));
}
