/**
 * A folder outside of the checkout with the project's packages in it, installed from their tarballs as
 * a user would install them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot, toolDir } from '../../scripts/paths.mjs';

/** The workspaces that are published. */
const PUBLISHED = ['native', 'resources', 'codec-worker', 'cli'];

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
 */
export function runOutside(cwd: string, words: readonly [string, ...string[]], node?: string): Ended {
  const [program, ...args] = words;
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    env: cleanEnvironment(node),
    encoding: 'utf8',
    timeout: 300_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  return { code: status, stdout, stderr };
}

/** As `runOutside`; anything but exit code 0 is an error with everything that was printed. */
export function mustRunOutside(...given: Parameters<typeof runOutside>): Ended {
  const ended = runOutside(...given);
  if (ended.code === 0) return ended;
  throw new Error(`${given[1].join(' ')} ended with ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
}

/**
 * Packs every published package as `npm pack` does.
 * @param folder  where the tarballs go; exists
 * @returns their absolute paths
 */
export function packAll(folder: string): string[] {
  const workspaces = PUBLISHED.flatMap((name) => ['--workspace', name]);
  mustRunOutside(repoRoot, ['npm', 'pack', ...workspaces, '--pack-destination', folder, '--loglevel=error']);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => join(folder, name));
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
