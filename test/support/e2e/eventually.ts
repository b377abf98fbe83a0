/** Polls for a change in a cluster, for seconds; the error at the time limit describes the last state. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Time between two polls, in milliseconds. */
const INTERVAL = 200;

/** Polls until the answer is neither null, undefined nor false. A rejected call counts as no answer. */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  limitMilliseconds: number,
  describe: () => string = () => '',
): Promise<Exclude<Awaited<T>, null | undefined | false>> {
  const end = performance.now() + limitMilliseconds;
  let trouble: unknown;
  for (;;) {
    try {
      const answer = await ask();
      trouble = undefined;
      if (answer !== null && answer !== undefined && answer !== false) {
        return answer as Exclude<Awaited<T>, null | undefined | false>;
      }
    } catch (error) {
      trouble = error;
    }
    if (performance.now() > end) {
      const why = trouble ? `: ${(trouble as Error).message}` : '';
      throw new Error(`not within ${limitMilliseconds / 1000} s: ${what}${why}\n${describe()}`);
    }
    await sleep(INTERVAL);
  }
}
