/**
 * The programs as the images carry them: each bundled to a handful of JavaScript files, since an image has
 * neither npm nor a node_modules folder. What runs in the checkout as TypeScript and what runs in an image
 * are made from the same sources.
 */
import { join } from 'node:path';
import { repoRoot, SOURCE_CONDITION } from '../paths.mjs';
import { SetupError } from '../setup/command.mjs';

/**
 * Packages written for CommonJS ask for Node's own modules by `require`, which a module does not have.
 * The name of the import must not meet one of the bundled code.
 */
const REQUIRE = [
  "import { createRequire as createRequireOfBundle } from 'node:module';",
  'const require = createRequireOfBundle(import.meta.url);',
].join('\n');

/**
 * @typedef {object} Bundled
 * @property {string[]} packages  folders of the npm packages that went in, relative to the root, sorted
 * @property {string[]} imported  what is imported from outside of the bundle: modules that Node itself has
 */

/**
 * Bundles a program to `<folder>/main.js` and the chunks beside it. Chunks stay apart so that what the
 * program imports late is also read late: the worker sets up its compile cache before anything else.
 * @param {string} entry   relative to the root
 * @param {string} folder  absolute; may not exist yet
 * @returns {Promise<Bundled>}
 * @throws {SetupError} when the sources do not hang together
 */
export async function bundle(entry, folder) {
  // Imported only here: everything else in this folder also works before the npm packages are installed.
  const { build, formatMessages } = await import('esbuild');
  try {
    const { metafile } = await build({
      absWorkingDir: repoRoot,
      entryPoints: { main: join(repoRoot, entry) },
      outdir: folder,
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      conditions: [SOURCE_CONDITION, 'module'],
      charset: 'utf8',
      banner: { js: REQUIRE },
      // Whole licence texts go into the notices, for every package (notices.mjs).
      legalComments: 'none',
      metafile: true,
      logLevel: 'silent',
    });
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
    const imported = imports.filter(({ external }) => external).map(({ path }) => path);
    return { packages: packagesOf(Object.keys(metafile.inputs)), imported: [...new Set(imported)] };
  } catch (error) {
    const { errors } = /** @type {import('esbuild').BuildFailure} */ (error);
    if (!errors) throw error;
    const lines = await formatMessages(errors, { kind: 'error', color: false });
    throw new SetupError(`${entry} could not be bundled`, {
      cause: lines
        .slice(0, 3)
        .map((line) => line.trim())
        .join('\n'),
      todo: 'fix the sources (`npm run lint` says more), or run `npm run setup` when a package is missing',
    });
  }
}

/**
 * The package folders among a bundle's files: `node_modules/zod/v4/core.js` belongs to `node_modules/zod`.
 * @param {readonly string[]} inputs  paths relative to the root
 * @returns {string[]}
 */
export function packagesOf(inputs) {
  const found = inputs.map((path) => /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(found.filter((folder) => folder !== undefined))].sort();
}
