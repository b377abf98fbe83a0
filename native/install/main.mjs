/**
 * npm's install step: leaves an addon in build/Release/ that loads on this machine. It takes a prebuilt
 * one whose FFmpeg is this machine's, else compiles the sources, else says which packages are missing.
 * Plain JavaScript for any Node that npm runs on. In a checkout the set-up builds the addon instead.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingRequirements, requirementsSentence } from './requirements.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const release = join(root, 'build', 'Release');

/** How long the compilation may take on a slow machine, in milliseconds. */
const BUILD_LIMIT = 30 * 60_000;

/**
 * Whether the addon of a folder loads: in a process of its own, since one that was made for another
 * FFmpeg may end the process that tries it.
 * @param {string} folder
 */
function loads(folder) {
  const file = join(folder, 'videopush_native.node');
  if (!existsSync(file)) return false;
  const program = 'process.dlopen({ exports: {} }, process.argv[1])';
  return spawnSync(process.execPath, ['-e', program, file], { timeout: 60_000 }).status === 0;
}

/** Takes the first prebuilt addon that loads. @returns {boolean} */
function takePrebuilt() {
  const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  if (!existsSync(folder)) return false;
  const found = readdirSync(folder)
    .map((name) => join(folder, name))
    .find(loads);
  if (found === undefined) return false;
  rmSync(release, { recursive: true, force: true });
  cpSync(found, release, { recursive: true });
  return true;
}

/** @param {string} program @param {readonly string[]} args @param {number} [limit] milliseconds */
function succeeds(program, args, limit = 30_000) {
  const stdio = limit === BUILD_LIMIT ? 'inherit' : 'ignore';
  return spawnSync(program, args, { cwd: root, stdio, timeout: limit }).status === 0;
}

/** Compiles the sources. @returns {string | null} what stopped it, one sentence */
function compile() {
  const missing = missingRequirements((program, args) => succeeds(program, args));
  if (missing.length > 0) return requirementsSentence(missing);
  // Without a number, make starts a compiler for every file at once and takes all memory.
  const jobs = String(availableParallelism());
  const done =
    succeeds('cmake', ['-S', '.', '-B', release, '-DCMAKE_BUILD_TYPE=Release'], BUILD_LIMIT) &&
    succeeds('cmake', ['--build', release, '--parallel', jobs], BUILD_LIMIT);
  return done && loads(release)
    ? null
    : 'The native addon could not be compiled; the compiler says why above.';
}

if (!existsSync(join(root, '..', 'scripts', 'setup')) && !loads(release) && !takePrebuilt()) {
  const problem = compile();
  if (problem !== null) {
    console.error(`@videopush/native: ${problem}`);
    process.exitCode = 1;
  }
}
