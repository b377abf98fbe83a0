/** The set-up as the first part of another command: in a process of its own, on the same terminal. */
import { join } from 'node:path';
import { start } from '../child.mjs';
import { repoRoot } from '../paths.mjs';

/** @type {import('node:child_process').ChildProcess | undefined} */
let child;

/**
 * @param {'demo' | 'test'} purpose
 * @returns {Promise<number>} its exit code
 */
export async function setUp(purpose) {
  const words = [join(repoRoot, 'scripts', 'setup', 'main.mjs'), '--for', purpose];
  // Its group is this one's, or sudo could not ask for a password on the terminal.
  const started = start(process.execPath, words, { stdio: 'inherit' });
  child = started.child;
  const { code } = await started.ended;
  child = undefined;
  return code ?? 1;
}

/** Ends the set-up if it runs. */
export function stopSetUp() {
  child?.kill('SIGTERM');
}
