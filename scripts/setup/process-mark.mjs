/** Identifies a process by its id and its start time, because the kernel reuses ids. */
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} ProcessMark
 * @property {number} pid
 * @property {string} start  start time in ticks since boot (proc(5), field 22 of stat)
 */

/**
 * @param {number} pid
 * @returns {{ state: string, start: string } | null} null when no process has this id
 */
function stateOf(pid) {
  try {
    // The second field is the program's name in brackets, which may contain any character.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state: fields[0] ?? '', start: fields[19] ?? '' };
  } catch {
    return null;
  }
}

/**
 * @param {number} pid
 * @returns {ProcessMark}
 * @throws {Error} when no process has this id
 */
export function mark(pid) {
  const found = stateOf(pid);
  if (!found) throw new Error(`process ${pid} does not exist`);
  return { pid, start: found.start };
}

/**
 * Whether the process runs; a zombie counts as ended.
 * @param {ProcessMark} process
 */
export function alive({ pid, start }) {
  const found = stateOf(pid);
  return found !== null && found.start === start && found.state !== 'Z';
}
