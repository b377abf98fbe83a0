/** What the machine did meanwhile: stolen time, CPU and memory of processes, from /proc (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second in /proc; Linux fixes USER_HZ at 100. */
const TICKS = 100;

interface CpuTicks {
  steal: number;
  at: number;
}

function readSteal(): CpuTicks {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  return { steal: Number(line.trim().split(/\s+/)[8] ?? 0), at: performance.now() };
}

/** Cores that the hypervisor took since the meter was made, as an average: 0.15 = 15 % of one core. */
export class StealMeter {
  #start = readSteal();

  cores(): number {
    const now = readSteal();
    const seconds = (now.at - this.#start.at) / 1000;
    return seconds <= 0 ? 0 : (now.steal - this.#start.steal) / TICKS / seconds;
  }
}

/** The fields of /proc/PID/stat behind the command's name, which may itself hold blanks and brackets. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** CPU seconds, user and system, of a process and all its threads so far; null when it is gone. */
export function cpuSeconds(pid: number): number | null {
  const fields = statFields(pid);
  return fields && (Number(fields[11]) + Number(fields[12])) / TICKS;
}

export function threadCount(pid: number): number {
  return listNumbers(`/proc/${pid}/task`).length;
}

/** A process and its descendants, parents first. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of listNumbers('/proc')) {
    const fields = statFields(pid);
    if (!fields) continue;
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** The program's file name, e.g. `node`; null when the process is gone. */
export function programName(pid: number): string | null {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words[0]?.split('/').at(-1) ?? null;
  } catch {
    return null;
  }
}

export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

export interface Memory {
  /** Resident set now and at its peak, bytes; shared pages included. */
  resident: number;
  peak: number;
}

export function memory(pid: number): Memory | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
    return { resident: field('VmRSS'), peak: field('VmHWM') };
  } catch {
    return null;
  }
}

export interface ProportionalMemory {
  /** Proportional set size, bytes: a page that several processes share counts in parts. */
  total: number;
  /** What of it is shared memory: the frame queue, of ours. */
  shared: number;
}

/** Of all these processes together, now; those that are gone count nothing. */
export function proportionalMemory(pids: readonly number[]): ProportionalMemory {
  const sum = { total: 0, shared: 0 };
  for (const pid of pids) {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      const field = (name: string) =>
        Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
      sum.total += field('Pss');
      sum.shared += field('Pss_Shmem');
    } catch {
      // gone
    }
  }
  return sum;
}

/** CPU seconds of a set of processes; those that end keep what they had used when last read. */
export class CpuMeter {
  #pids: readonly number[];
  #last = new Map<number, number>();
  #peak = new Map<number, number>();

  constructor(pids: readonly number[]) {
    this.#pids = pids;
  }

  /** Total so far. */
  read(): number {
    let sum = 0;
    for (const pid of this.#pids) {
      const seconds = cpuSeconds(pid);
      if (seconds !== null) this.#last.set(pid, seconds);
      const peak = memory(pid)?.peak ?? 0;
      if (peak > 0) this.#peak.set(pid, peak);
      sum += this.#last.get(pid) ?? 0;
    }
    return sum;
  }

  /** Sum of the processes' peaks, bytes. */
  peakMemory(): number {
    return [...this.#peak.values()].reduce((a, b) => a + b, 0);
  }
}

function listNumbers(folder: string): number[] {
  try {
    return readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}
