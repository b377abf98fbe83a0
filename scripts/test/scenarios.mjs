/** The scenarios of `npm run test:long`: what takes too long for `npm test`, each at most 20 minutes. */
import { join } from 'node:path';
import { repoRoot } from '../paths.mjs';
import { oldCommit } from './old-commit.mjs';
import { nativeStage, vitestStage } from './stages.mjs';

/**
 * @typedef {import('./stages.mjs').Stage & { what: string, pages?: boolean, from?: () => string }} Scenario
 *   `what`: one line for `--list`; `pages`: whether it reads the manual, so that a change of a page is a
 *   reason to run it again; `from`: which older commit it depends on beside the checkout
 */

/** The longest that a scenario may take, in minutes. */
const LONGEST = 20;

/** Where the reports are kept: of each scenario its last one. */
export const longFolder = join(repoRoot, 'test-results', 'long');

/**
 * Repetitions of `npm test` in full (test/support/repetitions.ts), or what belongs to the long suite alone.
 * @param {string} name
 * @param {string} what
 * @param {'unit' | 'faults' | 'timing' | 'long'} project
 * @param {readonly string[]} files  words in the names of the test files
 * @param {Record<string, string>} [env]
 * @returns {Scenario}
 */
function vitest(name, what, project, files, env) {
  const stage = vitestStage(project, LONGEST, files);
  // Not the report of the gate's stage, which may run meanwhile.
  const report = join(longFolder, 'counts', `${name}.json`);
  const commands = stage.commands.map((one) => ({
    ...one,
    env: { ...one.env, ...env, VIDEOPUSH_REPORT: report },
  }));
  return { ...stage, name, what, report, commands };
}

/** @returns {Scenario} */
function native() {
  const stage = nativeStage('asan', LONGEST);
  return { ...stage, name: 'full-native', what: 'the C++ core under AddressSanitizer, random tests in full' };
}

/** The stages that a bare Debian 13 runs; a Debian 12 also runs e2e. */
const BARE_STAGES = [
  'lint',
  'native',
  'native-asan',
  'native-tsan',
  'unit',
  'integration',
  'faults',
  'timing',
];

/** The stages that check pages or run the commands that pages print. */
const READ_PAGES = ['lint', 'unit', 'integration', 'e2e'];

/** Into how many scenarios the test files of a stage are dealt that takes nearly as long as one may. */
const PARTS = new Map([
  ['integration', 2],
  ['e2e', 2],
]);

/**
 * @param {string} stage  of `npm test`
 * @returns {{ part: string, command: string, pages: boolean }[]} more than one when its files are dealt out
 */
function partsOf(stage) {
  const parts = PARTS.get(stage) ?? 1;
  const command = `npm test -- --stage ${stage}`;
  const pages = READ_PAGES.includes(stage);
  if (parts === 1) return [{ part: stage, command, pages }];
  return Array.from({ length: parts }, (_, at) => ({
    part: `${stage}-${at + 1}`,
    command: `${command} --shard ${at + 1}/${parts}`,
    pages,
  }));
}

/**
 * A Debian with nothing but its base system, Node and Go: the demo, the set-up for tests, then each stage.
 * @param {12 | 13} version
 * @returns {Scenario[]}
 */
function bare(version) {
  const stages = version === 12 ? [...BARE_STAGES, 'e2e'] : BARE_STAGES;
  const all = [
    { part: 'demo', command: 'npm run demo', pages: false },
    { part: 'setup', command: 'npm run setup -- --for test', pages: false },
    ...stages.flatMap(partsOf),
  ];
  return all.map(({ part, command, pages }) => ({
    ...vitest(`debian-${version}-${part}`, `a bare Debian ${version}: \`${command}\``, 'long', ['debian'], {
      VIDEOPUSH_DEBIAN: String(version),
      VIDEOPUSH_DEBIAN_COMMAND: command,
    }),
    pages,
  }));
}

/** @returns {Scenario[]} in the order in which they run */
export function allScenarios() {
  return [
    native(),
    vitest('full-properties', 'invariants of the TypeScript parts, random tests in full', 'unit', [
      ...['invariants', 'reflector', 'wire', 'sizes', 'native/lib/process'],
    ]),
    vitest('full-mutations', '2,000 damaged files under AddressSanitizer', 'faults', ['mutated-files']),
    vitest('full-kills', '160 kills of the processes of four pushes', 'timing', ['kills']),
    vitest('full-queue-kills', '120 kills of the ends of each frame queue', 'faults', ['queue-kills']),
    vitest('full-deliveries', '128 kills and freezes of the servers of 64 pushes', 'faults', [
      'random-outages',
    ]),
    vitest('soak', 'a push of 10 minutes: memory, threads and pacing stay as they are', 'long', ['soak']),
    vitest('zoo', 'every source of the zoo beside `ffmpeg -re`; writes docs/zoo.md', 'long', ['zoo']),
    vitest('server-outage', 'a media server that is away for minutes', 'long', ['server-outage']),
    vitest('nats-outage', 'NATS that is away for minutes', 'long', ['nats-outage']),
    vitest('two-nodes', 'a cluster of two nodes, of which one is drained and then dies', 'long', [
      'two-nodes',
    ]),
    {
      ...vitest('old-version', "an upgrade from an older version's chart while streams run", 'long', [
        'old-version',
      ]),
      from: oldCommit,
    },
    vitest('packages', 'the packages without a prebuilt addon: compiled on installation', 'long', [
      'packages',
    ]),
    ...bare(12),
    ...bare(13),
  ];
}

/**
 * @param {readonly string[]} names  each a scenario, or the beginning of several up to a hyphen: `debian-12`
 * @param {readonly Scenario[]} scenarios
 * @returns {Scenario[]} in the scenarios' order; all without names
 * @throws {Error} which name is unknown
 */
export function chosen(names, scenarios) {
  /** @param {string} name @param {Scenario} scenario */
  const meant = (name, scenario) =>
    scenario.name === name ||
    (scenario.name.startsWith(`${name}-`) && !scenarios.some((other) => other.name === name));
  const unknown = names.find((name) => !scenarios.some((scenario) => meant(name, scenario)));
  if (unknown !== undefined) {
    throw new Error(`scenario ${unknown} does not exist; \`npm run test:long -- --list\` shows all`);
  }
  if (names.length === 0) return [...scenarios];
  return scenarios.filter((scenario) => names.some((name) => meant(name, scenario)));
}
