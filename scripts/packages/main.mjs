/** What `npm pack` runs first in each published package: `node ../scripts/packages/main.mjs NAME`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { binFolder } from '../paths.mjs';
import { SetupError } from '../setup/command.mjs';
import { takeLock } from '../setup/lock.mjs';
import { compilePackage } from './compile.mjs';
import { layOutPrebuild } from './prebuild.mjs';

/**
 * @param {string} name  of the package, as npm knows it
 * @returns {Promise<void>}
 * @throws {SetupError}
 */
async function prepare(name) {
  const release = await takeLock();
  try {
    await compilePackage(name);
    if (name === '@videopush/native') await layOutPrebuild();
  } finally {
    release();
  }
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

const name = process.argv[2] ?? '';
if (existsSync(join(binFolder, 'tsc'))) {
  await prepare(name).catch((error) => {
    if (!(error instanceof SetupError)) throw error;
    fail(error.describe('Packing'));
  });
} else {
  fail(`${name} can't be packed before the set-up: run \`npm run setup\` first.`);
}
