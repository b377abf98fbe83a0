/**
 * A Debian with nothing but its base system, what the README asks for (Node, npm, Python with pip, Go) and
 * git: made by debootstrap and kept in the cache. What runs in it has mounts and processes of its own, which
 * the kernel takes away together with it, however it ends.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { binFolder, cacheDir, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { ask } from '../../scripts/setup/command.mjs';
import { treeHash } from '../../scripts/test/reports.mjs';
import { Program, run } from './program.ts';

const SUITES = { 12: 'bookworm', 13: 'trixie' } as const;
export type DebianVersion = keyof typeof SUITES;

/** Where a reader has unpacked it, within the system. */
const CHECKOUT = '/srv/videopush';
const BASE_PACKAGES = ['ca-certificates', 'git', 'python3', 'python3-pip'];
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** A shell script that makes a folder the root and executes a command. Its arguments are root and command. */
const ENTER = `set -e
root=$1
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/run/old"
cd "$root"
pivot_root . run/old
umount --lazy /run/old
cd ${CHECKOUT}
exec /bin/bash -c "$2"`;

/** Dies with this process, and everything in it with it. */
const ALONE = [
  ...['setpriv', '--pdeathsig', 'KILL', '--'],
  ...['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'],
] as const;

/** @returns file and arguments of a command that is alone with its mounts and processes */
const alone = (...command: string[]): [string, string[]] => [ALONE[0], [...ALONE.slice(1), ...command]];

/** The folder of the machine's own npm, not of the one that npm's scripts see. */
async function npmFolder(): Promise<string> {
  const others = (process.env.PATH ?? '').split(':').filter((folder) => folder !== binFolder);
  const modules = await ask('npm', ['root', '--global'], { ...process.env, PATH: others.join(':') });
  if (modules === null) throw new Error('npm does not say where its own modules are');
  return realpathSync(join(modules, 'npm'));
}

/** Node, npm and Go as their downloads lay them out below /usr/local. */
async function installLanguages(root: string): Promise<void> {
  const local = join(root, 'usr', 'local');
  const goRoot = await ask('go', ['env', 'GOROOT'], { ...process.env, GOTOOLCHAIN: 'local' });
  if (goRoot === null) throw new Error('go does not say where it is');
  cpSync(realpathSync(nodeBinary()), join(local, 'bin', 'node'));
  await run('cp', ['-a', realpathSync(goRoot), join(local, 'go')]);
  mkdirSync(join(local, 'lib', 'node_modules'), { recursive: true });
  await run('cp', ['-a', await npmFolder(), join(local, 'lib', 'node_modules', 'npm')]);
  for (const name of ['npm', 'npx'])
    await run('ln', ['-s', `../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name)]);
}

/** Creates the system unless it exists, which takes about a minute. */
async function system(version: DebianVersion): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('a bare Debian can only be made by root');
  const root = join(cacheDir(), 'debian', SUITES[version]);
  if (existsSync(root)) return root;
  mkdirSync(dirname(root), { recursive: true });
  const fresh = `${root}.new`;
  rmSync(fresh, { recursive: true, force: true });
  const options = ['--variant=minbase', `--include=${BASE_PACKAGES.join(',')}`];
  await run(...alone('debootstrap', ...options, SUITES[version], fresh), { limitMilliseconds: 600_000 });
  await installLanguages(fresh);
  // The system reaches the network as the machine around it does, and trusts the same certificates.
  for (const file of ['/etc/resolv.conf', '/etc/hosts', CERTIFICATES])
    cpSync(realpathSync(file), join(fresh, file));
  renameSync(fresh, root);
  return root;
}

/** Copies the current checkout into the system, unless the copy exists, and removes older builds. */
async function unpack(root: string): Promise<void> {
  const hash = treeHash(repoRoot) ?? '';
  const mark = join(root, 'srv', 'tree');
  if (hash !== '' && existsSync(mark) && readFileSync(mark, 'utf8') === hash) return;
  const folder = join(root, CHECKOUT);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const copy =
    'git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$1"';
  await run('bash', ['-o', 'pipefail', '-c', copy, 'copy', folder], { cwd: repoRoot });
  writeFileSync(mark, hash);
}

/** Settings by which this machine reaches the network; they are no part of the system. */
function network(): NodeJS.ProcessEnv {
  const names =
    /^(https?_proxy|no_proxy|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|PIP_CERT|CURL_CA_BUNDLE|GOPROXY|GOFLAGS)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)));
}

/**
 * Runs a command in the checkout within the system; its output goes to this one's.
 * @throws when it does not end with 0 in time
 */
export async function runInDebian(
  version: DebianVersion,
  command: string,
  limitMilliseconds: number,
): Promise<void> {
  const root = await system(version);
  await unpack(root);
  const home = '/srv/home';
  mkdirSync(join(root, home), { recursive: true });
  await using program = new Program(...alone('bash', '-c', ENTER, 'enter', root, command), {
    env: {
      ...network(),
      HOME: home,
      LANG: 'C.UTF-8',
      PATH: '/usr/local/bin:/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    },
    limitMilliseconds: 0,
  });
  program.onLine((line) => console.log(line));
  const exit = await program.waitForExit(limitMilliseconds);
  if (exit.code !== 0) throw new Error(program.tail(60));
}
