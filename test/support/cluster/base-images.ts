/** The two images on every node: the one that holds a pod's namespaces, and a shell for tests. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { programImages, programKey, writeProgramImage } from '../../../scripts/images/test-images.mjs';
import { cacheDir } from '../../../scripts/paths.mjs';
import { execute } from './command.ts';
import { PAUSE_IMAGE } from './containerd.ts';

const COMPILE_MILLISECONDS = 60_000;

/** The archives of both images, built unless the cache has them, and the name of the shell's image. */
export async function baseImages(signal?: AbortSignal): Promise<{ archives: string[]; busybox: string }> {
  const folder = join(cacheDir(), 'cluster-images');
  mkdirSync(folder, { recursive: true });
  const { busybox } = await programImages();
  const shell = join(folder, `busybox-${programKey(busybox)}.tar`);
  if (!existsSync(shell)) await writeProgramImage(busybox, shell);
  return { archives: [await pauseArchive(folder, signal), shell], busybox: busybox.name };
}

async function pauseArchive(folder: string, signal?: AbortSignal): Promise<string> {
  const source = join(import.meta.dirname, 'pause.c');
  const key = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const [binary, archive] = [join(folder, `pause-${key}`), join(folder, `pause-${key}.tar`)];
  if (existsSync(archive)) return archive;
  const fresh = `${binary}.${process.pid}`;
  await execute('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-static', '-s', '-o', fresh, source], {
    limitMilliseconds: COMPILE_MILLISECONDS,
    ...(signal ? { signal } : {}),
  });
  renameSync(fresh, binary);
  const config = { Entrypoint: ['/pause'], User: '65535:65535' };
  await writeProgramImage({ name: PAUSE_IMAGE, binary, path: 'pause', links: [], config }, archive);
  return archive;
}
