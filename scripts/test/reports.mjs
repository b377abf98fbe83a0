/**
 * What the long suite has found so far: a report per scenario, and the state of
 * the checkout that it is true for.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runSync } from '../child.mjs';

/**
 * @typedef {object} Report
 * @property {string} name
 * @property {string | null} tree  what the scenario depends on: see keyOf
 * @property {'passed' | 'failed' | 'stopped'} result
 * @property {number} minutes
 * @property {number} seed
 * @property {string} at  ISO 8601
 * @property {import('./counts.mjs').Counts} counts
 */

/** What only people read, as git's path patterns: the manual, and the Markdown files that lead to it. */
const PAGES = [':(glob)docs/**', ':(glob)*.md', ':(glob)examples/**/README*.md'];

/**
 * @param {string} root  of a checkout
 * @param {{ pages?: boolean }} [options]  `pages: false` leaves out what only people read: no program depends
 *   on it, so that a change of a page takes nothing away from what was found about the programs. Default:
 *   everything counts.
 * @returns {string | null} the hash of its tree with every change that is not committed; null outside of git
 */
export function treeHash(root, { pages = true } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'videopush-index-'));
  // An index of its own: what is staged stays as it is.
  const env = { ...process.env, GIT_INDEX_FILE: join(folder, 'index') };
  /** @param {string[]} args */
  const git = (...args) => runSync('git', args, { cwd: root, env });
  try {
    const without = ['rm', '-r', '--cached', '--force', '--quiet', '--ignore-unmatch', '--', ...PAGES];
    const steps = [git('read-tree', 'HEAD'), git('add', '--all')];
    if (!pages) steps.push(git(...without));
    steps.push(git('write-tree'));
    return steps.every(({ code }) => code === 0) ? (steps.at(-1)?.stdout.trim() ?? null) : null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {{ from?: () => string }} scenario
 * @param {string | null} tree  hash of what it depends on in the checkout
 * @returns {string | null} the same, with the older commit that the scenario starts from
 */
export function keyOf({ from }, tree) {
  return tree === null || from === undefined ? tree : `${tree} from ${from()}`;
}

/** @param {string} folder @param {string} name */
const fileOf = (folder, name) => join(folder, `${name}.json`);

/**
 * @param {string} folder
 * @param {string} name
 * @returns {Report | null} the last report; null when there is none that can be read
 */
export function lastReport(folder, name) {
  const file = fileOf(folder, name);
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** @param {string} folder @param {Report} report */
export function keep(folder, report) {
  const file = fileOf(folder, report.name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}

/**
 * @param {Report | null} report
 * @param {string | null} tree  of now
 * @returns {boolean} whether the scenario passed on just this state of the checkout
 */
export function stillTrue(report, tree) {
  return report !== null && tree !== null && report.result === 'passed' && report.tree === tree;
}

/**
 * @param {readonly (Report & { again: boolean })[]} reports  `again`: whether it ran just now
 * @returns {string} the closing table
 */
export function closingTable(reports) {
  const rows = reports.map(({ name, result, minutes, seed, again }) => [
    name,
    again ? result : `${result} before`,
    minutes.toFixed(1),
    String(seed),
  ]);
  const lines = [['scenario', 'result', 'minutes', 'seed'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}
