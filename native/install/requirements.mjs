/** What compiling the addon needs, and the Debian packages that bring it. */

/**
 * A question whose answer is the exit code of a program, and the package that is missing when it fails.
 * @typedef {{ package: string, program: string, args: readonly string[] }} Requirement
 */

/** @param {string} name of pkg-config @param {string} debian @returns {Requirement} */
const library = (name, debian) => ({ package: debian, program: 'pkg-config', args: ['--exists', name] });

/** @type {readonly Requirement[]} */
export const REQUIREMENTS = [
  { package: 'cmake', program: 'cmake', args: ['--version'] },
  { package: 'g++', program: 'c++', args: ['--version'] },
  { package: 'make', program: 'make', args: ['--version'] },
  { package: 'pkg-config', program: 'pkg-config', args: ['--version'] },
  library('libavcodec', 'libavcodec-dev'),
  library('libavfilter', 'libavfilter-dev'),
  library('libavformat', 'libavformat-dev'),
  library('libavutil', 'libavutil-dev'),
  library('libswscale', 'libswscale-dev'),
  library('libcurl', 'libcurl4-openssl-dev'),
  library('srt', 'libsrt-gnutls-dev'),
];

/**
 * @param {(program: string, args: readonly string[]) => boolean} succeeds  whether a
 *   program exists and exits with 0
 * @returns {string[]} the Debian packages that are missing, in the order of `REQUIREMENTS`
 */
export function missingRequirements(succeeds) {
  return REQUIREMENTS.filter(({ program, args }) => !succeeds(program, args)).map((each) => each.package);
}

/**
 * @param {readonly string[]} missing  Debian packages, at least one
 * @returns {string} one sentence that says what is missing and how it is installed
 */
export function requirementsSentence(missing) {
  const names = missing.join(' ');
  return `No prebuilt addon fits this machine, and compiling it needs ${names}: run \`sudo apt-get install ${names}\` and install again.`;
}
