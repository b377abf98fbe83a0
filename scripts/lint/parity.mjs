/** The tests that docs/parity.yaml names. */

const TESTS = /(\.test\.ts|^native\/test\/.*\.cc)$/;

/**
 * @param {string} file
 * @param {string} text
 * @returns {string} with every title as it reads: C++ literals joined, quotes without their backslashes
 */
function readable(file, text) {
  const joined = file.endsWith('.cc') ? text.replace(/"\s*\n\s*"/g, '') : text;
  return joined.replace(/\\(['"`])/g, '$1');
}

/**
 * @param {readonly { id: string, here: string, tests?: string[] }[]} rows
 * @param {readonly string[]} files  relative to the root
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each title that no test has, and for each ability that no test shows
 */
export function parityProblems(rows, files, text) {
  const sources = files.filter((file) => TESTS.test(file)).map((file) => readable(file, text(file)));
  /** @param {string} title */
  const exists = (title) => {
    const quoted = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const pattern = new RegExp(`\\(\\s*(['"\`])${quoted}\\1`);
    return sources.some((source) => pattern.test(source));
  };
  return rows.flatMap(({ id, here, tests = [] }) => {
    if (tests.length === 0 && here !== 'missing') return [`docs/parity.yaml: ${id} names no test`];
    return tests
      .filter((title) => !exists(title))
      .map(
        (title) =>
          `docs/parity.yaml: ${id} names “${title}”, which is no test; write its new title there and run \`npm run generate\``,
      );
  });
}
