/**
 * How often tests with random input repeat themselves: a slice in `npm test`, in full in `npm run test:long`.
 */

const inFull = (): boolean => process.env.VIDEOPUSH_TEST_FULL === '1';

/**
 * The seed chooses what is repeated, so that a slice is the beginning of the full run with the same seed.
 * @param gate at most 200, so that `npm test` stays short
 * @param full of the long suite, which sets `VIDEOPUSH_TEST_FULL=1`
 */
export function count(gate: number, full: number): number {
  return inFull() ? full : gate;
}

/** Time limit of a repeating test, in milliseconds; the full run gets that of a long scenario. */
export const within = (milliseconds: number): number => (inFull() ? 1_200_000 : milliseconds);
