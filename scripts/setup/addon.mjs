/**
 * The native addon and the supervisor: built by CMake against FFmpeg's
 * libraries, only when something changed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot, sourceFiles } from '../paths.mjs';
import { ask, run } from './command.mjs';
import { nativeBuild, nativeBuildFolder, nativeFolder, nativeProgram } from './native-build.mjs';

const STAMP = join(nativeBuildFolder, 'videopush-stamp.json');
const LIBRARIES = ['libavcodec', 'libavfilter', 'libavformat', 'libavutil', 'libswscale', 'libcurl', 'srt'];
const MADE = ['videopush_native.node', 'videopush-supervisor'];

/**
 * Hashes over what the addon is made from: `surroundings` asks for a build from nothing when it
 * changes, `sources` for a build of what changed.
 * @typedef {{ surroundings: string, sources: string }} Fingerprint
 */

/** @param {readonly string[]} parts @returns {string} */
const digest = (parts) => createHash('sha256').update(parts.join('\0')).digest('hex');

/** @returns {Promise<Fingerprint>} */
async function fingerprint() {
  const [compiler, libraries] = await Promise.all([
    ask('c++', ['-dumpfullversion']),
    ask('pkg-config', ['--modversion', ...LIBRARIES]),
  ]);
  /** @param {string} name */
  const text = (name) => (existsSync(name) ? readFileSync(name, 'utf8') : '');
  /** @param {string} name */
  const version = (name) => text(join(repoRoot, 'node_modules', name, 'package.json'));
  const surroundings = digest([
    'cmake',
    compiler ?? '',
    libraries ?? '',
    version('node-addon-api'),
    version('node-api-headers'),
  ]);
  const files = sourceFiles(join(nativeFolder, 'src')).map((name) => join('src', name));
  const sources = ['CMakeLists.txt', 'CMakePresets.json', ...files];
  return { surroundings, sources: digest(sources.flatMap((name) => [name, text(join(nativeFolder, name))])) };
}

/** @returns {Fingerprint | null} what the build was made from; `sources` is empty while it is not whole */
function built() {
  return existsSync(STAMP) ? JSON.parse(readFileSync(STAMP, 'utf8')) : null;
}

/** @returns {Promise<boolean>} */
export async function addonCurrent() {
  const [before, now] = [built(), await fingerprint()];
  const made = MADE.every((name) => existsSync(nativeProgram('release', name)));
  return made && before?.surroundings === now.surroundings && before.sources === now.sources;
}

/**
 * @returns {Promise<void>}
 * @throws {import('./command.mjs').SetupError}
 */
export async function buildAddon() {
  const now = await fingerprint();
  /** @param {string} sources */
  const stamp = (sources) => writeFileSync(STAMP, JSON.stringify({ ...now, sources }));
  // The builds of the tests were made with the old compiler or libraries as well.
  if (built()?.surroundings !== now.surroundings) rmSync(nativeBuildFolder, { recursive: true, force: true });
  const [configure, build] = nativeBuild('release');
  await cmake(configure);
  // What a failed build has compiled need not be compiled again.
  stamp('');
  await cmake(build);
  stamp(now.sources);
}

/** @param {import('./native-build.mjs').CMake} command */
async function cmake({ file, args, env }) {
  await run(file, args, {
    what: 'the native addon could not be built',
    todo: 'if it is a compiler error in native/src, fix it; otherwise `rm -rf native/build` and run the same command again',
    log: 'addon',
    limitMs: 20 * 60_000,
    env,
  });
}
