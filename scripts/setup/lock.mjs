/** Keeps two set-ups of one checkout from building into the same folders at once. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repoRoot } from '../paths.mjs';
import { SetupError } from './command.mjs';

const LIMIT_MS = 40 * 60_000;

/** @param {number} pid @returns {boolean} */
function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there is such a process, of another user.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * @param {string} file
 * @returns {number | null} the process that holds the lock; null when this one has just taken it
 */
function tryToTake(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return null;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  return Number(readFileSync(file, 'utf8')) || 0;
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
    if (holder !== 0 && !alive(holder)) {
      rmSync(file, { force: true });
      continue;
    }
    if (Date.now() > until) {
      throw new SetupError(`${other.charAt(0).toLowerCase()}${other.slice(1)} does not end`, {
        cause: `process ${holder} holds ${file}`,
        todo: `see what it does (ps ${holder}); if it is something else, delete that file and run the same command again`,
      });
    }
    if (!reported) console.log(`${other} is at work (process ${holder}); waiting for it …`);
    reported = true;
    await sleep(500, undefined, { signal: stop });
  }
}
