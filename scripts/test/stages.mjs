/** The stages of `npm test` in their order: what each runs, how long it may take, where its report is. */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeBinary, repoRoot } from '../paths.mjs';
import { nativeBuild, nativeProgram } from '../setup/native-build.mjs';
import { fromJson, fromJunit } from './counts.mjs';

/**
 * @typedef {{ file: string, args: string[], env?: NodeJS.ProcessEnv }} Command
 * @typedef {object} Stage
 * @property {string} name
 * @property {number} limitMs
 * @property {string} report                                     absolute path
 * @property {(text: string) => import('./counts.mjs').Counts} read
 * @property {Command[]} commands  run one after the other while they end well
 */

const MINUTE = 60_000;

/** Where reports go: emptied before each run. */
export const reportFolder = join(repoRoot, 'test-results');

/**
 * ThreadSanitizer of g++ 12 can't map its memory where the kernel randomises addresses by more than
 * 28 bits; there its programs run without that randomisation.
 * @returns {string[]}
 */
function fixedAddresses() {
  const setting = '/proc/sys/vm/mmap_rnd_bits';
  const bits = existsSync(setting) ? Number(readFileSync(setting, 'utf8')) : 0;
  return bits > 28 ? ['setarch', '-R'] : [];
}

/**
 * @param {'unit' | 'asan' | 'tsan'} preset  of native/CMakePresets.json
 * @param {number} minutes
 * @returns {Stage}
 */
export function nativeStage(preset, minutes) {
  const program = nativeProgram(preset, 'unit_tests');
  const report = join(dirname(program), 'doctest.xml');
  const before = preset === 'tsan' ? fixedAddresses() : [];
  const [file = '', ...args] = [...before, program, '-r=junit', `-o=${report}`];
  return {
    name: preset === 'unit' ? 'native' : `native-${preset}`,
    limitMs: minutes * MINUTE,
    report,
    read: fromJunit,
    commands: [...nativeBuild(preset), { file, args }],
  };
}

/**
 * @param {'unit' | 'integration' | 'faults' | 'timing' | 'e2e' | 'long'} project  of vitest.config.ts
 * @param {number} minutes
 * @param {readonly string[]} filters  of file names
 * @param {string} [shard]  `1/2`: the first of two parts of the files; default: all of them
 * @returns {Stage}
 */
export function vitestStage(project, minutes, filters, shard) {
  const report = join(reportFolder, `${project}.json`);
  const vitest = join(repoRoot, 'node_modules', 'vitest', 'vitest.mjs');
  const ours = join(repoRoot, 'scripts', 'test', 'vitest-reporter.mjs');
  const args = [vitest, 'run', '--project', project, '--reporter', 'default', '--reporter', ours];
  // Here a file's timing, or its operator, would be disturbed by another file beside it.
  if (['timing', 'e2e', 'long'].includes(project)) args.push('--no-file-parallelism');
  // Unit tests wait for nothing but the CPU, and vitest alone would leave one core idle.
  if (project === 'unit') args.push(`--max-workers=${availableParallelism()}`);
  if (shard !== undefined) args.push(`--shard=${shard}`);
  return {
    name: project,
    limitMs: minutes * MINUTE,
    report,
    read: fromJson,
    commands: [{ file: nodeBinary(), args: [...args, ...filters], env: { VIDEOPUSH_REPORT: report } }],
  };
}

/**
 * @param {readonly string[]} [filters]  of file names, for the stages that vitest runs
 * @param {string} [shard]  the part of these stages' files
 * @returns {Stage[]}
 */
export function allStages(filters = [], shard) {
  const lintReport = join(reportFolder, 'lint.json');
  return [
    {
      name: 'lint',
      limitMs: 15 * MINUTE,
      report: lintReport,
      read: fromJson,
      commands: [
        {
          file: nodeBinary(),
          args: [join(repoRoot, 'scripts', 'lint', 'main.mjs')],
          env: { VIDEOPUSH_REPORT: lintReport },
        },
      ],
    },
    nativeStage('unit', 15),
    nativeStage('asan', 20),
    nativeStage('tsan', 25),
    vitestStage('unit', 10, filters, shard),
    vitestStage('integration', 25, filters, shard),
    vitestStage('faults', 25, filters, shard),
    vitestStage('timing', 30, filters, shard),
    vitestStage('e2e', 45, filters, shard),
  ];
}
