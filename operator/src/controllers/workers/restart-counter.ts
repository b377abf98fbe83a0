/**
 * How often the processes and containers of a stream were restarted since it was
 * created, over pods and over operators.
 */

/** A counter that starts at 0 when its `id` is new; `count` null: not known yet. */
export interface RestartSample {
  id: string;
  count: number | null;
}

interface Tally {
  /** as the status had it when this operator first looked */
  recorded: number;
  /** ids that existed then, with their first known counts: these are part of `recorded` */
  first: Map<string, number | null>;
  seen: Map<string, number>;
}

export class RestartCounter {
  readonly #tallies = new Map<string, Tally>();

  /** The total, never less than `recorded`. */
  count(uid: string, recorded: number, samples: readonly RestartSample[]): number {
    const tally = this.#tally(uid, recorded, samples);
    for (const { id, count } of samples) {
      if (count === null) continue;
      if (tally.first.get(id) === null) tally.first.set(id, count);
      tally.seen.set(id, Math.max(count, tally.seen.get(id) ?? 0));
    }
    const before = sum([...tally.first.values()].map((count) => count ?? 0));
    return Math.max(tally.recorded, before) + sum(tally.seen.values()) - before;
  }

  forget(uid: string): void {
    this.#tallies.delete(uid);
  }

  /** Another process may have counted meanwhile. */
  clear(): void {
    this.#tallies.clear();
  }

  #tally(uid: string, recorded: number, samples: readonly RestartSample[]): Tally {
    const known = this.#tallies.get(uid);
    if (known) return known;
    const first = new Map(samples.map(({ id, count }) => [id, count]));
    const tally = { recorded, first, seen: new Map<string, number>() };
    this.#tallies.set(uid, tally);
    return tally;
  }
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
