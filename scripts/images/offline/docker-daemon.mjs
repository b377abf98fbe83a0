/**
 * The Docker daemon that builds: the machine's own where one answers, else one that is started for this and
 * stopped again. Its layers stay in the cache, so that the next build takes seconds.
 */
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from '../../child.mjs';
import { cacheDir } from '../../paths.mjs';
import { ask, SetupError, tellingLines } from '../../setup/command.mjs';

const START_MS = 60_000;
const STOP_MS = 30_000;

/**
 * @typedef {object} Daemon
 * @property {NodeJS.ProcessEnv} env  for the docker command
 * @property {string[]} buildArgs     what `docker build` wants in addition
 * @property {boolean} own            started here
 * @property {() => Promise<void>} close
 */

/**
 * @param {object} options
 * @param {AbortSignal} options.signal  ends the waiting for its start
 * @param {(line: string) => void} options.onLine
 * @returns {Promise<Daemon>}
 * @throws {SetupError}
 */
export async function openDaemon({ signal, onLine }) {
  const env = { ...process.env };
  if ((await ask('docker', ['version', '--format', '{{.Server.Version}}'], env)) !== null) {
    return { env, buildArgs: [], own: false, close: async () => {} };
  }
  if (process.env.DOCKER_HOST) {
    throw new SetupError('the Docker daemon does not answer', {
      cause: `DOCKER_HOST asks for ${process.env.DOCKER_HOST}`,
      todo: 'start that daemon, or unset DOCKER_HOST',
    });
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError('no Docker daemon answers', {
      cause: 'there is none, or this user may not use it; starting one for this takes root',
      todo: 'start Docker and join its group, or run the same command as root',
    });
  }
  onLine('docker: no daemon answers; starting one for this …');
  return startDaemon(signal);
}

/** @returns {string} */
function daemonProgram() {
  const candidates = [
    '/usr/sbin/dockerd',
    '/usr/local/sbin/dockerd',
    '/usr/bin/dockerd',
    '/usr/local/bin/dockerd',
  ];
  const program = candidates.find((candidate) => existsSync(candidate));
  if (program !== undefined) return program;
  throw new SetupError('no Docker daemon answers', {
    cause: 'there is none, and no dockerd that could be started',
    todo: 'apt-get install docker.io, then run the same command again',
  });
}

/**
 * A daemon without any network of its own: builds use the machine's, and no rule of its firewall is touched.
 * @param {AbortSignal} signal
 * @returns {Promise<Daemon>}
 */
async function startDaemon(signal) {
  const data = join(cacheDir(), 'images', 'docker');
  mkdirSync(data, { recursive: true });
  // A socket's path may be 107 characters long, which a cache folder's may already be.
  const run = mkdtempSync(join(tmpdir(), 'videopush-docker-'));
  const host = `unix://${join(run, 'docker.sock')}`;
  const flags = ['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--bridge=none'];
  flags.push(
    '--data-root',
    data,
    '--exec-root',
    join(run, 'exec'),
    '--pidfile',
    join(run, 'pid'),
    '--host',
    host,
  );
  const log = join(run, 'log');
  const output = openSync(log, 'w');
  // The daemon has a session of its own, so that Ctrl-C reaches only this process, which then stops the
  // daemon in order. If this process ends without doing so, the kernel sends the daemon SIGTERM (setpriv
  // --pdeathsig).
  const { child, ended } = start('setpriv', ['--pdeathsig', 'TERM', daemonProgram(), ...flags], {
    detached: true,
    stdio: ['ignore', output, output],
  });
  let hasEnded = false;
  const end = ended.then(() => {
    hasEnded = true;
  });
  const close = async () => {
    child.kill('SIGTERM');
    if (!(await within(end, STOP_MS))) {
      child.kill('SIGKILL');
      await within(end, STOP_MS);
    }
    for (const folder of mountsBelow(run, readFileSync('/proc/mounts', 'utf8'))) {
      await ask('umount', ['--lazy', folder]);
    }
    rmSync(run, { recursive: true, force: true });
  };
  // The client's plain builder: this daemon's own BuildKit would want a bridge.
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: '0' };
  try {
    const until = performance.now() + START_MS;
    while ((await ask('docker', ['version', '--format', '{{.Server.Version}}'], env)) === null) {
      signal.throwIfAborted();
      if (hasEnded || performance.now() > until) {
        throw new SetupError('the Docker daemon did not start', {
          cause: tellingLines(readFileSync(log, 'utf8')),
          todo: 'start Docker yourself, then run the same command again',
        });
      }
      await sleep(100, undefined, { signal });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { env, buildArgs: ['--network=host'], own: true, close };
}

/**
 * The daemon leaves the network namespace of its builds mounted.
 * @param {string} folder
 * @param {string} mounts  /proc/mounts
 * @returns {string[]} the deepest first
 */
export function mountsBelow(folder, mounts) {
  const points = mounts.split('\n').map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '));
  return points.filter((point) => point.startsWith(`${folder}/`)).reverse();
}

/**
 * @param {Promise<void>} event
 * @param {number} milliseconds
 * @returns {Promise<boolean>} whether it came in time
 */
async function within(event, milliseconds) {
  const stop = new AbortController();
  const late = sleep(milliseconds, false, { signal: stop.signal }).catch(() => false);
  const came = await Promise.race([event.then(() => true), late]);
  stop.abort();
  return came;
}
