/** The small C++ programs of the tests, compiled at their first use, and folders for a test's files. */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDir } from '../../scripts/paths.mjs';
import { run } from './program.ts';

const sources = join(import.meta.dirname, 'recorder');

/** Path of `recorder` or `metronome`; compiling takes about 5 s, once per version of the sources. */
export async function tool(name: 'recorder' | 'metronome'): Promise<string> {
  const hash = createHash('sha256');
  for (const file of readdirSync(sources).sort()) hash.update(readFileSync(join(sources, file)));
  const folder = join(cacheDir(), 'test-tools');
  const binary = join(folder, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (statSync(binary, { throwIfNoEntry: false })) return binary;
  mkdirSync(folder, { recursive: true });
  // Two runs may compile at once: each into a file of its own, and the rename is atomic.
  const fresh = `${binary}.${process.pid}`;
  const flags = ['-std=c++20', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];
  await run('g++', [...flags, '-o', fresh, join(sources, `${name}.cc`)]);
  renameSync(fresh, binary);
  return binary;
}

/** A folder that is gone with the scope (`using`). In memory (/dev/shm) when asked and possible. */
export class Scratch {
  readonly path: string;

  constructor(options: { memory?: boolean } = {}) {
    const base = options.memory && statSync('/dev/shm', { throwIfNoEntry: false }) ? '/dev/shm' : tmpdir();
    this.path = mkdtempSync(join(base, 'videopush-test-'));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a small file here. Returns its path. */
  write(name: string, text: string): string {
    const path = this.file(name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
