/**
 * Child processes of the scripts: the one place from which they start any. Plain JavaScript for any Node 20.
 */
import { spawn, spawnSync } from 'node:child_process';

/** Output that a program may print before it counts as failed, in bytes. */
const MAX_OUTPUT = 64 * 1024 * 1024;

/** How long a program has between SIGTERM and SIGKILL, in milliseconds. */
export const GRACE_MS = 10_000;

/**
 * How a program ended: by code, or by signal, or never begun.
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null, error: Error | null }} Ending
 */

/**
 * Starts a program.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {{ child: import('node:child_process').ChildProcess, ended: Promise<Ending> }} `ended` never
 *   rejects
 */
export function start(file, args, options) {
  const child = spawn(file, args, options);
  /** @type {Promise<Ending>} */
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('exit', (code, signal) => resolve({ code, signal, error: null }));
  });
  return { child, ended };
}

/**
 * Runs a program to its end, and this process with it.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {Omit<import('node:child_process').SpawnSyncOptionsWithStringEncoding, 'encoding'>} [options]
 * @returns {Ending & { stdout: string, stderr: string }}
 */
export function runSync(file, args, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(file, args, {
    maxBuffer: MAX_OUTPUT,
    ...options,
    encoding: 'utf8',
  });
  return { code: status, signal, error: error ?? null, stdout: stdout ?? '', stderr: stderr ?? '' };
}
