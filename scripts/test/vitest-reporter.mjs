/** Writes what vitest ran as the counts that scripts/test/main.mjs reads, with the reason of every skip. */
import { writeFileSync } from 'node:fs';
import { counts } from './counts.mjs';

/** @param {ReadonlyArray<{ message?: string }> | undefined} errors @returns {string} */
const firstLine = (errors) => (errors?.[0]?.message ?? '').split('\n', 1).join('');

/**
 * @param {import('vitest/node').TestModule} module
 * @param {import('./counts.mjs').Counts} found  added to
 */
function countModule(module, found) {
  for (const test of module.children.allTests()) {
    const result = test.result();
    const name = `${module.relativeModuleId} > ${test.fullName}`;
    if (result.state === 'passed') found.passed += 1;
    else if (result.state === 'skipped') found.skips.push({ name, reason: result.note ?? 'no reason given' });
    else {
      found.failed += 1;
      found.failures.push(
        `${name}: ${result.state === 'failed' ? firstLine(result.errors) : 'it did not end'}`,
      );
    }
  }
  // Errors outside of any test: a file that can't be loaded, a hook that threw, a worker that died.
  const suites = [...module.children.allSuites()].flatMap((suite) => suite.errors());
  const outside = [...module.errors(), ...suites];
  const unfinished = !['passed', 'failed', 'skipped'].includes(module.state());
  if (outside.length > 0 || unfinished) {
    found.failed += 1;
    found.failures.push(
      `${module.relativeModuleId}: ${firstLine(outside) || 'the file did not run to its end'}`,
    );
  }
}

/** @typedef {import('vitest/node').Reporter} Reporter @implements {Reporter} */
export default class CountsReporter {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<{ message?: string }>} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    const found = counts();
    for (const module of modules) countModule(module, found);
    for (const error of unhandled) {
      found.failed += 1;
      found.failures.push(`outside of any test: ${firstLine([error])}`);
    }
    const file = process.env.VIDEOPUSH_REPORT;
    if (file) writeFileSync(file, JSON.stringify(found));
  }
}
