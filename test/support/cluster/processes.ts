/** Ends processes of a cluster run, exactly those that were marked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { alive, type ProcessMark } from '../../../scripts/setup/process-mark.mjs';

/** Kills exactly this process and waits until it is gone. Returns whether it is. */
export async function killMarked(process: ProcessMark, limitMilliseconds = 10_000): Promise<boolean> {
  const end = performance.now() + limitMilliseconds;
  while (alive(process)) {
    if (performance.now() > end) return false;
    try {
      globalThis.process.kill(process.pid, 'SIGKILL');
    } catch {
      // It ended in between.
    }
    await sleep(20);
  }
  return true;
}
