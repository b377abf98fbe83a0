/** How many tests passed, failed and were skipped, read from the reports that the test runners write. */

/**
 * @typedef {{ name: string, reason: string }} Skip
 * @typedef {{ passed: number, failed: number, skips: Skip[], failures: string[] }} Counts
 *   `failures`: one line each, for the summary
 */

/** @param {Partial<Counts>} [some] @returns {Counts} */
export function counts(some = {}) {
  return { passed: 0, failed: 0, skips: [], failures: [], ...some };
}

/** @param {readonly Counts[]} all @returns {Counts} */
export function sum(all) {
  return counts({
    passed: all.reduce((total, one) => total + one.passed, 0),
    failed: all.reduce((total, one) => total + one.failed, 0),
    skips: all.flatMap((one) => one.skips),
    failures: all.flatMap((one) => one.failures),
  });
}

/**
 * The report of our own reporter for vitest and of the lint script.
 * @param {string} text  JSON of a Counts
 * @returns {Counts}
 * @throws {Error} when it is not such a report
 */
export function fromJson(text) {
  const report = JSON.parse(text);
  const whole = /** @param {unknown} n */ (n) => Number.isInteger(n) && Number(n) >= 0;
  if (!whole(report?.passed) || !whole(report.failed) || !Array.isArray(report.skips)) {
    throw new Error('it holds no counts');
  }
  return counts(report);
}

/** @type {Record<string, string>} */
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** @param {string} text @returns {string} */
function unescapeXml(text) {
  return text.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return ENTITIES[name] ?? whole;
  });
}

/**
 * The JUnit report that doctest writes with `-r=junit`.
 * @param {string} text
 * @returns {Counts}
 * @throws {Error} when the report is cut short or is none
 */
export function fromJunit(text) {
  if (!text.includes('<testsuites') || !text.includes('</testsuites>')) throw new Error('it is not whole');
  const found = counts();
  for (const [, attributes = '', body = ''] of text.matchAll(
    /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const name = unescapeXml(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? 'a test without a name');
    const problem = /<(?:failure|error)\b(?:[^>"]|"[^"]*")*>/.exec(body)?.[0];
    if (problem !== undefined) {
      found.failed += 1;
      const message = unescapeXml(/\bmessage="([^"]*)"/.exec(problem)?.[1] ?? '').trim();
      found.failures.push(message === '' ? name : `${name}: ${message}`);
    } else if (/<skipped\b/.test(body) || /\bstatus="skipped"/.test(attributes)) {
      found.skips.push({ name, reason: 'left out by doctest' });
    } else {
      found.passed += 1;
    }
  }
  return found;
}

/**
 * What a stage counts in the end: a crash, no report and no test executed are failures too.
 * @param {string} stage
 * @param {Counts | null} report  null when there was none that could be read
 * @param {string | null} trouble  how the runner ended, when that was not well: `exit code 3`
 * @returns {Counts}
 */
export function settle(stage, report, trouble) {
  const result = report ?? counts();
  /** @param {string} message */
  const fail = (message) =>
    counts({ ...result, failed: result.failed + 1, failures: [...result.failures, `${stage}: ${message}`] });
  if (report === null) return fail(`no report (${trouble ?? 'though it ended well'})`);
  if (result.passed + result.failed === 0)
    return fail(`no test was executed${trouble ? ` (${trouble})` : ''}`);
  if (trouble !== null && result.failed === 0) return fail(`every test passed, but it ended with ${trouble}`);
  return result;
}

/**
 * The closing line, read by people and by CI.
 * @param {Counts} total
 * @returns {string}
 */
export function closingLine(total) {
  const skipped = total.skips.length > 0 ? `, ${total.skips.length} skipped` : '';
  return `${total.passed} passed, ${total.failed} failed${skipped}`;
}
