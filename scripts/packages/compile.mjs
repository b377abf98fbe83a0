/**
 * The npm packages as they are published: JavaScript and declarations in `dist/`, compiled from the
 * TypeScript that Node 24 runs directly in the checkout.
 */
import { copyFileSync, cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { binFolder, repoRoot } from '../paths.mjs';
import { run } from '../setup/command.mjs';
import { writeEntries } from './entries.mjs';

/**
 * Folders of the packages that are published, by the name that npm knows them by.
 * @type {Record<string, string>}
 */
const PACKAGES = {
  '@videopush/native': 'native',
  '@videopush/resources': 'resources',
  '@videopush/codec-worker': 'codec-worker',
  videopush: 'cli',
};

/** @param {string} folder  absolute */
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/**
 * The packages of this project that `name` needs, itself last: the order in which they are compiled,
 * since each is compiled against the declarations of those before it.
 * @param {string} name
 * @returns {string[]}
 */
export function compileOrder(name) {
  const folder = PACKAGES[name];
  if (folder === undefined) throw new Error(`${name} is not published`);
  const needed = Object.keys(manifestOf(join(repoRoot, folder)).dependencies ?? {});
  const before = needed.filter((other) => other in PACKAGES).flatMap(compileOrder);
  return [...new Set([...before, name])];
}

/**
 * Compiles a package into its `dist/`, after those that it depends on.
 * @param {string} name  as npm knows it
 * @returns {Promise<void>}
 * @throws {import('../setup/command.mjs').SetupError} when it does not compile
 */
export async function compilePackage(name) {
  for (const each of compileOrder(name)) {
    const folder = join(repoRoot, PACKAGES[each] ?? '');
    rmSync(join(folder, 'dist'), { recursive: true, force: true });
    await run(join(binFolder, 'tsc'), ['--project', join(folder, 'tsconfig.package.json')], {
      what: `${each} could not be compiled`,
      todo: 'run `npm run lint`, which names the places',
      log: 'tsc',
      limitMs: 5 * 60_000,
    });
    await writeEntries(folder, manifestOf(folder));
    if (each === '@videopush/resources') {
      cpSync(join(repoRoot, 'crds'), join(folder, 'dist', 'crds'), { recursive: true });
    }
    // The helps name these manifests; the programs beside them are for readers of the repository.
    if (each === 'videopush') {
      cpSync(join(repoRoot, 'examples'), join(folder, 'dist', 'examples'), {
        recursive: true,
        filter: (path) => !path.endsWith('mpegcoder'),
      });
    }
    copyFileSync(join(repoRoot, 'LICENSE'), join(folder, 'LICENSE'));
  }
}
