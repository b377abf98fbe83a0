/**
 * MediaMTX, built from its Go module at the version and sum that tools/mediamtx pins. The module
 * lacks files that its own build generates; they are added to a copy of it, whose own go.sum then
 * pins everything else.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mediamtxPin, mediamtxTarget, repoRoot } from '../paths.mjs';
import { ask, run, SetupError } from './command.mjs';
import { fetchModule, goEnvironment } from './go-module.mjs';

const ADVICE =
  'check that the Go module proxy can be reached (`go env GOPROXY`) and that some 3 GB of disk are free,\nthen run the same command again';

/** @returns {boolean} */
export function mediamtxCurrent() {
  return existsSync(mediamtxTarget());
}

/**
 * @param {string} source  a writable copy of the module
 * @param {string} version with its leading `v`
 */
function addGeneratedFiles(source, version) {
  writeFileSync(join(source, 'internal', 'core', 'VERSION'), version);
  const player = join(repoRoot, 'node_modules', 'hls.js', 'dist', 'hls.min.js');
  copyFileSync(player, join(source, 'internal', 'servers', 'hls', 'hls.min.js'));
  if (process.arch !== 'arm64') return;
  // Embedded on ARM only: a Raspberry Pi camera helper, of which any file will do.
  for (const bits of ['32', '64']) {
    const folder = join(source, 'internal', 'staticsources', 'rpicamera', `mtxrpicam_${bits}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'absent'), '');
  }
}

/**
 * @returns {Promise<void>}
 * @throws {SetupError}
 */
export async function buildMediamtx() {
  const { version } = mediamtxPin();
  const target = mediamtxTarget();
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'videopush-mediamtx-'));
  try {
    const module = await fetchModule('mediamtx', work);
    const source = join(work, 'source');
    const common = { what: `MediaMTX ${version} could not be built`, todo: ADVICE, limitMs: 30 * 60_000 };
    await run('cp', ['-r', '--no-preserve=mode', module, source], { ...common, log: 'mediamtx-copy' });
    addGeneratedFiles(source, version);
    // Built beside its place and renamed, so that half a program is never taken for a whole one.
    const made = `${target}.${process.pid}`;
    const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', made, '.'];
    await run('go', args, { ...common, log: 'mediamtx-build', cwd: source, env: goEnvironment(work) });
    const answer = await ask(made, ['--version']);
    if (answer !== version) {
      rmSync(made, { force: true });
      throw new SetupError(common.what, { cause: `the program says it is ${answer}`, todo: ADVICE });
    }
    renameSync(made, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
