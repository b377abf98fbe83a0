/**
 * clang-tidy over native/src. It takes seconds for each file, so a file is read again only when the answer
 * can differ: when its preprocessed text, its flags, the checks, a NOLINT or clang-tidy itself changed.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { start } from '../child.mjs';
import { cacheDir, repoRoot, sourceFiles } from '../paths.mjs';
import { nativeBuild, nativeFolder, nativeProgram } from '../setup/native-build.mjs';
import { tidier, tidierProgram } from '../setup/pypi.mjs';

/**
 * An entry of compile_commands.json.
 * @typedef {{ directory: string, command: string, file: string }} Unit
 */

/**
 * @typedef {object} Sources
 * @property {string} folder  holds `.clang-tidy` and `src`
 * @property {string} build   holds compile_commands.json
 * @property {string} marks   holds an empty file for each unit that was found clean; shared by all checkouts
 */

const FILE_LIMIT_MS = 5 * 60_000;
const MARKS_KEPT_MS = 30 * 86_400_000;

/**
 * Runs a program to its end.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<{ output: string, trouble: string | null }>} trouble: where it failed, all that is known
 */
async function collect(file, args, options) {
  const { child, ended } = start(file, args, {
    ...options,
    timeout: FILE_LIMIT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const reading = Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const { code, signal, error } = await ended;
  if (error) return { output: '', trouble: `${file} could not be started: ${error.message}` };
  const [output, complaints] = await reading;
  const ending = signal ? `${file} was ended by ${signal}` : `${file} ended with ${code}`;
  return { output, trouble: code === 0 ? null : `${output}\n${complaints}\n${ending}` };
}

/** @param {import('node:stream').Readable | null} stream @returns {Promise<string>} */
const textOf = async (stream) => (stream ? text(stream) : '');

/**
 * @template Item, Result
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Result>} work  on as many items at a time as there are cores
 * @returns {Promise<Result[]>} in the items' order
 */
async function onAllCores(items, work) {
  /** @type {Result[]} */
  const results = [];
  const entries = items.entries();
  const worker = async () => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

/**
 * What the findings in every file depend on. Preprocessing removes comments, and NOLINT is one.
 * @param {string} folder
 * @returns {string}
 */
function commonKey(folder) {
  const lines = sourceFiles(join(folder, 'src')).flatMap((name) =>
    readFileSync(join(folder, 'src', name), 'utf8').split('\n'),
  );
  const exceptions = lines.filter((line) => line.includes('NOLINT'));
  const checks = readFileSync(join(folder, '.clang-tidy'), 'utf8').replaceAll(/^ *#.*\n/gm, '');
  return [tidier.target, checks, ...exceptions].join('\0');
}

/**
 * @param {Unit} unit
 * @param {string} common
 * @returns {Promise<string | null>} name of the mark of a clean unit; null when the compiler refuses it
 */
async function markOf({ directory, command }, common) {
  const flags = command.replace(/ -o \S+/, '');
  // Macros are kept, because checks judge their definitions, too.
  const { output, trouble } = await collect('sh', ['-c', `${flags} -E -P -dD`], { cwd: directory });
  if (trouble !== null) return null;
  const hash = createHash('sha256').update(common).update(flags.replaceAll(repoRoot, '')).update(output);
  return hash.digest('hex');
}

/** Removes the marks that no checkout has used for a month. @param {string} folder */
function forgetOld(folder) {
  const oldest = Date.now() - MARKS_KEPT_MS;
  for (const name of readdirSync(folder)) {
    const used = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (used < oldest) rmSync(join(folder, name), { force: true });
  }
}

/**
 * @param {string} trouble  what a failed clang-tidy printed
 * @returns {string[]} `file:line:column: error: … [check]`; everything where nothing looks like that
 */
function findings(trouble) {
  const lines = trouble.replaceAll(`${repoRoot}/`, '').replaceAll(',-warnings-as-errors]', ']').split('\n');
  const found = lines.filter((line) => /^\S+:\d+:\d+: error: /.test(line));
  return found.length > 0 ? found : lines.filter((line) => line.trim() !== '');
}

/**
 * @param {Sources} sources
 * @param {(line: string) => void} say  told how many files are read, when there are any
 * @returns {Promise<string[]>} a line for each finding
 */
export async function untidy({ folder, build, marks }, say) {
  mkdirSync(marks, { recursive: true });
  const common = commonKey(folder);
  /** @type {Unit[]} */
  const commands = JSON.parse(readFileSync(join(build, 'compile_commands.json'), 'utf8'));
  const units = commands.filter(({ file }) => file.startsWith(join(folder, 'src/')));
  const marked = await onAllCores(units, async (unit) => {
    const name = await markOf(unit, common);
    return { unit, mark: name && join(marks, name) };
  });
  const isClean = (/** @type {string | null} */ mark) => mark !== null && existsSync(mark);
  const now = new Date();
  for (const { mark } of marked) if (mark && isClean(mark)) utimesSync(mark, now, now);
  const stale = marked.filter(({ mark }) => !isClean(mark));
  if (stale.length > 0) say(`clang-tidy reads ${stale.length} of ${units.length} files`);
  const found = await onAllCores(stale, async ({ unit, mark }) => {
    const { trouble } = await collect(tidierProgram, ['-p', build, '--quiet', unit.file], { cwd: folder });
    if (trouble === null && mark) writeFileSync(mark, '');
    return trouble === null ? [] : findings(trouble);
  });
  forgetOld(marks);
  // What is found in a header is found again in every file that includes it.
  return [...new Set(found.flat())];
}

/** @returns {Promise<string[]>} a line for each finding in native/src */
export async function untidyNative() {
  if (!existsSync(tidierProgram)) return ['clang-tidy is missing: `npm run setup -- --for test` fetches it'];
  // Configured again each time, because CMake lists the files.
  const [{ file, args, env }] = nativeBuild('release');
  const { trouble } = await collect(file, args, { env });
  if (trouble !== null) return ['CMake could not configure native/:', ...trouble.split('\n')];
  const build = nativeProgram('release', '');
  return untidy({ folder: nativeFolder, build, marks: join(cacheDir(), 'clang-tidy-clean') }, console.log);
}
