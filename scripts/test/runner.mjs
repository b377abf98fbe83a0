/** Runs a stage: its commands in a process group of their own, its output as it comes, its report read. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { GRACE_MS, start } from '../child.mjs';
import { childEnvironment, repoRoot } from '../paths.mjs';
import { stopSetUp } from '../setup/run-setup.mjs';
import { settle } from './counts.mjs';

/** @type {number | undefined} the process group of the command that runs now */
let group;

/**
 * @param {number} leader
 * @param {NodeJS.Signals | 0} signal
 * @returns {boolean} whether there is such a group
 */
function signalGroup(leader, signal) {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * The processes of a group that still run. A zombie that nobody has reaped is none of them, though
 * a signal would still find it.
 * @param {number} leader
 * @returns {number[]}
 */
function livingMembers(leader) {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid)) return false;
      let stat = '';
      try {
        stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      } catch {
        return false;
      }
      // "pid (name) state ppid pgrp …", and the name may hold anything.
      const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(pgrp) === leader && state !== 'Z';
    });
}

/** @type {NodeJS.Signals | null} */
let stop = null;

/** @returns {NodeJS.Signals | null} the signal that asked this run to end */
export const stoppedBy = () => stop;

/**
 * Ends the set-up or the stage that runs when this process is asked to end; the caller then closes in order.
 */
export function stopOnSignals() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      stop ??= signal;
      stopSetUp();
      stopStage();
    });
  }
}

/** @param {boolean} good  whether all that ran went well @returns {number} the exit code of the run */
export const exitCode = (good) => (stop === 'SIGINT' ? 130 : stop ? 143 : good ? 0 : 1);

/** Ends whatever runs now: the group gets SIGTERM, and SIGKILL if it still runs later. */
export function stopStage() {
  const leader = group;
  if (leader === undefined || !signalGroup(leader, 'SIGTERM')) return;
  setTimeout(() => signalGroup(leader, 'SIGKILL'), GRACE_MS).unref();
}

/**
 * @param {import('./stages.mjs').Command} command
 * @param {number} limitMs
 * @returns {Promise<string | null>} null when it ended well, else how it ended
 */
async function runCommand(command, limitMs) {
  const { child, ended } = start(command.file, command.args, {
    cwd: repoRoot,
    env: childEnvironment(command.env),
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own, so that all of it can be ended by its number.
    detached: true,
  });
  group = child.pid;
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    stopStage();
  }, limitMs);
  const { code, signal, error } = await ended;
  clearTimeout(limit);
  // What outlives its test run would disturb the next stage's timing.
  const left = child.pid !== undefined && livingMembers(child.pid).length > 0;
  if (left) signalGroup(/** @type {number} */ (child.pid), 'SIGKILL');
  group = undefined;
  if (late) return `its limit of ${Math.round(limitMs / 60_000)} minutes passed`;
  if (error) return `${command.file} could not be started: ${error.message}`;
  if (code !== 0) return signal ? `signal ${signal}` : `exit code ${code}`;
  return left ? 'processes left running' : null;
}

/**
 * @param {import('./stages.mjs').Stage} stage
 * @param {number} deadline  instant of performance.now() at which everything must be over
 * @returns {Promise<import('./counts.mjs').Counts>}
 */
export async function runStage(stage, deadline) {
  rmSync(stage.report, { force: true });
  mkdirSync(dirname(stage.report), { recursive: true });
  const until = Math.min(performance.now() + stage.limitMs, deadline);
  let trouble = null;
  for (const command of stage.commands) {
    trouble = await runCommand(command, Math.max(1, until - performance.now()));
    if (trouble !== null) break;
  }
  if (!existsSync(stage.report)) return settle(stage.name, null, trouble);
  let report = null;
  try {
    report = stage.read(readFileSync(stage.report, 'utf8'));
  } catch (error) {
    trouble = [trouble, error instanceof Error ? error.message : String(error)].filter(Boolean).join('; ');
  }
  return settle(stage.name, report, trouble);
}
