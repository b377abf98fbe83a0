/** Waiting for what a cluster brings about: seconds rather than milliseconds, and a word on how it stood at the limit. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Between two looks, milliseconds. */
const INTERVAL = 200;

/** Asks until the answer is neither null, undefined nor false. An answer that cannot be had (a pod that is away) is none. */
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
