/**
 * `npm test [-- --stage NAME]… [FILTER…]`: sets up what the tests need, runs the stages one after
 * the other and closes with `N passed, N failed`. `--no-setup` leaves the set-up out; `--shard 1/2` takes the
 * first of two parts of the test files.
 */
import { parseArgs } from 'node:util';
import { setUp } from '../setup/run-setup.mjs';
import { closingLine, counts, sum } from './counts.mjs';
import { exitCode, runStage, stopOnSignals, stoppedBy } from './runner.mjs';
import { allStages } from './stages.mjs';

/** CI ends a run after 90 minutes without a word; ours then still prints its closing line. */
const CI_LIMIT_MS = 86 * 60_000;

const started = performance.now();
/** @type {{ stage: string, seconds: number, counts: import('./counts.mjs').Counts }[]} */
const results = [];

/** Prints what happened, the closing line last, and sets the exit code. */
function close() {
  const total = sum(results.map((result) => result.counts));
  console.log('');
  for (const { stage, seconds, counts: one } of results) {
    console.log(`${stage.padEnd(14)}${closingLine(one).padEnd(40)}${seconds.toFixed(0)} s`);
  }
  for (const skip of total.skips) console.log(`skipped: ${skip.name} (${skip.reason})`);
  for (const failure of total.failures) console.log(`failed: ${failure}`);
  console.log(closingLine(total));
  process.exitCode = exitCode(total.failed === 0);
}

/** @param {string} stage @param {string} failure */
function record(stage, failure) {
  results.push({ stage, seconds: 0, counts: counts({ failed: 1, failures: [`${stage}: ${failure}`] }) });
}

/** @param {string[]} names @param {string[]} filters @param {string | undefined} shard */
function chosenStages(names, filters, shard) {
  const stages = allStages(filters, shard);
  const unknown = names.find((name) => !stages.some((stage) => stage.name === name));
  if (unknown !== undefined) {
    record(
      unknown,
      `this stage does not exist; the stages are ${stages.map((stage) => stage.name).join(', ')}`,
    );
    return [];
  }
  return names.length === 0 ? stages : stages.filter((stage) => names.includes(stage.name));
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      stage: { type: 'string', multiple: true, default: [] },
      'no-setup': { type: 'boolean', default: false },
      shard: { type: 'string' },
    },
  });
  const stages = chosenStages(values.stage, positionals, values.shard);
  if (stages.length === 0) return;
  if (!values['no-setup'] && (await setUp('test')) !== 0) {
    record('setup', 'it did not end well; the cause stands above');
    return;
  }
  const deadline = process.env.CI ? started + CI_LIMIT_MS : Number.POSITIVE_INFINITY;
  for (const stage of stages) {
    const since = performance.now();
    console.log(`\n=== ${stage.name}`);
    const found = await runStage(stage, deadline);
    results.push({ stage: stage.name, seconds: (performance.now() - since) / 1000, counts: found });
    const signal = stoppedBy();
    if (signal) {
      console.log(`Stopped by ${signal}; the stages after ${stage.name} did not run.`);
      if (found.failed === 0) record('the rest', `stopped by ${signal}`);
      return;
    }
  }
}

stopOnSignals();
try {
  await main();
} catch (error) {
  record('test runner', error instanceof Error ? error.message : String(error));
}
close();
