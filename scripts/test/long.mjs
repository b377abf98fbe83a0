/**
 * `npm run test:long [-- NAME…]`: the long suite, one scenario after the other. What passed on the same state
 * of the checkout is not run again without `--again`; pages count only for a scenario that reads them;
 * `--seed N` repeats a run; `--list` shows the scenarios.
 */
import { parseArgs } from 'node:util';
import { repoRoot } from '../paths.mjs';
import { setUp } from '../setup/run-setup.mjs';
import { closingTable, keep, keyOf, lastReport, stillTrue, treeHash } from './reports.mjs';
import { exitCode, runStage, stopOnSignals, stoppedBy } from './runner.mjs';
import { allScenarios, chosen, longFolder } from './scenarios.mjs';

/** @typedef {import('./reports.mjs').Report} Report @typedef {import('./scenarios.mjs').Scenario} Scenario */

/** @param {string | undefined} text @returns {number} @throws {Error} */
function seedOf(text) {
  if (text === undefined) return Math.floor(Math.random() * 2 ** 31);
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 31) {
    throw new Error(`--seed must be a whole number from 0 to ${2 ** 31 - 1}, not ${text}`);
  }
  return Number(text);
}

/**
 * @param {Scenario} scenario
 * @param {number} seed
 * @param {string | null} tree
 * @returns {Promise<Report>}
 */
async function run(scenario, seed, tree) {
  console.log(
    `\n=== ${scenario.name}: ${scenario.what} (seed ${seed}, at most ${scenario.limitMs / 60_000} minutes)`,
  );
  const since = performance.now();
  const env = { VIDEOPUSH_TEST_FULL: '1', VIDEOPUSH_TEST_SEED: String(seed) };
  const commands = scenario.commands.map((command) => ({ ...command, env: { ...command.env, ...env } }));
  const counts = await runStage({ ...scenario, commands }, Number.POSITIVE_INFINITY);
  /** @type {Report} */
  const report = {
    name: scenario.name,
    tree,
    result: stoppedBy() ? 'stopped' : counts.failed > 0 ? 'failed' : 'passed',
    minutes: (performance.now() - since) / 60_000,
    seed,
    at: new Date().toISOString(),
    counts,
  };
  keep(longFolder, report);
  return report;
}

/** @param {readonly (Report & { again: boolean })[]} reports */
function close(reports) {
  console.log(`\n${closingTable(reports)}`);
  for (const { name, counts } of reports) {
    for (const skip of counts.skips) console.log(`skipped: ${name}: ${skip.name} (${skip.reason})`);
    for (const failure of counts.failures) console.log(`failed: ${name}: ${failure}`);
  }
  console.log(`reports: ${longFolder}`);
  process.exitCode = exitCode(reports.every(({ result }) => result === 'passed'));
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string' },
      again: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      'no-setup': { type: 'boolean', default: false },
    },
  });
  const scenarios = chosen(positionals, allScenarios());
  if (values.list) {
    for (const { name, what } of scenarios) console.log(`${name.padEnd(24)}${what}`);
    return;
  }
  const seed = seedOf(values.seed);
  if (!values['no-setup'] && (await setUp('test')) !== 0) {
    process.exitCode = 1;
    return;
  }
  const trees = { all: treeHash(repoRoot), programs: treeHash(repoRoot, { pages: false }) };
  const reports = [];
  for (const scenario of scenarios) {
    const tree = keyOf(scenario, scenario.pages ? trees.all : trees.programs);
    const before = lastReport(longFolder, scenario.name);
    if (before !== null && stillTrue(before, tree) && !values.again) {
      console.log(
        `\n=== ${scenario.name}: passed on this state of the checkout at ${before.at}; --again repeats it`,
      );
      reports.push({ ...before, again: false });
      continue;
    }
    reports.push({ ...(await run(scenario, seed, tree)), again: true });
    if (stoppedBy()) break;
  }
  close(reports);
}

stopOnSignals();
try {
  await main();
} catch (error) {
  console.error(`test:long: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
