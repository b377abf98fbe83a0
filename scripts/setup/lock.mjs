/** Keeps two set-ups of one checkout from building into the same folders at once. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repoRoot } from '../paths.mjs';
import { SetupError } from './command.mjs';
import { alive, mark } from './process-mark.mjs';

const LIMIT_MS = 40 * 60_000;

/**
 * @param {string} file
 * @returns {import('./process-mark.mjs').ProcessMark | null} the process that holds the lock; null when this
 *   one has just taken it
 */
function tryToTake(file) {
  const { pid, start } = mark(process.pid);
  try {
    writeFileSync(file, `${pid} ${start}`, { flag: 'wx' });
    return null;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  const [holder, since = ''] = readFileSync(file, 'utf8').split(' ');
  return { pid: Number(holder), start: since };
}

/**
 * Waits until no other set-up works on this checkout; one that died is not waited for.
 * @param {AbortSignal} [stop]  ends the waiting
 * @param {string} [file]
 * @param {string} [other]  what the holder is, as the beginning of a sentence
 * @returns {Promise<() => void>} gives the lock back
 * @throws {SetupError} after 40 minutes
 */
export async function takeLock(
  stop,
  file = join(repoRoot, '.setup.lock'),
  other = 'Another set-up of this checkout',
) {
  const until = Date.now() + LIMIT_MS;
  let reported = false;
  for (;;) {
    const holder = tryToTake(file);
    if (holder === null) return () => rmSync(file, { force: true });
    if (holder.pid !== 0 && !alive(holder)) {
      rmSync(file, { force: true });
      continue;
    }
    if (Date.now() > until) {
      throw new SetupError(`${other.charAt(0).toLowerCase()}${other.slice(1)} does not end`, {
        cause: `process ${holder.pid} holds ${file}`,
        todo: `see what it does (ps ${holder.pid}); if it is something else, delete that file and run the same command again`,
      });
    }
    if (!reported) console.log(`${other} is at work (process ${holder.pid}); waiting for it …`);
    reported = true;
    await sleep(500, undefined, { signal: stop });
  }
}
