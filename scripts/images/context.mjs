/**
 * What a Dockerfile copies from: `dist/images/<image>`, laid out here from the checkout.
 * `app/` becomes /opt/videopush; `build/`, of the worker only, holds everything that compiling the addon
 * needs, so that the build itself asks for nothing but Debian packages.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../paths.mjs';
import { bundle } from './bundle.mjs';
import { notices } from './notices.mjs';

/** The images that are built from this checkout's sources. @typedef {'operator' | 'worker'} Image */

/** @type {readonly Image[]} */
export const IMAGES = ['operator', 'worker'];

/** Where each program begins. @type {Record<Image, string>} */
export const ENTRIES = { operator: 'operator/src/main.ts', worker: 'codec-worker/src/main.ts' };

/** The npm packages whose headers the addon is compiled with; neither needs another package. */
const ADDON_HEADERS = ['node-addon-api', 'node-api-headers'];

/** @param {Image} image @returns {string} absolute */
export function contextFolder(image) {
  return join(repoRoot, 'dist', 'images', image);
}

/** @returns {string} the version that the images are tagged with */
export function imageVersion() {
  return JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')).version;
}

/**
 * Lays out an image's context again; takes about a second.
 * @param {Image} image
 * @returns {Promise<string>} the folder
 * @throws {import('../setup/command.mjs').SetupError}
 */
export async function writeContext(image) {
  const folder = contextFolder(image);
  rmSync(folder, { recursive: true, force: true });
  const app = join(folder, 'app');
  const { packages } = await bundle(ENTRIES[image], join(app, image));
  if (image === 'worker') {
    packages.push(...ADDON_HEADERS.map((name) => `node_modules/${name}`));
    writeAddonSources(join(folder, 'build'));
  } else {
    // Read at run time: they are also what the chart installs.
    cpSync(join(repoRoot, 'crds'), join(app, 'crds'), { recursive: true, filter: notTest });
  }
  const manifest = { name: `videopush-${image}`, version: imageVersion(), private: true, type: 'module' };
  writeFileSync(join(app, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(app, 'THIRD-PARTY-NOTICES.txt'), notices(packages));
  cpSync(join(repoRoot, 'LICENSE'), join(app, 'LICENSE'));
  cpSync(join(repoRoot, 'scripts', 'images', `NOTICE.${image}.txt`), join(app, 'NOTICE.txt'));
  return folder;
}

/** @param {string} path */
const notTest = (path) => !path.endsWith('.test.ts');

/** @param {string} folder  becomes the compiling stage's working folder */
function writeAddonSources(folder) {
  const native = join(folder, 'native');
  for (const name of ['CMakeLists.txt', 'CMakePresets.json', 'package.json', 'src']) {
    cpSync(join(repoRoot, 'native', name), join(native, name), { recursive: true });
  }
  for (const name of ADDON_HEADERS) {
    const path = join('node_modules', name);
    cpSync(join(repoRoot, path), join(folder, path), { recursive: true });
  }
}
