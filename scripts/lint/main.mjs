/** `npm run lint`: every check of the sources, each counted as a test. Runs under Node 24. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { runSync } from '../child.mjs';
import { generatedOutdated } from '../generate/all.mjs';
import { PARITY } from '../generate/parity.mjs';
import { binFolder, childEnvironment, repoRoot, sourceFiles } from '../paths.mjs';
import { formatter } from '../setup/pypi.mjs';
import { counts } from '../test/counts.mjs';
import { otherStarters } from './child-processes.mjs';
import { untidyNative } from './clang-tidy.mjs';
import { differentCommands, unpairedPages } from './documents.mjs';
import { brokenArrows } from './layers.mjs';
import { deadLinks, namedFilesMissing, orphanPages } from './links.mjs';
import { parityProblems } from './parity.mjs';
import { strayServerKinds } from './server-kinds.mjs';
import { wrongTerms } from './terms.mjs';
import { forbiddenText, tooLong, wideComments } from './text.mjs';
import { otherVersions } from './version.mjs';

const files = sourceFiles();
/** @param {string} file */
const text = (file) => readFileSync(join(repoRoot, file), 'utf8');

/**
 * Runs a linter; its own output is what it found.
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {string[]}
 */
function tool(program, args) {
  const { code, stdout, stderr, error } = runSync(program, args, { cwd: repoRoot, env: childEnvironment() });
  if (error) return [`${program} could not be started: ${error.message}`];
  return code === 0 ? [] : `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
}

/** Shell scripts, by their first line. */
function shellScripts() {
  return files.filter(
    (file) => (file.endsWith('.sh') || !/\.[a-z0-9]+$/i.test(file)) && /^#!.*\b(ba)?sh\b/.test(text(file)),
  );
}

const cpp = files.filter((file) => /^native\/.*\.(cc|h)$/.test(file));

/** The formatter shows every place; the file's name is enough, since `npm run format` fixes it. */
function unformatted() {
  const places = tool(formatter.target, ['--dry-run', '--Werror', ...cpp]);
  const named = new Set(places.flatMap((line) => /^(native\/[^:]+):\d+:\d+: error: /.exec(line)?.[1] ?? []));
  return named.size > 0 ? [...named].map((file) => `${file}: \`npm run format\` fixes it`) : places;
}

const biomeArguments = ['ci', '--error-on-warnings', '--colors=off', '--reporter=summary', '.'];

/** @type {[string, () => string[] | Promise<string[]>][]} */
const checks = [
  ['Biome finds nothing to fix', () => tool(join(binFolder, 'biome'), biomeArguments)],
  // The compiler also finds imports of files that do not exist: Biome does not know the export condition
  // `videopush-source`, under which packages are their sources.
  ['the TypeScript type-checks', () => tool(join(binFolder, 'tsc'), ['--noEmit'])],
  [
    'no file and no export is dead',
    () => tool(join(binFolder, 'knip'), ['--no-progress', '--no-config-hints']),
  ],
  ['the C++ is formatted', unformatted],
  ['clang-tidy finds no defect in native/src', untidyNative],
  ['shellcheck finds nothing to fix', () => tool('shellcheck', shellScripts())],
  ['the C++ includes follow the arrows of docs/architecture.md', () => brokenArrows(files, text)],
  ['child processes are started by one module of each kind of program', () => otherStarters(files, text)],
  ['a kind of media server is known in its own folders alone', () => strayServerKinds(files, text)],
  ['generated files match their sources', () => generatedOutdated()],
  ['every page exists in English and in Chinese', () => unpairedPages(files)],
  ['no page has a dead link', () => deadLinks(files, text)],
  ['every page can be reached from its README', () => orphanPages(files, text)],
  ['every file that a page names exists', () => namedFilesMissing(files, text)],
  ['one idea has one word on pages, in comments, messages and tests', () => wrongTerms(files, text)],
  ['every test that docs/parity.yaml names exists', () => parityProblems(parse(text(PARITY)), files, text)],
  ['a page prints the same commands and samples in both languages', () => differentCommands(files, text)],
  ['the version is the same wherever it stands', () => otherVersions(files, text)],
  ['no C++ file is longer than 450 lines', () => tooLong(files, text)],
  ['no comment is wider than 110 columns', () => wideComments(files, text)],
  ['nothing is left unfinished, switched off or bound to one machine', () => forbiddenText(files, text)],
];

const found = counts();
for (const [name, check] of checks) {
  const problems = await check();
  if (problems.length === 0) found.passed += 1;
  else {
    found.failed += 1;
    found.failures.push(`lint: ${name}: ${problems.length} line${problems.length === 1 ? '' : 's'} above`);
  }
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  for (const problem of problems) console.log(`     ${problem}`);
}
const report = process.env.VIDEOPUSH_REPORT;
if (report) {
  mkdirSync(dirname(report), { recursive: true });
  writeFileSync(report, JSON.stringify(found));
}
process.exitCode = found.failed > 0 ? 1 : 0;
