/** What `npm pack` runs first in each published package: `node ../scripts/packages/main.mjs NAME`. */
import { SetupError } from '../setup/command.mjs';
import { takeLock } from '../setup/lock.mjs';
import { compilePackage } from './compile.mjs';
import { layOutPrebuild } from './prebuild.mjs';

const name = process.argv[2] ?? '';
/** @type {() => void} */
let release = () => {};
try {
  release = await takeLock();
  await compilePackage(name);
  if (name === '@videopush/native') await layOutPrebuild();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.describe('Packing'));
  process.exitCode = 1;
} finally {
  release();
}
