/** The native addon: built by node-gyp against FFmpeg's libraries, anew only when something changed. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { childEnvironment, nodeBinary, nodePackage, repoRoot, sourceFiles } from '../paths.mjs';
import { ask, run } from './command.mjs';

const native = join(repoRoot, 'native');
const STAMP = join(native, 'build', 'videopush-stamp.json');
const LIBRARIES = ['libavcodec', 'libavfilter', 'libavformat', 'libavutil', 'libswscale', 'libcurl'];

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
    ask('g++', ['-dumpfullversion']),
    ask('pkg-config', ['--modversion', ...LIBRARIES]),
  ]);
  /** @param {string} name */
  const text = (name) => (existsSync(name) ? readFileSync(name, 'utf8') : '');
  const surroundings = digest([
    compiler ?? '',
    libraries ?? '',
    text(join(nodePackage, 'package.json')),
    text(join(repoRoot, 'node_modules', 'node-addon-api', 'package.json')),
    text(join(native, 'binding.gyp')),
  ]);
  const sources = sourceFiles(join(native, 'src')).flatMap((name) => [name, text(join(native, 'src', name))]);
  return { surroundings, sources: digest(sources) };
}

/** @returns {Fingerprint | null} what native/build was made from; `sources` is empty while it is not whole */
function built() {
  return existsSync(STAMP) ? JSON.parse(readFileSync(STAMP, 'utf8')) : null;
}

/** @returns {boolean} */
function addonThere() {
  const release = join(native, 'build', 'Release');
  return existsSync(release) && readdirSync(release).some((name) => name.endsWith('.node'));
}

/** @returns {Promise<boolean>} */
export async function addonCurrent() {
  const [before, now] = [built(), await fingerprint()];
  return addonThere() && before?.surroundings === now.surroundings && before.sources === now.sources;
}

/** npm hands its settings down by environment, and there they would win over node-gyp's own options. */
function withoutNpmSettings() {
  const environment = childEnvironment();
  for (const name of Object.keys(environment)) {
    if (/^npm_(config|package_config)_/i.test(name)) delete environment[name];
  }
  return environment;
}

/**
 * @returns {Promise<void>}
 * @throws {import('./command.mjs').SetupError}
 */
export async function buildAddon() {
  const before = built();
  const now = await fingerprint();
  /** @param {string} sources */
  const stamp = (sources) => writeFileSync(STAMP, JSON.stringify({ ...now, sources }));
  if (before?.surroundings !== now.surroundings) await gyp('clean');
  await gyp('configure');
  // What a failed build has compiled need not be compiled again.
  stamp('');
  await gyp('build', ['--jobs', String(availableParallelism())]);
  stamp(now.sources);
}

/**
 * @param {'clean' | 'configure' | 'build'} verb
 * @param {readonly string[]} [more]
 */
async function gyp(verb, more = []) {
  const program = join(repoRoot, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const args = [program, verb, '--directory', native, '--nodedir', nodePackage, ...more];
  await run(nodeBinary(), args, {
    what: 'the native addon could not be built',
    todo: 'if it is a compiler error in native/src, mend it; otherwise `rm -rf native/build` and run the same command again',
    log: 'addon',
    limitMs: 20 * 60_000,
    env: withoutNpmSettings(),
  });
}
