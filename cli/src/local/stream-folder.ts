/**
 * Where a local stream keeps its ring, configurations and credentials: a folder of its own that goes with it.
 */
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A ring holds at most this much, and memory is better than a disk for it. */
const RING_BYTES = 256 * 2 ** 20;

const SHARED_MEMORY = '/dev/shm';

/** The folder for rings: memory when there is enough of it, else the folder for temporary files. */
export function ringRoot(): { folder: string; inMemory: boolean } {
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    if (bavail * bsize >= RING_BYTES) return { folder: SHARED_MEMORY, inMemory: true };
  } catch {
    // there is none
  }
  return { folder: tmpdir(), inMemory: false };
}

/** `videopush-<process id namespace>-<process id>-`: names the owner of a folder. */
function prefix(pid: number): string {
  const [, namespace = '0'] = /\[(\d+)\]/.exec(readlinkSync('/proc/self/ns/pid')) ?? [];
  return `videopush-${namespace}-${pid}-`;
}

/** A new folder that only this user may enter. Leftovers of owners that were killed are swept first. */
export function makePlace(root: string): string {
  sweep(root);
  const folder = mkdtempSync(join(root, prefix(process.pid)));
  chmodSync(folder, 0o700);
  return folder;
}

/** Removes folders of this user whose owner, a process of this process id namespace, is gone. */
export function sweep(root: string): string[] {
  const pattern = new RegExp(`^${prefix(0).replace(/0-$/, '')}(\\d+)-[A-Za-z0-9]{6}$`);
  return readdirSync(root).filter((name) => {
    const [, pid] = pattern.exec(name) ?? [];
    if (pid === undefined || exists(Number(pid)) || statSync(join(root, name)).uid !== process.getuid?.())
      return false;
    rmSync(join(root, name), { recursive: true, force: true });
    return true;
  });
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A file that only this user may read. */
export function writePrivate(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
