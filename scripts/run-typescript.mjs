/** Hands over to a TypeScript program under Node 24, whichever Node this is. */
import { constants } from 'node:os';
import { start } from './child.mjs';
import { childEnvironment, nodeBinary } from './paths.mjs';

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs it on this terminal until it ends. SIGTERM and SIGHUP are handed on; SIGINT reaches it from
 * the terminal by itself, and one sent to this process alone is handed on too.
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code; 128 + the signal's number when a signal ended it
 */
export async function runTypeScript(file, args) {
  const { child, ended } = start(nodeBinary(), [file, ...args], {
    env: childEnvironment(),
    stdio: 'inherit',
  });
  /** @param {NodeJS.Signals} signal */
  const handOn = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, handOn);
  const { code, signal, error } = await ended;
  for (const name of SIGNALS) process.off(name, handOn);
  if (error)
    console.error(`${nodeBinary()} could not be started: ${error.message}; run \`npm run setup\` first`);
  return signal ? 128 + constants.signals[signal] : (code ?? 1);
}
