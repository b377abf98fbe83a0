/** Finds out which of the programs that the set-up needs this machine has, and judges them. */
import { readFileSync } from 'node:fs';
import { ask, SetupError } from './command.mjs';
import { compareVersions, parseVersion } from './versions.mjs';

/**
 * What was found on this machine. A version is as the program prints it, null when the program was not found.
 * @typedef {object} Facts
 * @property {string} platform   as Node says it: `linux`
 * @property {string} arch       as Node says it: `x64`, `arm64`
 * @property {string} system     ID and VERSION_ID of /etc/os-release: `debian 12`
 * @property {string} node
 * @property {string | null} npm
 * @property {string | null} python
 * @property {string | null} pip
 * @property {string | null} go
 */

const OLDEST = { node: [20], npm: [10], python: [3], go: [1, 21] };

const ADVICE = {
  node: 'install Node.js 20 or newer, for example from NodeSource (Debian 12 itself has 18, which is too old)',
  npm: 'install npm 10 or newer: it comes with Node.js from NodeSource, or `sudo npm install --global npm@11` renews an older one (Debian itself has 9)',
  python: 'sudo apt-get install python3 python3-pip',
  pip: 'sudo apt-get install python3-pip',
  go: 'install Go 1.21 or newer from the go.dev downloads or from backports (Debian 12 itself has 1.19, which is too old)',
};

/** @typedef {{ cause: string, todo: string }} Problem */

/**
 * @param {'node' | 'npm' | 'python' | 'go'} tool
 * @param {string} name  as people write it
 * @param {string | null} found
 * @returns {Problem[]} no or one problem
 */
function tooOld(tool, name, found) {
  const oldest = OLDEST[tool];
  const version = found === null ? null : parseVersion(found);
  if (version !== null && compareVersions(version, oldest) >= 0) return [];
  const state = version === null ? 'was not found' : `is ${version.join('.')}`;
  return [{ cause: `${name} ${state}; ${oldest.join('.')} or newer is needed`, todo: ADVICE[tool] }];
}

/**
 * Other systems may work as well, so they are named and not refused: the first step that fails says why.
 * @param {Facts} facts
 * @returns {string | null} a sentence about a system on which the set-up has not been tried;
 *   null on one where it has
 */
export function untried(facts) {
  if (facts.platform === 'linux' && /^debian (12|13)$/.test(facts.system)) return null;
  const here = facts.platform === 'linux' ? facts.system : facts.platform;
  return `VideoPush has been tried on Debian 12 and 13 only, and this is ${here}. The set-up goes on; should it fail, use a machine or container with Debian 13.`;
}

/**
 * Everything that stands in the way.
 * @param {Facts} facts
 * @returns {Problem[]} empty when the set-up can begin
 */
export function judge(facts) {
  const problems = [];
  if (!['x64', 'arm64'].includes(facts.arch)) {
    problems.push({
      cause: `the processor is ${facts.arch}; amd64 or arm64 is needed`,
      todo: 'use a machine with an amd64 or arm64 processor',
    });
  }
  problems.push(...tooOld('node', 'Node.js', facts.node));
  problems.push(...tooOld('npm', 'npm', facts.npm));
  const python = tooOld('python', 'Python', facts.python);
  problems.push(...python);
  if (python.length === 0 && facts.pip === null) {
    problems.push({ cause: 'Python has no pip', todo: ADVICE.pip });
  }
  problems.push(...tooOld('go', 'Go', facts.go));
  return problems;
}

/** @returns {string} `debian 12`, or `an unknown system` */
function systemName() {
  let text = '';
  try {
    text = readFileSync('/etc/os-release', 'utf8');
  } catch {
    return 'an unknown system';
  }
  /** @param {string} key */
  const value = (key) => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return `${value('ID')} ${value('VERSION_ID')}`.trim();
}

/** @returns {Promise<Facts>} */
export async function gatherFacts() {
  // Without this, Go would first fetch whatever toolchain a go.mod nearby asks for.
  const localGo = { ...process.env, GOTOOLCHAIN: 'local' };
  const [npm, python, pip, go] = await Promise.all([
    ask('npm', ['--version']),
    ask('python3', ['-c', 'import platform; print(platform.python_version())']),
    ask('python3', ['-m', 'pip', '--version']),
    ask('go', ['env', 'GOVERSION'], localGo),
  ]);
  return {
    platform: process.platform,
    arch: process.arch,
    system: systemName(),
    node: process.versions.node,
    npm,
    python,
    pip,
    go,
  };
}

/**
 * Ends the set-up with the whole list when something stands in the way; warns on a
 * system that has not been tried.
 * @returns {Promise<Facts>}
 * @throws {SetupError}
 */
export async function checkPrerequisites() {
  const facts = await gatherFacts();
  const warning = untried(facts);
  if (warning !== null) console.warn(warning);
  const problems = judge(facts);
  if (problems.length === 0) return facts;
  throw new SetupError('this machine lacks something that the set-up needs', {
    cause: problems.map((problem) => problem.cause).join('\n'),
    todo: [...problems.map((problem) => problem.todo), 'then run the same command again'].join('\n'),
  });
}
