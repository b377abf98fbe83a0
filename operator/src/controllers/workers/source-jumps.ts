/** Which corrections of a source's timestamps are new since an operator last looked. */

/** As the worker counts them: jumps ahead and back, and single frames that are far off. */
export const JUMPS = ['forward', 'backward', 'outlier'] as const;

export type Jump = (typeof JUMPS)[number];

export type JumpCounts = Readonly<Record<Jump, number>>;

export const NO_JUMPS: JumpCounts = { forward: 0, backward: 0, outlier: 0 };

/** The counts of one decoder process, which begin at 0. `id` names the process. */
export interface JumpSample {
  id: string;
  counts: JumpCounts;
  /** the process began less than half a minute ago */
  young: boolean;
}

export class SourceJumps {
  readonly #seen = new Map<string, { id: string; counts: JumpCounts }>();

  /** The kinds that have grown. What an old process has counted before the first look is not new. */
  grown(uid: string, { id, counts, young }: JumpSample): Jump[] {
    const last = this.#seen.get(uid);
    const before = last?.id === id ? last.counts : last || young ? NO_JUMPS : counts;
    this.#seen.set(uid, { id, counts });
    return JUMPS.filter((kind) => counts[kind] > before[kind]);
  }

  forget(uid: string): void {
    this.#seen.delete(uid);
  }

  /** Another process may have told of them meanwhile. */
  clear(): void {
    this.#seen.clear();
  }
}
