/** Busy loops beside a bench, and the clips it pushes. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../../../scripts/paths.mjs';
import { Program, run } from '../program.ts';

/** Busy loops, each a process of its own that does nothing but count; they end with the scope. */
export class Hogs {
  #programs: Program[];

  constructor(count: number) {
    this.#programs = Array.from(
      { length: count },
      () => new Program(process.execPath, ['-e', 'for (;;);'], { limitMilliseconds: 0 }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program[Symbol.asyncDispose]()));
  }
}

export interface BenchClip {
  width: number;
  height: number;
  fps: number;
  seconds: number;
  /** Bits per second. */
  bitRate: number;
}

/**
 * A clip of ffmpeg's moving test picture with B-frames, as a camera's or an editor's file has;
 * kept in the cache.
 */
export async function benchClip(clip: BenchClip): Promise<string> {
  const folder = join(cacheDir(), 'bench-clips');
  const name = `testsrc2-${clip.width}x${clip.height}-${clip.fps}fps-${clip.seconds}s-${clip.bitRate}.mp4`;
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const fresh = join(folder, `${process.pid}-${name}`);
  const source = `testsrc2=size=${clip.width}x${clip.height}:rate=${clip.fps}`;
  const encode = ['-c:v', 'libx264', '-preset', 'medium', '-b:v', `${clip.bitRate}`, '-pix_fmt', 'yuv420p'];
  console.log(`making ${name} (once, about as long as it plays)`);
  await run(
    'ffmpeg',
    ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', source, '-t', `${clip.seconds}`, ...encode, fresh],
    { limitMilliseconds: 0 },
  );
  renameSync(fresh, path);
  return path;
}
