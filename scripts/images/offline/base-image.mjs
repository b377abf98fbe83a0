/**
 * The image that the Dockerfiles start from: the official one of Node 24 on Debian 13. Where no registry can
 * be reached, one like it is made here, from Debian's own packages and the Node that npm brought; it is kept
 * in the cache, and the same Dockerfiles start from it.
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir, nodeBinary, nodePackage } from '../../paths.mjs';
import { ask, run, SetupError } from '../../setup/command.mjs';

/** The same name stands in the Dockerfiles. */
export const OFFICIAL = 'node:24-trixie-slim';
const RELEASE = 'trixie';

/** What the official slim images leave out of packages, now and in every later installation. */
const DPKG_RULES = `path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/groff/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-include /usr/share/locale/locale.alias
`;

/** Packages are not worth keeping in an image once they are installed. */
const APT_RULES = `DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
`;

/** @returns {{ image: string, archive: string }} changes with Node's version and with this file */
function madeHere() {
  const { version } = JSON.parse(readFileSync(join(nodePackage, 'package.json'), 'utf8'));
  const recipe = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  const tag = `${version}-${RELEASE}-${process.arch}-${recipe.digest('hex').slice(0, 10)}`;
  return { image: `videopush/node:${tag}`, archive: join(cacheDir(), 'images', `base-${tag}.tar`) };
}

/**
 * @param {import('./docker-daemon.mjs').Daemon} daemon
 * @param {string} image
 * @returns {Promise<boolean>}
 */
async function there(daemon, image) {
  return (await ask('docker', ['image', 'inspect', '--format', '{{.Id}}', image], daemon.env)) !== null;
}

/**
 * Makes sure that the daemon has a base image.
 * @param {import('./docker-daemon.mjs').Daemon} daemon
 * @param {object} options
 * @param {boolean} options.pull  whether the official image may be pulled; false: only an existing image is
 *   used, or one is built here
 * @param {(line: string) => void} options.onLine
 * @returns {Promise<string>} its name
 * @throws {SetupError}
 */
export async function baseImage(daemon, { pull, onLine }) {
  const { image, archive } = madeHere();
  if (await there(daemon, OFFICIAL)) return OFFICIAL;
  if (await there(daemon, image)) return image;
  if (pull && !existsSync(archive) && (await pulled(daemon))) return OFFICIAL;
  if (!existsSync(archive)) {
    onLine(`base image: ${OFFICIAL} can't be had from a registry; making one like it (1 to 3 minutes) …`);
    await makeArchive(archive);
  }
  await run('docker', ['import', '--change', 'CMD ["node"]', archive, image], {
    what: 'the base image could not be loaded',
    todo: `\`rm ${archive}\`, then run the same command again`,
    log: 'image-import',
    limitMs: 5 * 60_000,
    env: daemon.env,
  });
  return image;
}

/** @param {import('./docker-daemon.mjs').Daemon} daemon @returns {Promise<boolean>} */
async function pulled(daemon) {
  try {
    const common = { what: `${OFFICIAL} could not be pulled`, todo: '', log: 'image-pull' };
    await run('docker', ['pull', OFFICIAL], { ...common, limitMs: 5 * 60_000, env: daemon.env });
    return true;
  } catch (error) {
    if (error instanceof SetupError) return false;
    throw error;
  }
}

/**
 * @param {string} archive  where the tar file of its root goes, whole or not at all
 * @returns {Promise<void>}
 * @throws {SetupError}
 */
async function makeArchive(archive) {
  if (process.getuid?.() !== 0) {
    throw new SetupError(`${OFFICIAL} can't be had from a registry`, {
      cause: 'making an image like it needs root',
      todo: `pull or load ${OFFICIAL} into the daemon, or run the same command once as root`,
    });
  }
  mkdirSync(dirname(archive), { recursive: true });
  const work = mkdtempSync(join(dirname(archive), 'base-'));
  const root = join(work, 'root');
  const common = {
    what: 'the base image could not be made',
    todo: 'check the network and that the Debian package debootstrap is installed, then run the same command again',
    limitMs: 15 * 60_000,
  };
  try {
    // In a mount namespace of its own: what it mounts in the new root is gone with it, however it ends.
    const args = ['--mount', 'debootstrap', '--variant=minbase', '--include=ca-certificates', RELEASE, root];
    await run('unshare', args, { ...common, log: 'image-debootstrap' });
    await run(
      'chroot',
      [root, 'sh', '-ec', 'groupadd --gid 1000 node; useradd -u 1000 -g node -s /bin/bash -m node'],
      {
        ...common,
        log: 'image-user',
      },
    );
    likeOfficial(root);
    await run(
      'find',
      [join(root, 'usr', 'share', 'doc'), '-type', 'f', '!', '-name', 'copyright', '-delete'],
      {
        ...common,
        log: 'image-documents',
      },
    );
    const made = join(work, 'root.tar');
    await run('tar', ['-C', root, '--numeric-owner', '-cf', made, '.'], { ...common, log: 'image-tar' });
    renameSync(made, archive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} root  of a fresh minimal Debian */
function likeOfficial(root) {
  writeFileSync(join(root, 'etc', 'dpkg', 'dpkg.cfg.d', 'docker'), DPKG_RULES);
  writeFileSync(join(root, 'etc', 'apt', 'apt.conf.d', 'docker-clean'), APT_RULES);
  const sources = join(root, 'etc', 'apt', 'sources.list');
  const [, mirror] = /^deb (\S+?)\/debian\/? /m.exec(readFileSync(sources, 'utf8')) ?? [];
  if (mirror) {
    const suites = [RELEASE, `${RELEASE}-updates`].map((suite) => `deb ${mirror}/debian ${suite} main\n`);
    const security = `deb ${mirror}/debian-security ${RELEASE}-security main\n`;
    writeFileSync(sources, [...suites, security].join(''));
  }
  // These two describe the machine that made them, and are of no use elsewhere.
  for (const file of ['hostname', 'resolv.conf']) rmSync(join(root, 'etc', file), { force: true });
  for (const folder of [
    'usr/share/man',
    'usr/share/info',
    'usr/share/locale',
    'var/cache/apt',
    'var/lib/apt/lists',
    'var/log',
  ]) {
    empty(join(root, folder));
  }
  copyFileSync(nodeBinary(), join(root, 'usr', 'local', 'bin', 'node'));
  copyFileSync(join(nodePackage, 'LICENSE'), join(root, 'usr', 'local', 'LICENSE'));
}

/** @param {string} folder */
function empty(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}
