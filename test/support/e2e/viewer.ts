/** A viewer that reconnects after a disconnection, and keeps all frames that it saw over all connections. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type SeenFrame, StampReader } from '../stamp-reader.ts';
import { eventually } from './eventually.ts';

export type Stamped = SeenFrame & { index: number };

const RETRY = 200;
/**
 * The viewer gives up on a server that is silent for 8 s. Pauses of a stream are shorter than that, and the
 * kernel would wait longer when its first packet went to a deleted pod.
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

  /** The pictures that carry an index, in order of arrival. */
  stamped(): Stamped[] {
    return this.#readers.flatMap((reader) => reader.stamped());
  }

  /** The number of all pictures, including those of the slate. */
  get pictures(): number {
    return this.#readers.reduce((sum, reader) => sum + reader.frames.length, 0);
  }

  /** The number of connections over which at least one picture came. */
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
  /** Indices that never arrived. */
  missing: number[];
  /** How many pictures arrived a second time. */
  repeated: number;
  /** How often the source started again. */
  begun: number;
}

/** Counts gaps and repetitions of indices. A source of `length` frames starts again at 0 after the last. */
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

/** The longest time without a new picture after `since`, in milliseconds. */
export function longestGap(frames: readonly Stamped[], since: number): number {
  const times = frames.map(({ at }) => at).filter((at) => at >= since);
  return Math.max(0, ...times.map((at, i) => at - (times[i - 1] ?? since)));
}
