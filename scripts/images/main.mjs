/**
 * `npm run images`: builds the container images of the operator and of the worker, and says how they get into
 * a cluster. Needs Docker, or root and the Debian packages docker.io and debootstrap.
 */
import { mkdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { repoRoot } from '../paths.mjs';
import { run, SetupError, stopRunning } from '../setup/command.mjs';
import { buildImage, imageSize, saveImage } from './build.mjs';
import { contextFolder, IMAGES, writeContext } from './context.mjs';
import { baseImage } from './offline/base-image.mjs';
import { openDaemon } from './offline/docker-daemon.mjs';
import { lockImages } from './offline/image-cache.mjs';
import { programImages, writeProgramImage } from './test-images.mjs';

const HELP = `Usage: npm run images [-- OPTION... [IMAGE]...]

Builds the images of the operator and the worker (IMAGE: operator, worker; both when none is named).

  --for tests        also MediaMTX, NATS and busybox, from the programs that the set-up made
  --save FOLDER      also writes each as a docker-archive to FOLDER; always done, to dist/images/archives,
                     when there is no Docker daemon to keep them
  --fresh            asks Debian for its packages again instead of taking the layers that exist
  --layout-only      only lays out dist/images/IMAGE, for your own docker build
  --help
`;

/** Aborted, with the signal's name as its reason, when this process is asked to end. */
const stop = new AbortController();

/** @typedef {{ name: string, file: string | null, bytes: number }} Made */

/** @typedef {import('./context.mjs').Image} Image */

/**
 * @typedef {object} Options
 * @property {Image[]} images
 * @property {boolean} forTests
 * @property {string | undefined} save
 * @property {boolean} fresh
 * @property {boolean} layoutOnly
 */

/** @returns {Options | null} null when only help was asked for */
function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      for: { type: 'string' },
      save: { type: 'string' },
      fresh: { type: 'boolean', default: false },
      'layout-only': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const images = IMAGES.filter((image) => positionals.length === 0 || positionals.includes(image));
  const unknown = positionals.find((name) => !IMAGES.some((image) => image === name));
  if (unknown !== undefined)
    throw new Error(`image ${unknown} does not exist; choose ${IMAGES.join(' or ')}`);
  if (values.for !== undefined && values.for !== 'tests') throw new Error(`--for ${values.for} is unknown`);
  return {
    images,
    forTests: values.for === 'tests',
    save: values.save === undefined ? undefined : resolve(values.save),
    fresh: values.fresh,
    layoutOnly: values['layout-only'],
  };
}

/** @param {number} bytes */
const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;

/** @param {string} line */
const say = (line) => console.log(line);

/** @param {string} name  of an image @returns {string} `worker.tar` */
const fileName = (name) => `${name.replace(/^.*\/|:.*$/g, '')}.tar`;

/**
 * @param {import('./offline/docker-daemon.mjs').Daemon} daemon
 * @param {Options} options
 * @returns {Promise<Made[]>}
 */
async function make(daemon, { images, forTests, save, fresh }) {
  const folder = save ?? (daemon.own ? join(repoRoot, 'dist', 'images', 'archives') : null);
  /** @type {Made[]} */
  const made = [];
  const base = await baseImage(daemon, { pull: true, onLine: say });
  for (const image of images) {
    stop.signal.throwIfAborted();
    say(`${image}: building on ${base} (seconds, or up to 5 minutes when its libraries change) …`);
    const name = await buildImage(daemon, image, { base, fresh });
    const file = folder && join(folder, fileName(name));
    if (file) await saveImage(daemon, name, file);
    made.push({ name, file, bytes: await imageSize(daemon, name) });
  }
  if (!forTests) return made;
  for (const image of Object.values(await programImages())) {
    stop.signal.throwIfAborted();
    const file = join(folder ?? join(repoRoot, 'dist', 'images', 'archives'), fileName(image.name));
    await writeProgramImage(image, file);
    if (!daemon.own) await load(daemon, file);
    made.push({ name: image.name, file, bytes: statSync(file).size });
  }
  return made;
}

/** @param {import('./offline/docker-daemon.mjs').Daemon} daemon @param {string} file */
async function load(daemon, file) {
  await run('docker', ['load', '--input', file], {
    what: `${file} could not be loaded into Docker`,
    todo: 'see what the daemon says, then run the same command again',
    log: 'image-load',
    limitMs: 5 * 60_000,
    env: daemon.env,
  });
}

/**
 * How the images get into a cluster, and how the operator is then installed with them.
 * @param {readonly Made[]} made
 * @param {boolean} inDocker  whether the machine's own daemon keeps them
 */
function report(made, inDocker) {
  for (const { name, file, bytes } of made) {
    say(`${name}: ${megabytes(bytes)}${file ? `, saved as ${relative(process.cwd(), file)}` : ''}`);
  }
  const names = made.map(({ name }) => name).join(' ');
  const files = made.flatMap(({ file }) => (file ? [relative(process.cwd(), file)] : []));
  say('\nInto a cluster of kind:');
  if (inDocker) say(`  kind load docker-image ${names}`);
  else for (const file of files) say(`  kind load image-archive ${file}`);
  say("Into a node's containerd:");
  if (inDocker) say(`  docker save ${names} | ctr -n k8s.io images import -`);
  else for (const file of files) say(`  ctr -n k8s.io images import ${file}`);
  say('Then:');
  const helm = 'helm install videopush charts/videopush --namespace videopush-system --create-namespace';
  say(`  ${[helm, ...made.flatMap(({ name }) => chartValues(name))].join(' ')}`);
}

/** Where the chart names each image. @type {Record<string, string>} */
const CHART_VALUES = {
  operator: 'image',
  worker: 'worker.image',
  mediamtx: 'mediaServer.image',
  nats: 'nats.image',
};

/** @param {string} name  of an image @returns {string[]} what makes the chart use it */
function chartValues(name) {
  const [repository = '', tag = ''] = name.split(':');
  const value = CHART_VALUES[repository.replace('videopush/', '')];
  return value === undefined
    ? []
    : ['--set', `${value}.repository=${repository}`, '--set-string', `${value}.tag=${tag}`];
}

/** @param {Options} options */
async function main(options) {
  mkdirSync(join(repoRoot, 'dist', 'images'), { recursive: true });
  const release = await lockImages(stop.signal);
  try {
    for (const image of options.images) await writeContext(image);
    if (options.layoutOnly) {
      for (const image of options.images) {
        say(`${image}: laid out in ${relative(process.cwd(), contextFolder(image))}`);
        say(`  docker build --file Dockerfile.${image} --tag videopush/${image} .`);
      }
      return;
    }
    const daemon = await openDaemon({ signal: stop.signal, onLine: say });
    try {
      report(await make(daemon, options), !daemon.own);
    } finally {
      await daemon.close();
    }
  } finally {
    release();
  }
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    stop.abort(signal);
    stopRunning();
  });
}

try {
  /** @type {Options | null} */
  let options;
  try {
    options = readOptions();
  } catch (error) {
    console.error(
      `npm run images: ${error instanceof Error ? error.message : error} (--help lists the options)`,
    );
    process.exit(64);
  }
  if (options === null) process.stdout.write(HELP);
  else await main(options);
} catch (error) {
  process.exitCode = 1;
  if (stop.signal.aborted) {
    console.error(`Building the images was stopped by ${stop.signal.reason}.`);
    process.exitCode = 128 + constants.signals[/** @type {NodeJS.Signals} */ (stop.signal.reason)];
  } else if (error instanceof SetupError) {
    console.error(error.describe('Building the images'));
  } else {
    console.error(
      `Building the images was stopped by a defect of its own: ${error instanceof Error ? error.message : error}`,
    );
  }
}
