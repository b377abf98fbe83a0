/**
 * An image unpacked to a folder, and programs run in it as a container would run them: its user, a read-only
 * root, a /tmp of its own, no network. It takes root, and neither Docker nor a cluster.
 */
import {
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Exit, Program, run } from './program.ts';

/** The part of an image's configuration that is read here, by the names of the OCI image specification. */
export interface ImageConfig {
  User?: string;
  Entrypoint?: string[];
  Env?: string[];
  StopSignal?: string;
  Labels?: Record<string, string>;
}

export interface Ran {
  exit: Exit;
  stdout: string;
  stderr: string;
}

/** What a layer leaves behind in place of a file that it takes away. */
const WHITEOUT = '.wh.';

export class ImageRoot {
  readonly config: ImageConfig;
  /** The names that the archive carries. */
  readonly names: string[];
  /** Absolute path of the unpacked root. */
  readonly path: string;
  readonly #folder: string;

  private constructor(folder: string, names: string[], config: ImageConfig) {
    this.#folder = folder;
    this.path = join(folder, 'root');
    this.names = names;
    this.config = config;
  }

  /** @param archive a docker-archive; a few seconds for one of 500 MB */
  static async unpack(archive: string): Promise<ImageRoot> {
    const folder = mkdtempSync(join(tmpdir(), 'videopush-image-'));
    try {
      const parts = join(folder, 'parts');
      for (const name of ['parts', 'root']) mkdirSync(join(folder, name));
      await run('tar', ['-C', parts, '-xf', archive]);
      const [image] = JSON.parse(readFileSync(join(parts, 'manifest.json'), 'utf8'));
      for (const layer of image.Layers) {
        const file = join(parts, layer);
        const { stdout } = await run('tar', ['-tf', file], { keepLines: Number.POSITIVE_INFINITY });
        const marks = stdout.filter((path) => basename(path).startsWith(WHITEOUT));
        hide(join(folder, 'root'), marks);
        const flags = ['--numeric-owner', `--exclude=${WHITEOUT}*`];
        await run('tar', ['-C', join(folder, 'root'), ...flags, '-xpf', file]);
      }
      const { config } = JSON.parse(readFileSync(join(parts, image.Config), 'utf8'));
      rmSync(parts, { recursive: true });
      return new ImageRoot(folder, image.RepoTags, config);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Starts a program of the image; signals reach it, no shell stands between.
   * @param command with `entrypoint`, the arguments of the image's own program
   */
  start(command: readonly string[], { entrypoint = false } = {}): Program {
    const { Entrypoint = [], Env = [], User = '0:0' } = this.config;
    // The mounts are in a namespace of their own and gone with the program.
    const script = [
      'mount --bind "$1" "$1"',
      'mount -o remount,bind,ro "$1"',
      'mount -t tmpfs tmpfs "$1/tmp"',
      'mount -t proc proc "$1/proc"',
      'root=$1 user=$2',
      'shift 2',
      'exec chroot --userspec="$user" "$root" /usr/bin/env -i "$@"',
    ].join(' && ');
    const words = [...Env, ...(entrypoint ? Entrypoint : []), ...command];
    const flags = ['--mount', '--net', '--propagation', 'private'];
    const args = [...flags, 'sh', '-c', script, 'sh', this.path, User, ...words];
    return new Program('unshare', args, { limitMilliseconds: 60_000 });
  }

  /** Runs a program of the image to its end, whatever its exit code. */
  async run(command: readonly string[], options: { entrypoint?: boolean } = {}): Promise<Ran> {
    await using program = this.start(command, options);
    const exit = await program.exited;
    return { exit, stdout: program.stdout.join('\n'), stderr: program.stderr.join('\n') };
  }

  /** Everything in it, as absolute paths of the image. */
  *files(): Generator<{ path: string; mode: number; isFile: boolean }> {
    for (const entry of walk(this.path)) {
      const path = join(entry.parentPath, entry.name);
      yield {
        path: path.slice(this.path.length),
        mode: lstatSync(path).mode & 0o7777,
        isFile: entry.isFile(),
      };
    }
  }

  text(path: string): string {
    return readFileSync(join(this.path, path), 'utf8');
  }

  /** Permission bits, those beyond rwx included. */
  mode(path: string): number {
    return statSync(join(this.path, path)).mode & 0o7777;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Everything below a folder. Symbolic links are not followed, because they may leave the image. */
function* walk(folder: string): Generator<Dirent> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    yield entry;
    if (entry.isDirectory()) yield* walk(join(folder, entry.name));
  }
}

/** Removes what a layer hides: `.wh.NAME` one file or folder, `.wh..wh..opq` the contents of its folder. */
function hide(root: string, marks: readonly string[]): void {
  for (const mark of marks) {
    const folder = join(root, dirname(mark));
    const name = basename(mark).slice(WHITEOUT.length);
    const hidden = name !== '.wh..opq' ? [name] : existsSync(folder) ? readdirSync(folder) : [];
    for (const each of hidden) rmSync(join(folder, each), { recursive: true, force: true });
  }
}
