/** Building an image from its laid-out context, saving it, and what its content is known by. */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repoRoot } from '../paths.mjs';
import { ask, run } from '../setup/command.mjs';
import { contextFolder, imageVersion } from './context.mjs';

/** @typedef {import('./context.mjs').Image} Image */
/** @typedef {import('./offline/docker-daemon.mjs').Daemon} Daemon */

/** @param {Image} image @returns {string} such as `videopush/worker:0.1.0` */
export function imageName(image) {
  return `videopush/${image}:${imageVersion()}`;
}

/**
 * @param {Daemon} daemon
 * @param {Image} image  laid out already
 * @param {object} options
 * @param {string} options.base
 * @param {boolean} [options.fresh]  asks Debian again instead of taking the layers that exist
 * @returns {Promise<string>} its name
 * @throws {import('../setup/command.mjs').SetupError}
 */
export async function buildImage(daemon, image, { base, fresh = false }) {
  const name = imageName(image);
  const args = ['build', ...daemon.buildArgs, '--file', join(repoRoot, `Dockerfile.${image}`), '--tag', name];
  /** @param {string} key @param {string} value */
  const set = (key, value) => args.push('--build-arg', `${key}=${value}`);
  set('NODE_IMAGE', base);
  set('VERSION', imageVersion());
  for (const proxy of ['http_proxy', 'https_proxy', 'no_proxy']) {
    const value = process.env[proxy];
    if (value) set(proxy, value);
  }
  if (fresh) args.push('--no-cache');
  await run('docker', [...args, repoRoot], {
    what: `the image ${name} could not be built`,
    todo: 'check that Debian’s packages can be had inside a build; the log says which step failed',
    log: `image-${image}`,
    limitMs: 30 * 60_000,
    env: daemon.env,
  });
  return name;
}

/**
 * Writes a docker-archive, whole or not at all.
 * @param {Daemon} daemon
 * @param {string} name
 * @param {string} file  absolute
 * @returns {Promise<void>}
 * @throws {import('../setup/command.mjs').SetupError}
 */
export async function saveImage(daemon, name, file) {
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}`;
  await run('docker', ['save', '--output', part, name], {
    what: `the image ${name} could not be saved`,
    todo: `check that ${dirname(file)} has 1 GB of room, then run the same command again`,
    log: 'image-save',
    limitMs: 10 * 60_000,
    env: daemon.env,
  });
  chmodSync(part, 0o644); // Docker leaves it to its owner alone
  renameSync(part, file);
}

/**
 * @param {Daemon} daemon
 * @param {string} name
 * @returns {Promise<number>} bytes, all layers unpacked; 0 when the daemon does not say
 */
export async function imageSize(daemon, name) {
  return Number(await ask('docker', ['image', 'inspect', '--format', '{{.Size}}', name], daemon.env)) || 0;
}

/**
 * A hash over everything of ours that an image is made from. Debian's packages are not in it: an image that
 * is already there need not be made again because Debian has a newer one.
 * @param {Image} image  laid out already
 * @returns {string} 16 hexadecimal digits
 */
export function contentKey(image) {
  const hash = createHash('sha256').update(`${process.arch}\0${imageVersion()}\0`);
  const recipes = [
    join(repoRoot, `Dockerfile.${image}`),
    fileURLToPath(new URL('offline/base-image.mjs', import.meta.url)),
  ];
  for (const file of recipes) hash.update(readFileSync(file)).update('\0');
  const context = contextFolder(image);
  const names = readdirSync(context, { recursive: true, encoding: 'utf8' }).sort();
  for (const name of names) {
    const file = join(context, name);
    const stat = lstatSync(file);
    if (stat.isFile())
      hash
        .update(`${name}\0${stat.mode & 0o111}\0`)
        .update(readFileSync(file))
        .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}
