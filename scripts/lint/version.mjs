/**
 * The version of the project stands in the root's package.json; wherever else it
 * must stand, it is the same one.
 */

/** Where a version stands, each in the pattern's only group. @type {{ where: RegExp, pattern: RegExp }[]} */
const PLACES = [
  { where: /^[^/]+\/package\.json$/, pattern: /^ {2}"version": "([^"]*)"/gm },
  { where: /^resources\/src\/builders\/defaults\.ts$/, pattern: /\bVERSION = '([^']*)'/g },
  { where: /^charts\/[^/]+\/Chart\.yaml$/, pattern: /^version: (.*)$/gm },
  { where: /^charts\/[^/]+\/Chart\.yaml$/, pattern: /^appVersion: (.*)$/gm },
  { where: /^package-lock\.json$/, pattern: /^ {2}"version": "([^"]*)"/gm },
  // Of the root and of each workspace; what is installed stands below node_modules/.
  {
    where: /^package-lock\.json$/,
    pattern: /^ {4}"(?!node_modules\/)[^"]*": \{\n {6}"name": "[^"]*",\n {6}"version": "([^"]*)"/gm,
  },
  { where: /^docs\/limits\.md$/, pattern: /^Version (\d\S*)/gm },
  { where: /^docs\/zh-CN\/limits\.md$/, pattern: /^(\d\S*) 是/gm },
  // The first heading, of the version that is being made.
  { where: /^CHANGELOG\.md$/, pattern: /(?<![\s\S])[\s\S]*?\n## \[([^\]]*)\]/g },
];

/** Where it may stand, any number of times: what one workspace needs of another, and images in the manual. */
const MENTIONS = [
  { where: /^(([^/]+\/)?package|package-lock)\.json$/, pattern: /"@videopush\/[a-z-]+": "([^"]*)"/g },
  { where: /\.md$/, pattern: /\bvideopush\/(?:operator|worker|\$image):(\d[\w.-]*\w)/g },
];

/**
 * @param {readonly string[]} files  relative to the root
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each version that differs or is missing
 */
export function otherVersions(files, text) {
  const { version } = JSON.parse(text('package.json'));
  /** @param {string} file @param {RegExp} pattern */
  const versions = (file, pattern) => [...text(file).matchAll(pattern)].map((found) => found[1]);
  /** @param {string} file @param {readonly (string | undefined)[]} found */
  const differing = (file, found) =>
    found.filter((one) => one !== version).map((one) => `${file} says ${one}; package.json says ${version}`);
  const must = PLACES.flatMap(({ where, pattern }) =>
    files
      .filter((file) => where.test(file))
      .flatMap((file) => {
        const found = versions(file, pattern);
        return found.length === 0 ? [`${file} has no version (${pattern.source})`] : differing(file, found);
      }),
  );
  const may = MENTIONS.flatMap(({ where, pattern }) =>
    files.filter((file) => where.test(file)).flatMap((file) => differing(file, versions(file, pattern))),
  );
  return [...must, ...may];
}
