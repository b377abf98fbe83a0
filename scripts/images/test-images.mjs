/**
 * The images that only tests need: one statically linked program each, of the version that this project pins,
 * on nothing. They are written as docker-archives directly, which takes no Docker.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { kubernetesPin, kubernetesTool, mediamtxBinary, mediamtxPin } from '../paths.mjs';
import { ask, run, SetupError } from '../setup/command.mjs';

/**
 * @typedef {object} ProgramImage
 * @property {string} name        with its tag
 * @property {string} binary      on this machine
 * @property {string} path        in the image
 * @property {string[]} links     further names of the program, in its folder
 * @property {{ Entrypoint?: string[], Cmd?: string[], User?: string }} config  as
 *   Docker's image configuration names it
 */

const BUSYBOX = '/bin/busybox';

/**
 * @returns {Promise<Record<'mediaMtx' | 'nats' | 'busybox', ProgramImage>>}
 * @throws {Error} when a program is missing
 */
export async function programImages() {
  return {
    mediaMtx: {
      name: `videopush/mediamtx:${mediamtxPin().version.slice(1)}`,
      binary: mediamtxBinary(),
      path: 'mediamtx',
      links: [],
      config: { Entrypoint: ['/mediamtx'], User: '1000:1000' },
    },
    nats: {
      name: `videopush/nats:${kubernetesPin('github.com/nats-io/nats-server/v2').slice(1)}`,
      binary: kubernetesTool('nats-server'),
      path: 'usr/local/bin/nats-server',
      links: [],
      config: { Entrypoint: ['nats-server'], User: '1000:1000' },
    },
    busybox: await busybox(),
  };
}

/** Debian's static busybox, every applet under its own name. @returns {Promise<ProgramImage>} */
async function busybox() {
  const list = existsSync(BUSYBOX) ? await ask(BUSYBOX, ['--list']) : null;
  const version = /BusyBox v(\d+\.\d+\.\d+)/.exec((await ask(BUSYBOX, ['--help'])) ?? '')?.[1];
  if (list === null || version === undefined) {
    throw new SetupError('the image of busybox cannot be made', {
      cause: `${BUSYBOX} does not exist or does not run`,
      todo: 'run `npm run setup -- --for test` (or apt-get install busybox-static)',
    });
  }
  const links = list.split('\n').filter((name) => /^[\w[.-]+$/.test(name) && name !== 'busybox');
  return {
    name: `videopush/busybox:${version}`,
    binary: BUSYBOX,
    path: 'bin/busybox',
    links,
    config: { Cmd: ['sh'] },
  };
}

/**
 * @param {ProgramImage} image
 * @returns {string} changes with the program and with how it is packed
 */
export function programKey({ name, binary, config }) {
  const { size, mtimeMs } = statSync(binary);
  const recipe = statSync(fileURLToPath(import.meta.url)).size;
  const text = JSON.stringify([name, binary, size, mtimeMs, recipe, config]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/**
 * Writes the image as a docker-archive, whole or not at all.
 * @param {ProgramImage} image
 * @param {string} file  absolute
 * @returns {Promise<void>}
 * @throws {SetupError}
 */
export async function writeProgramImage(image, file) {
  mkdirSync(dirname(file), { recursive: true });
  const work = mkdtempSync(join(dirname(file), 'program-'));
  try {
    const root = join(work, 'root');
    mkdirSync(join(root, dirname(image.path)), { recursive: true });
    mkdirSync(join(root, 'tmp'));
    chmodSync(join(root, 'tmp'), 0o1777); // mkdir would let the umask have its say
    copyFileSync(image.binary, join(root, image.path));
    const target = image.path.split('/').pop() ?? '';
    for (const link of image.links) symlinkSync(target, join(root, dirname(image.path), link));
    const layer = join(work, 'layer.tar');
    await pack(
      layer,
      root,
      ['.'],
      ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'],
    );
    const description = describe(image, await sha256(layer));
    const name = `${createHash('sha256').update(description).digest('hex')}.json`;
    writeFileSync(join(work, name), description);
    const manifest = [{ Config: name, RepoTags: [image.name], Layers: ['layer.tar'] }];
    writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest));
    const made = join(work, 'image.tar');
    await pack(made, work, ['manifest.json', name, 'layer.tar'], []);
    renameSync(made, file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {ProgramImage} image
 * @param {string} layer  SHA-256 of its only layer
 * @returns {string} the image configuration of the OCI image specification
 */
function describe(image, layer) {
  return JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { ...image.config, Env: ['PATH=/usr/local/bin:/usr/bin:/bin'], WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
    history: [{ created_by: 'videopush: npm run images' }],
  });
}

/**
 * @param {string} file
 * @param {string} folder
 * @param {readonly string[]} names
 * @param {readonly string[]} flags
 */
async function pack(file, folder, names, flags) {
  await run('tar', ['-C', folder, ...flags, '-cf', file, ...names], {
    what: 'an image could not be packed',
    todo: `check that ${folder} has room, then run the same command again`,
    log: 'image-pack',
    limitMs: 5 * 60_000,
  });
}

/** @param {string} file */
async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
