/** `npm run build -w native`: builds the native addon if its sources changed since the last time. */
import { addonCurrent, buildAddon } from './setup/addon.mjs';
import { SetupError } from './setup/command.mjs';
import { takeLock } from './setup/lock.mjs';

/** @type {() => void} */
let release = () => {};
try {
  release = await takeLock();
  if (!(await addonCurrent())) await buildAddon();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.describe());
  process.exitCode = 1;
} finally {
  release();
}
