/**
 * The control groups below which the kubelet puts the pods: a tree of their own, so
 * that two nodes do not share one.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = '/sys/fs/cgroup';
const LIMIT_MILLISECONDS = 10_000;

/** The value of the kubelet's `cgroupRoot`. */
export const cgroupRoot = (slot: number): string => `/videopush-${slot}`;

/** Version 2 alone has this file at its root. */
const unified = (): boolean => existsSync(join(ROOT, 'cgroup.controllers'));

/** The folders that hold a cgroup tree: one in version 2, one per controller in version 1. */
function trees(): string[] {
  if (unified()) return [ROOT];
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, entry.name, 'cgroup.procs')))
    .map((entry) => join(ROOT, entry.name));
}

/** Makes the slot's group in every tree, with the processors and memory nodes of its parent. */
export function makeCgroups(slot: number): void {
  if (unified()) {
    const controllers = readFileSync(join(ROOT, 'cgroup.controllers'), 'utf8').trim().split(' ');
    const enable = controllers.map((name) => `+${name}`).join(' ');
    writeFileSync(join(ROOT, 'cgroup.subtree_control'), enable);
    mkdirSync(join(ROOT, cgroupRoot(slot)), { recursive: true });
    writeFileSync(join(ROOT, cgroupRoot(slot), 'cgroup.subtree_control'), enable);
    return;
  }
  for (const tree of trees()) {
    const folder = join(tree, cgroupRoot(slot));
    mkdirSync(folder, { recursive: true });
    for (const name of ['cpuset.cpus', 'cpuset.mems']) {
      // Empty in a new group of version 1, and then no process may enter it.
      if (existsSync(join(tree, name))) copyValue(join(tree, name), join(folder, name));
    }
  }
}

function copyValue(from: string, to: string): void {
  writeFileSync(to, readFileSync(from, 'utf8').trim());
}

/** Removes the slot's groups with everything below. Their processes must have been killed before. */
export async function removeCgroups(slot: number): Promise<void> {
  const end = performance.now() + LIMIT_MILLISECONDS;
  for (const tree of trees()) {
    const folder = join(tree, cgroupRoot(slot));
    // A group is busy until the kernel has removed the last process in it.
    while (existsSync(folder) && !removeTree(folder) && performance.now() < end) await sleep(20);
  }
}

/** Deepest first; the files in a group go with it. Returns whether all are gone. */
function removeTree(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !removeTree(join(folder, entry.name))) return false;
    }
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
