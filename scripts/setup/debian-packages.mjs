/** Debian packages: which are needed for what, which are missing, and how they are installed. */

import { runSync } from '../child.mjs';
import { ask, run, SetupError } from './command.mjs';

/** What building the addon and pushing need. */
const RUNTIME = [
  'build-essential',
  'ca-certificates',
  'cmake',
  'ninja-build',
  'pkg-config',
  'libavcodec-dev',
  'libavfilter-dev',
  'libavformat-dev',
  'libavutil-dev',
  'libswscale-dev',
  'libcurl4-openssl-dev',
  'libsrt-gnutls-dev',
];

/** What a Kubernetes node for tests and the images for it need; docker.io also brings containerd and runc. */
const CLUSTER = [
  ...['containernetworking-plugins', 'iptables', 'conntrack', 'openssl', 'util-linux', 'mount'],
  ...['docker.io', 'debootstrap', 'busybox-static'],
];

/**
 * What only the tests need: C++ unit tests, rivals and observers, recording servers, linters, shells,
 * network tools, a browser, a cluster.
 */
const TESTS = [
  ...['doctest-dev', 'ffmpeg', 'shellcheck', 'zsh', 'fish', 'iproute2', 'chromium'],
  ...['srt-tools', 'nginx-light', 'libnginx-mod-rtmp'],
  ...CLUSTER,
];

/** @typedef {'demo' | 'test'} Purpose */

/**
 * @param {Purpose} purpose
 * @returns {string[]}
 */
export function neededPackages(purpose) {
  return purpose === 'test' ? [...RUNTIME, ...TESTS] : RUNTIME;
}

/**
 * Which packages of `names` are not installed.
 * @param {readonly string[]} names
 * @param {string} listing  `dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n'`
 * @returns {string[]}
 */
export function missingPackages(names, listing) {
  const installed = new Set();
  for (const line of listing.split('\n')) {
    const [name, status] = line.split(' ');
    if (status === 'ii' || status === 'hi') installed.add(name);
  }
  return names.filter((name) => !installed.has(name));
}

/**
 * The words that run a command as root: none for root itself, else sudo, which may ask for a
 * password on a terminal.
 * @returns {string[]}
 * @throws {SetupError} when neither works
 */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  const interactive = process.stdin.isTTY && process.stderr.isTTY;
  const trial = runSync('sudo', interactive ? ['-v'] : ['-n', 'true'], {
    stdio: interactive ? 'inherit' : 'ignore',
    timeout: 120_000,
  });
  if (trial.code === 0) return ['sudo', '-n'];
  throw new SetupError('Debian packages are missing and installing them needs root', {
    cause: trial.error ? 'sudo was not found on this machine' : 'sudo did not let this user in',
    todo: 'run the command as root, or as a user who may use sudo',
  });
}

/** Proxy settings, which sudo would otherwise drop. @returns {string[]} */
function proxySettings() {
  const names = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy'];
  return names.filter((name) => process.env[name]).map((name) => `${name}=${process.env[name]}`);
}

/**
 * @param {Purpose} purpose
 * @returns {Promise<string[]>} the missing packages' names
 */
export async function findMissing(purpose) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own fields
  const listing = await ask('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Abbrev}\\n']);
  return missingPackages(neededPackages(purpose), listing ?? '');
}

/**
 * @param {readonly string[]} names
 * @returns {Promise<void>}
 * @throws {SetupError}
 */
export async function installPackages(names) {
  const [file, ...before] = [...asRoot(), 'env', ...proxySettings(), 'DEBIAN_FRONTEND=noninteractive'];
  /** @param {string[]} args @param {string} log */
  const apt = (args, log) =>
    run(file, [...before, 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      what: `apt-get could not install ${names.join(', ')}`,
      todo: 'check the network and /etc/apt/sources.list, try `apt-get update`, then run the same command again',
      log,
      limitMs: 30 * 60_000,
    });
  /** @type {unknown} */
  let updateError;
  try {
    await apt(['update', '-o', 'APT::Update::Error-Mode=any'], 'apt-update');
  } catch (error) {
    // A third-party source that is gone makes the update fail though Debian's own lists arrived:
    // whether the packages can be had is for the installation to say.
    updateError = error;
  }
  try {
    await apt(['install', '-y', '--no-install-recommends', ...names], 'apt-install');
  } catch (error) {
    throw updateError ?? error;
  }
}
