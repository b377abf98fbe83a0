/**
 * What the words of a source file give away: length, unfinished work,
 * switched-off tests, one machine's paths.
 */

const SOURCE = /\.(ts|mts|mjs|js|cc|h|sh|cmake|yaml|yml)$/;
/** The most lines of a C++ file; Biome holds the same for TypeScript and JavaScript. */
const LONGEST = 450;

/**
 * @param {readonly string[]} files
 * @param {(file: string) => string} text
 * @returns {string[]}
 */
export function tooLong(files, text) {
  return files
    .filter((file) => /\.(cc|h)$/.test(file))
    .map((file) => ({ file, lines: text(file).replace(/\n$/, '').split('\n').length }))
    .filter(({ lines }) => lines > LONGEST)
    .map(({ file, lines }) => `${file} has ${lines} lines`);
}

/** Biome breaks code at this many columns, and leaves comments as they are. */
const WIDEST = 110;
/**
 * A line of a comment with more than one word, since an address can't be broken, or
 * code with a comment behind it.
 */
const COMMENT = /^\s*(\/\/|\/?\*+)\s*\S+\s+\S|\s\/\/ [^'"`]*$/;

/**
 * @param {string} file
 * @param {string} text  of the file, or of what is read in it
 * @param {(line: string) => string[]} faultsOf
 * @returns {string[]} `file:line: fault` for each fault of each line
 */
export const faultyLines = (file, text, faultsOf) =>
  text.split('\n').flatMap((line, index) => faultsOf(line).map((fault) => `${file}:${index + 1}: ${fault}`));

/**
 * @param {readonly string[]} files
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each line of a comment in TypeScript or JavaScript that is too long
 */
export function wideComments(files, text) {
  const sources = files.filter((file) => /\.(ts|mjs)$/.test(file) && !file.endsWith('.generated.ts'));
  return sources.flatMap((file) =>
    faultyLines(file, text(file), (line) =>
      line.length > WIDEST && COMMENT.test(line)
        ? [`a comment of ${line.length} columns; ${WIDEST} is the limit`]
        : [],
    ),
  );
}

/** @type {{ pattern: RegExp, where: RegExp, why: string }[]} */
const FORBIDDEN = [
  { pattern: /\b(TODO|FIXME|XXX|HACK)\b/, where: SOURCE, why: 'work left for later' },
  {
    pattern: /\b(describe|it|test)(\.\w+)*\.(only|skip|todo|fails)\b/,
    where: /\.test\.ts$/,
    why: 'a test that is switched off, or switches off others',
  },
  {
    pattern: /\bdoctest::(skip|may_fail|should_fail)\(/,
    where: /\.(cc|h)$/,
    why: 'a test that is switched off or may fail',
  },
  { pattern: /(^|[\s"'`=(:])\/(work|root|home\/\w+)\//, where: /./, why: "a path of somebody's own machine" },
  {
    pattern: /"resolved": "https?:/,
    where: /^package-lock\.json$/,
    why: 'the address of a package registry',
  },
];

/** This rule's own file and test, which must name what they look for. */
const EXEMPT = /^scripts\/lint\/text(\.test)?\.(mjs|ts)$/;

/**
 * @param {readonly string[]} files
 * @param {(file: string) => string} text
 * @returns {string[]} `file:line: why`
 */
export function forbiddenText(files, text) {
  const read = files.filter(
    (file) => SOURCE.test(file) || /(^|\/)(package-lock\.json|run|[^/]+\.md|CMakeLists\.txt)$/.test(file),
  );
  return read.flatMap((file) => {
    const rules = FORBIDDEN.filter(({ where }) => where.test(file));
    if (EXEMPT.test(file) || rules.length === 0) return [];
    return faultyLines(file, text(file), (line) =>
      rules.filter(({ pattern }) => pattern.test(line)).map(({ why }) => why),
    );
  });
}
