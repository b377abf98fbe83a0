/**
 * The files that a published package is entered by. They are plain JavaScript that looks at Node's
 * version before anything else is imported, since an older Node fails at the first file behind them
 * with a message about syntax.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The oldest Node that runs the packages: the first one whose `require` reads modules. */
export const OLDEST_NODE = '22.12';

/**
 * @param {string} name  of the package
 * @returns {string} a CommonJS file that throws one sentence on a Node that is too old
 */
function versionCheck(name) {
  const [major, minor] = OLDEST_NODE.split('.');
  return `'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < ${major} || (major === ${major} && minor < ${minor})) {
  const error = new Error(
    '${name} needs Node ${OLDEST_NODE} or newer, and this is Node ' + process.versions.node + '; install a newer Node.',
  );
  error.stack = error.message;
  throw error;
}
`;
}

/**
 * @param {string} file  a compiled module, absolute
 * @returns {Promise<string[]>} the names that it exports, found without running it
 */
async function namesOf(file) {
  // Imported only here: packing says what to do before the npm packages are installed.
  const { build } = await import('esbuild');
  const { metafile } = await build({
    entryPoints: [file],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    outdir: '.',
    metafile: true,
    logLevel: 'silent',
  });
  return Object.values(metafile.outputs).flatMap((output) => output.exports);
}

/**
 * Writes `dist/entry/NAME.js` and `NAME.cjs` for each export of the package that points there. Node
 * reads what a module names in its import statements before the first line runs, so `NAME.js` imports the
 * compiled module by a call. That makes it asynchronous: nothing behind a `NAME.cjs` may import another
 * package's entry.
 * @param {string} folder  of the package, absolute
 * @param {{ name: string, exports: Record<string, unknown> }} manifest
 * @returns {Promise<void>}
 */
export async function writeEntries(folder, manifest) {
  const entries = Object.values(manifest.exports).flatMap((target) => entryOf(target));
  if (entries.length === 0) return;
  const to = join(folder, 'dist', 'entry');
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, 'node-version.cjs'), versionCheck(manifest.name));
  for (const { name, compiled } of entries) {
    const names = await namesOf(join(folder, 'dist', compiled));
    const from = `../${compiled}`;
    writeFileSync(
      join(to, `${name}.js`),
      `import './node-version.cjs';\nexport const { ${names.join(', ')} } = await import('${from}');\n`,
    );
    writeFileSync(
      join(to, `${name}.cjs`),
      `'use strict';\nrequire('./node-version.cjs');\nmodule.exports = require('${from}');\n`,
    );
  }
}

/**
 * @param {unknown} target  what an export of package.json points to
 * @returns {{ name: string, compiled: string }[]} the entry that it asks for, and the compiled file behind it
 */
function entryOf(target) {
  if (typeof target !== 'object' || target === null || !('default' in target) || !('types' in target))
    return [];
  const [path, types] = [String(target.default), String(target.types)];
  if (!path.startsWith('./dist/entry/')) return [];
  const compiled = types.replace(/^\.\/dist\//, '').replace(/\.d\.ts$/, '.js');
  return [{ name: basename(path, '.js'), compiled }];
}
