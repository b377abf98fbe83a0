/** Where the programs are that the command starts, and the footage that its demo pushes. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { WorkerError } from '@videopush/codec-worker';
import { builtSupervisor } from '@videopush/native/supervisor';
import { DEFAULTS } from '@videopush/resources/builders/defaults';

/** Version of the PyPI package that carries the demo's footage; scripts/paths.mjs puts it there. */
const CLIP_VERSION = '1.1.10';

/** A folder that the set-up fills, in `$XDG_CACHE_HOME/videopush` or `~/.cache/videopush`. */
function setUpFolder(name: string): string {
  const base = process.env.XDG_CACHE_HOME;
  // The XDG base directory specification: a relative path is to be ignored.
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'videopush', name);
}

/** The program called `name` in the first folder of PATH that has it. */
function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

const missing = (message: string, action: string): WorkerError =>
  new WorkerError('ProgramMissing', message, { action, permanent: true });

/**
 * The MediaMTX that the set-up built, of the version that the operator runs too; else the one on the PATH.
 * @throws WorkerError ProgramMissing
 */
export function mediamtxProgram(): string {
  const version = DEFAULTS.images.mediaMtx.replace(/^.*:/, '');
  const built = join(setUpFolder(`mediamtx-${version}`), 'mediamtx');
  const found = existsSync(built) ? built : onPath('mediamtx');
  if (found !== undefined) return found;
  throw missing(
    `MediaMTX was not found (neither ${built} nor mediamtx on the PATH)`,
    `run \`npm run setup\` in the checkout, or install MediaMTX ${version}`,
  );
}

/**
 * The supervisor of this build, or the one that VIDEOPUSH_SUPERVISOR names.
 * @throws WorkerError ProgramMissing
 */
export function supervisorProgram(): string {
  const named = process.env.VIDEOPUSH_SUPERVISOR;
  const found = named === undefined ? builtSupervisor() : named;
  if (found !== undefined && existsSync(found)) return found;
  throw missing(
    named === undefined ? 'the supervisor has not been built' : `the supervisor does not exist (${named})`,
    named === undefined ? 'run: npm run setup' : 'correct VIDEOPUSH_SUPERVISOR, or unset it',
  );
}

/** The demo's footage, or null when the set-up could not get it: use the test pattern then. */
export function demoClip(): string | null {
  const clip = join(setUpFolder(`demo-clip-${CLIP_VERSION}`), 'bigbuckbunny.mp4');
  return existsSync(clip) ? clip : null;
}
