/**
 * Who starts child processes: one module of each kind of program, so that each says in one place how a
 * program is ended and how its end is read.
 */

const PRODUCT = 'cli/src/local/program.ts';
const SCRIPTS = 'scripts/child.mjs';
const TESTS = 'test/support/program.ts';

/** What runs before TypeScript does, in a package of its own, and the examples, which stand alone. */
const ALONE = /^(cli\/bin\/|native\/install\/|examples\/)/;

/** An import of more than types. */
const IMPORT = /^import (?!type\b)[^;]*from '(?:node:)?child_process'/m;

/** @param {string} file @returns {string} who starts processes for a file of that place */
function starterFor(file) {
  if (/\.(test|test-[^/]*)\.ts$/.test(file) || file.startsWith('test/')) return `${TESTS} does so for tests`;
  return file.startsWith('scripts/')
    ? `${SCRIPTS} does so for the scripts`
    : `${PRODUCT} does so for the product`;
}

/**
 * @param {readonly string[]} files  relative to the root
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each file that starts processes by itself
 */
export function otherStarters(files, text) {
  return files
    .filter((file) => /\.(ts|mjs|js)$/.test(file) && ![PRODUCT, SCRIPTS, TESTS].includes(file))
    .filter((file) => !ALONE.test(file) && IMPORT.test(text(file)))
    .map((file) => `${file} starts processes itself; ${starterFor(file)}`);
}
