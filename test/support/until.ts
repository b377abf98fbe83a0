/** Waiting for what has no event of its own. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks every 10 ms until the answer is neither null, undefined nor false. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  limitMilliseconds: number,
): Promise<Exclude<Awaited<T>, null | undefined | false>> {
  const end = performance.now() + limitMilliseconds;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) {
      return answer as Exclude<Awaited<T>, null | undefined | false>;
    }
    if (performance.now() > end) throw new Error(`not in ${limitMilliseconds} ms: ${what}`);
    await sleep(10);
  }
}
