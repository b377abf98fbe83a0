/** A process and all that descend from it, as /proc shows them. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessWords {
  pid: number;
  /** Each argument, and each variable as NAME=VALUE. */
  argv: string[];
  environment: string[];
}

const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
};

const words = (pid: number, file: string): string[] => read(pid, file).split('\0').filter(Boolean);

/** The parent's id stands behind the name in brackets, which may hold anything (proc(5)). */
const parentOf = (pid: number): number => {
  const stat = read(pid, 'stat');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
};

export function processTree(root: number): ProcessWords[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), parentOf(Number(name))]),
  );
  const found = [root];
  for (const pid of found) {
    for (const [child, parent] of parents) if (parent === pid) found.push(child);
  }
  return found.map((pid) => ({ pid, argv: words(pid, 'cmdline'), environment: words(pid, 'environ') }));
}
