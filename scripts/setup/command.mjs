/**
 * Running the programs that the set-up needs: output to a log file, a limit on every wait, and a
 * failure that says in a person's words what went wrong.
 */
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GRACE_MS, start } from '../child.mjs';
import { cacheDir } from '../paths.mjs';

/** What ends the set-up: what failed, why, and what the reader can do about it. */
export class SetupError extends Error {
  /**
   * @param {string} what  one sentence without a full stop
   * @param {{ cause: string, todo: string, log?: string }} details  `log`: file with the full output
   */
  constructor(what, { cause, todo, log }) {
    super(what);
    this.name = 'SetupError';
    this.reason = cause;
    this.todo = todo;
    this.log = log;
  }

  /**
   * @param {string} [who]  what was stopped
   * @returns {string} the message for the terminal, several lines
   */
  describe(who = 'Setup') {
    const lines = [
      `${who} stopped: ${this.message}.`,
      `  Cause:      ${this.reason.replaceAll('\n', '\n              ')}`,
    ];
    lines.push(`  What to do: ${this.todo.replaceAll('\n', '\n              ')}`);
    if (this.log) lines.push(`  Everything it printed: ${this.log}`);
    return lines.join('\n');
  }
}

/** Lines in which apt, npm, pip, go, CMake, Ninja, make and the compilers name the cause. */
const TELLING =
  /^(E: |npm error |ERROR: |go: |CMake Error|ninja: error|make: \*\*\*|fatal: )|\berror\b.*: |: (fatal )?error: /i;

/** Lines that look so but say nothing: stack traces, versions, pointers to other logs. */
const SILENT = /^\s+at |^npm error (A complete log|code )/;

/**
 * The few lines of a program's output that most likely name the cause of its failure.
 * @param {string} output
 * @returns {string} at most four lines, never empty
 */
export function tellingLines(output) {
  const lines = output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => TELLING.test(line) && !SILENT.test(line));
  const chosen = telling.length > 0 ? telling.slice(0, 4) : lines.slice(-3);
  return (
    chosen.map((line) => (line.length > 240 ? `${line.slice(0, 240)}…` : line)).join('\n') ||
    'it printed nothing'
  );
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** Asks every program that still runs to end, when the set-up itself is asked to. */
export function stopRunning() {
  for (const child of running) child.kill('SIGTERM');
}

/**
 * Runs a program to its end.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {object} options
 * @param {string} options.what       what the program was to do, for the message when it fails
 * @param {string} options.todo       what the reader can do when it fails
 * @param {string} options.log        name of the log file, without folder and ending
 * @param {number} options.limitMs    after this long the program is ended and counts as failed
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @returns {Promise<string>} its standard output
 * @throws {SetupError}
 */
export async function run(file, args, options) {
  const folder = join(cacheDir(), 'logs');
  mkdirSync(folder, { recursive: true });
  const log = join(folder, `${options.log}.log`);
  const answer = join(folder, `${options.log}.out`);
  // Files, not pipes: a grandchild that outlives the program could hold a pipe open for ever.
  const [outputFile, logFile] = [openSync(answer, 'w'), openSync(log, 'w')];
  const { child, ended } = start(file, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', outputFile, logFile],
  });
  running.add(child);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
  }, options.limitMs);
  const ending = await ended;
  clearTimeout(limit);
  running.delete(child);
  closeSync(outputFile);
  closeSync(logFile);
  const output = readFileSync(answer, 'utf8');
  if (ending.code === 0 && !late) return output;
  const trouble = late
    ? `it was ended after ${Math.round(options.limitMs / 60_000)} minutes`
    : howItEnded(file, ending);
  const cause = [trouble, tellingLines(`${output}\n${readFileSync(log, 'utf8')}`)];
  throw new SetupError(options.what, {
    cause: cause.filter((part) => part !== '').join('\n'),
    todo: options.todo,
    log: `${log} and ${answer}`,
  });
}

/** @param {string} file @param {import('../child.mjs').Ending} ending of a program that failed */
function howItEnded(file, { signal, error }) {
  if (error) return `${file} could not be started: ${error.message}`;
  return signal ? `ended by ${signal}` : '';
}

/**
 * Asks a program something small.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string | null>} its output without the line end, or null when it failed or was not found
 */
export async function ask(file, args, env = process.env) {
  const { child, ended } = start(file, args, { env, stdio: ['ignore', 'pipe', 'ignore'], timeout: 30_000 });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const closed = once(child, 'close').catch(() => {}); // it could not be started
  const { code } = await ended;
  await closed;
  return code === 0 ? output.trim() : null;
}
