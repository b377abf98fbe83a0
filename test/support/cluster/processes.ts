/** Identifies a process by its id and its start time, because the kernel reuses ids. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessMark {
  pid: number;
  /** Start time in ticks since boot (proc(5), field 22 of stat). */
  start: string;
}

/** The state and the start time of a process; null when no process has this id. */
function stateOf(pid: number): { state: string; start: string } | null {
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

/** @throws {Error} when no process has this id */
export function mark(pid: number): ProcessMark {
  const found = stateOf(pid);
  if (!found) throw new Error(`there is no process ${pid}`);
  return { pid, start: found.start };
}

/** Whether the process runs; a zombie counts as ended. */
export function alive(process: ProcessMark): boolean {
  const found = stateOf(process.pid);
  return found !== null && found.start === process.start && found.state !== 'Z';
}

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
