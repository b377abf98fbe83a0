/**
 * The images as docker-archives in the cache outside the checkout, each under a key of its content: an image
 * that was built once is used by every checkout with the same sources.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../../paths.mjs';
import { takeLock } from '../../setup/lock.mjs';
import { buildImage, contentKey, imageName, saveImage } from '../build.mjs';
import { IMAGES, writeContext } from '../context.mjs';
import { programImages, programKey, writeProgramImage } from '../test-images.mjs';
import { baseImage } from './base-image.mjs';
import { openDaemon } from './docker-daemon.mjs';

/** How many archives of one image stay: other checkouts and running tests may use an older one. */
const KEPT = 3;

/** @typedef {{ name: string, archive: string }} Archived */
/** @typedef {import('../context.mjs').Image | 'mediaMtx' | 'nats' | 'busybox'} Archivable */

/** @returns {string} */
const folder = () => join(cacheDir(), 'images');

/**
 * Waits until no other process lays out, builds or saves images: all use the same folders and the same
 * daemon.
 * @param {AbortSignal} signal
 * @returns {Promise<() => void>} gives it back
 */
export async function lockImages(signal) {
  mkdirSync(folder(), { recursive: true });
  return takeLock(signal, join(folder(), 'lock'), 'Another process that builds images');
}

/**
 * Every image that tests use; builds what is missing.
 * @param {object} options
 * @param {AbortSignal} options.signal
 * @param {(line: string) => void} options.onLine
 * @returns {Promise<Record<Archivable, Archived>>}
 * @throws {import('../../setup/command.mjs').SetupError}
 */
export async function cachedImages({ signal, onLine }) {
  const release = await lockImages(signal);
  try {
    const own = await ownImages({ signal, onLine });
    /** @type {Partial<Record<Archivable, Archived>>} */
    const found = { ...own };
    for (const [key, image] of Object.entries(await programImages())) {
      const archive = place(key, programKey(image));
      if (!existsSync(archive)) await writeProgramImage(image, archive);
      found[/** @type {Archivable} */ (key)] = { name: image.name, archive };
    }
    prune(Object.values(found).map(({ archive }) => archive));
    return /** @type {Record<Archivable, Archived>} */ (found);
  } finally {
    release();
  }
}

/**
 * @param {{ signal: AbortSignal, onLine: (line: string) => void }} options
 * @returns {Promise<Record<import('../context.mjs').Image, Archived>>}
 */
async function ownImages({ signal, onLine }) {
  await Promise.all(IMAGES.map(writeContext));
  const desired = IMAGES.map((image) => ({
    image,
    name: imageName(image),
    archive: place(image, contentKey(image)),
  }));
  const missing = desired.filter(({ archive }) => !existsSync(archive));
  if (missing.length > 0) {
    const daemon = await openDaemon({ signal, onLine });
    try {
      const base = await baseImage(daemon, { pull: true, onLine });
      for (const { image, archive } of missing) {
        signal.throwIfAborted();
        onLine(`${imageName(image)}: building (seconds, or up to 5 minutes when its libraries change) …`);
        await saveImage(daemon, await buildImage(daemon, image, { base }), archive);
      }
    } finally {
      await daemon.close();
    }
  }
  const entries = desired.map(({ image, name, archive }) => [image, { name, archive }]);
  return Object.fromEntries(entries);
}

/** @param {string} image @param {string} key */
function place(image, key) {
  return join(folder(), 'archives', `${image.toLowerCase()}-${key}.tar`);
}

/**
 * Marks the archives in use as such, and deletes all but the last used ones of each image.
 * @param {readonly string[]} used
 */
function prune(used) {
  const now = new Date();
  for (const archive of used) utimesSync(archive, now, now);
  /** @type {Map<string, { file: string, at: number }[]>} */
  const byImage = new Map();
  for (const name of readdirSync(join(folder(), 'archives'))) {
    const image = /^([a-z]+)-[0-9a-f]{16}\.tar$/.exec(name)?.[1];
    if (image === undefined) continue;
    const file = join(folder(), 'archives', name);
    byImage.set(image, [...(byImage.get(image) ?? []), { file, at: statSync(file).mtimeMs }]);
  }
  for (const archives of byImage.values()) {
    const old = archives.sort((left, right) => right.at - left.at).slice(KEPT);
    for (const { file } of old) rmSync(file, { force: true });
  }
}
