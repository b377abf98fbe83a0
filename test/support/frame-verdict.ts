/** What a reader saw, judged: which indices are missing, repeated or out of order. Pure. */

export interface Verdict {
  /** Indices in [first, last] never seen. */
  missing: number[];
  /** Indices seen more than once, once for each time too many. */
  repeated: number[];
  /** Indices seen for the first time after a larger one. */
  swapped: number[];
  /** Indices outside [first, last]. */
  foreign: number[];
}

/** `seen` in order of arrival; slate frames already left out. */
export function judge(seen: readonly number[], first: number, last: number): Verdict {
  const known = new Set<number>();
  const verdict: Verdict = { missing: [], repeated: [], swapped: [], foreign: [] };
  let highest = Number.NEGATIVE_INFINITY;
  for (const index of seen) {
    if (index < first || index > last) {
      verdict.foreign.push(index);
      continue;
    }
    if (known.has(index)) verdict.repeated.push(index);
    else if (index < highest) verdict.swapped.push(index);
    known.add(index);
    highest = Math.max(highest, index);
  }
  for (let index = first; index <= last; index++) if (!known.has(index)) verdict.missing.push(index);
  return verdict;
}

/** The verdict of a flawless push. */
export const FLAWLESS: Verdict = { missing: [], repeated: [], swapped: [], foreign: [] };
