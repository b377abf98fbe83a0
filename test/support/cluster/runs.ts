/**
 * One folder per running cluster, below the system's folder for temporary files. The folder's name is the
 * slot, a small number that also chooses the cluster's addresses and names, so that several can run at once.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeLock } from '../../../scripts/setup/lock.mjs';
import { alive, mark, type ProcessMark } from '../../../scripts/setup/process-mark.mjs';
import { removeCgroups } from './cgroups.ts';
import { ClusterError } from './errors.ts';
import { removeLink } from './network.ts';
import { killMarked } from './processes.ts';

/** Addresses are given for this many. */
const SLOTS = 16;

export interface RunState {
  /** Who started it; when that is gone, everything here is a left-over. */
  owner: ProcessMark;
  /** The process outside that keeps the namespaces; everything in them dies with it. */
  keeper?: ProcessMark;
}

export interface Run {
  readonly slot: number;
  readonly folder: string;
  keep(keeper: ProcessMark): void;
  /** Removes what the kernel keeps without a process, and the folder. */
  remove(): Promise<void>;
}

/** One per user: of another user's folders nothing could be removed. */
export function runsFolder(): string {
  return join(tmpdir(), `videopush-cluster-${process.getuid?.() ?? 0}`);
}

const stateFile = (folder: string) => join(folder, 'state.json');

export function readState(folder: string): RunState | null {
  try {
    return JSON.parse(readFileSync(stateFile(folder), 'utf8')) as RunState;
  } catch {
    return null;
  }
}

function writeState(folder: string, state: RunState): void {
  const fresh = `${stateFile(folder)}.new`;
  writeFileSync(fresh, JSON.stringify(state));
  renameSync(fresh, stateFile(folder));
}

/**
 * Takes the lowest free slot, after removing the remains of dead runs.
 * @param onLine called with a line for every removed run
 * @throws {ClusterError} `NoRoom` when all slots are taken
 */
export async function claimRun(onLine: (line: string) => void, signal?: AbortSignal): Promise<Run> {
  const root = runsFolder();
  mkdirSync(root, { recursive: true, mode: 0o755 });
  const release = await takeLock(signal, join(root, 'lock'), 'Another start of a test cluster');
  try {
    await clearLeftOvers(onLine);
    const taken = new Set(readdirSync(root));
    for (let slot = 0; slot < SLOTS; slot++) {
      if (taken.has(String(slot))) continue;
      const folder = join(root, String(slot));
      mkdirSync(folder);
      const state: RunState = { owner: mark(process.pid) };
      writeState(folder, state);
      return {
        slot,
        folder,
        keep: (keeper) => writeState(folder, { ...state, keeper }),
        remove: () => removeRun(slot, folder),
      };
    }
  } finally {
    release();
  }
  throw new ClusterError('NoRoom', 'no further cluster can be started', {
    cause: `${SLOTS} of them are running`,
    action: 'end one of them',
  });
}

/** Removes every run whose owner is gone. To be called by who holds the lock. */
async function clearLeftOvers(onLine: (line: string) => void): Promise<void> {
  for (const name of readdirSync(runsFolder())) {
    if (!/^\d+$/.test(name)) continue;
    const folder = join(runsFolder(), name);
    const state = readState(folder);
    if (state !== null && alive(state.owner)) continue;
    onLine(`clearing what an earlier run has left in ${folder}`);
    if (state?.keeper) await killMarked(state.keeper);
    await removeRun(Number(name), folder);
  }
}

/** The same for a person: `down`. Returns how many were cleared. */
export async function clearRuns(onLine: (line: string) => void): Promise<void> {
  mkdirSync(runsFolder(), { recursive: true });
  const release = await takeLock(undefined, join(runsFolder(), 'lock'), 'Another start of a test cluster');
  try {
    await clearLeftOvers(onLine);
  } finally {
    release();
  }
}

async function removeRun(slot: number, folder: string): Promise<void> {
  await removeLink(slot);
  await removeCgroups(slot);
  // Layers of images hold folders that only root may write, and root it is; retries:
  // a killed process's last write.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
