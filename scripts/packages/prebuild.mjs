/**
 * The addon as the checkout built it, laid beside the sources of the package for
 * machines with the same FFmpeg.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../paths.mjs';
import { addonCurrent, buildAddon } from '../setup/addon.mjs';
import { ask, run, SetupError } from '../setup/command.mjs';

const native = join(repoRoot, 'native');
const FILES = ['videopush_native.node', 'videopush-supervisor'];

/**
 * Lays the addon out in `native/prebuilds/linux-x64/libavcodec-59/`, built first when it is not current.
 * @returns {Promise<void>}
 * @throws {SetupError}
 */
export async function layOutPrebuild() {
  if (!(await addonCurrent())) await buildAddon();
  const version = await ask('pkg-config', ['--modversion', 'libavcodec']);
  const major = version?.split('.')[0];
  if (!major) {
    throw new SetupError('the version of FFmpeg is unknown', {
      cause: 'pkg-config does not know libavcodec',
      todo: 'npm run setup',
    });
  }
  const prebuilds = join(native, 'prebuilds');
  const folder = join(prebuilds, `${process.platform}-${process.arch}`, `libavcodec-${major}`);
  rmSync(prebuilds, { recursive: true, force: true });
  for (const name of FILES) {
    cpSync(join(native, 'build', 'Release', name), join(folder, name));
    await run('strip', ['--strip-unneeded', join(folder, name)], {
      what: `${name} could not be stripped of its symbols`,
      todo: 'install binutils (`npm run setup` does)',
      log: 'strip',
      limitMs: 60_000,
    });
  }
}
