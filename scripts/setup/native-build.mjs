/**
 * The CMake build of native/, for the set-up, the stages and the benches: what
 * runs it, and where programs land.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runSync } from '../child.mjs';
import { childEnvironment, repoRoot } from '../paths.mjs';

export const nativeFolder = join(repoRoot, 'native');

/** Every preset's folder of its own below this one. */
export const nativeBuildFolder = join(nativeFolder, 'build');

/**
 * By the names in native/CMakePresets.json.
 * @typedef {'release' | 'unit' | 'bench' | 'asan' | 'tsan' | 'fuzz'} Preset
 */

/** @typedef {{ file: string, args: string[], env: NodeJS.ProcessEnv }} CMake */

/** @type {Record<Preset, string>} */
const FOLDERS = {
  release: 'Release',
  unit: 'Release',
  bench: 'Release',
  asan: 'asan',
  tsan: 'tsan',
  fuzz: 'asan',
};

/**
 * Where a program of the native build is, built or not.
 * @param {Preset} preset
 * @param {string} name
 * @returns {string} absolute path
 */
export function nativeProgram(preset, name) {
  return join(nativeBuildFolder, FOLDERS[preset], name);
}

/**
 * The commands that configure and build what a preset names, on all cores. A build that exists already is
 * brought up to date. CMake itself takes make unless Ninja is named, and keeps to what a folder began with.
 * @param {Preset} preset
 * @returns {[configure: CMake, build: CMake]}
 */
export function nativeBuild(preset) {
  const ninja = runSync('ninja', ['--version'], { stdio: 'ignore' }).code === 0;
  const env = childEnvironment(ninja ? { CMAKE_GENERATOR: 'Ninja' } : {});
  /** @param {string[]} args */
  const cmake = (...args) => ({ file: 'cmake', args: ['-E', 'chdir', nativeFolder, 'cmake', ...args], env });
  return [
    cmake('--preset', preset),
    cmake('--build', '--preset', preset, '--parallel', String(availableParallelism())),
  ];
}
