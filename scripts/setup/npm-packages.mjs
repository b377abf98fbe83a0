/** The npm packages, as package-lock.json pins them. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { binFolder, nodeBinary, repoRoot } from '../paths.mjs';
import { ask, run, SetupError } from './command.mjs';

const STAMP = join(repoRoot, 'node_modules', '.videopush-lock');

/** Node 24 under the name that scripts and programs' first lines look for. */
const LINK = join(binFolder, 'node');

/**
 * npm 10 takes the link away again when it leaves out the package for the other processor, which
 * carries a program of the same name.
 */
function linkNode() {
  if (existsSync(LINK)) return;
  rmSync(LINK, { force: true });
  symlinkSync(relative(binFolder, nodeBinary()), LINK);
}

/** @returns {string} changes whenever another set of packages is needed */
function lockHash() {
  const hash = createHash('sha256').update(readFileSync(join(repoRoot, 'package-lock.json')));
  return hash.update(process.arch).digest('hex');
}

/** @returns {boolean} whether node_modules is what the lock file asks for */
export function modulesCurrent() {
  const linked = existsSync(LINK) && existsSync(nodeBinary());
  return linked && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lockHash();
}

/** @returns {string} version of the pinned Node, such as 24.21.0 */
function pinnedNode() {
  const { optionalDependencies } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8'));
  return optionalDependencies[`node-linux-${process.arch}`];
}

/**
 * @returns {Promise<void>}
 * @throws {SetupError}
 */
export async function installModules() {
  const todo = 'check that the npm registry can be reached (npm ping), then run the same command again';
  // No package needs an install script; a registry-wide or user-wide "omit" must not drop any.
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  await run('npm', [...args, '--loglevel=error'], {
    what: 'the npm packages could not be installed',
    todo,
    log: 'npm-ci',
    limitMs: 15 * 60_000,
    cwd: repoRoot,
  });
  // npm leaves out an optional package that it can't fetch, and says nothing.
  const version = await ask(nodeBinary(), ['--version']);
  if (version !== `v${pinnedNode()}`) {
    throw new SetupError(`Node ${pinnedNode()} did not arrive with the npm packages`, {
      cause: version
        ? `${nodeBinary()} says it is ${version}`
        : `${nodeBinary()} does not exist or does not run`,
      todo,
    });
  }
  linkNode();
  writeFileSync(STAMP, lockHash());
}
