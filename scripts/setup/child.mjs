/** The set-up as the first part of another command: in a process of its own, on the same terminal. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repoRoot } from '../paths.mjs';

/** @type {import('node:child_process').ChildProcess | undefined} */
let child;

/**
 * @param {'demo' | 'test'} purpose
 * @returns {Promise<number>} its exit code
 */
export function setUp(purpose) {
  return new Promise((resolve) => {
    // Its group is this one's, or sudo could not ask for a password on the terminal.
    child = spawn(process.execPath, [join(repoRoot, 'scripts', 'setup', 'main.mjs'), '--for', purpose], {
      stdio: 'inherit',
    });
    child.once('error', () => resolve(1));
    child.once('exit', (code) => {
      child = undefined;
      resolve(code ?? 1);
    });
  });
}

/** Ends the set-up if it runs. */
export function stopSetUp() {
  child?.kill('SIGTERM');
}
