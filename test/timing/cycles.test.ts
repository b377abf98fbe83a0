/**
 * Point 6 of what must hold: 1,000 times open, push, close leave nothing behind. Half of them are pairs of
 * sessions, half pushers of frames, in a process of its own, so that nobody else's memory is measured.
 *
 * How it is judged: resident memory is read after every tenth cycle with the garbage collected; 500 cycles
 * warm up (code, caches, the shared-memory pages), then a straight line is fitted to 1,000 more. glibc keeps
 * an arena per thread, and which thread meets which arena is chance that moves the resident set by 10 MB: one
 * arena, given back early, leaves about 5 MB of noise. The slope must be under 4 KiB per cycle; a forgotten
 * frame (86 KiB), packet, context or thread is more. A run above the limit is repeated up to twice: a leak
 * shows in every run, a heap that settles late does not.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEnvironment, nodeBinary } from '../../scripts/paths.mjs';
import { fitLine } from '../support/line-fit.ts';
import { Program } from '../support/program.ts';
import { Recorder } from '../support/recorder.ts';
import { Scratch } from '../support/tools.ts';

const WARM_UP = 500;
const CYCLES = 1_000;
const LIMIT = 4_096;
const RUNS = 3;

const oneArena = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

async function residentAfterCycles(url: string): Promise<{ cycle: number; resident: number }[]> {
  const script = join(import.meta.dirname, '..', 'support', 'cycles.ts');
  const node = ['--expose-gc', '--max-semi-space-size=1'];
  await using program = new Program(nodeBinary(), [...node, script, url, `${WARM_UP + CYCLES}`], {
    env: childEnvironment(oneArena),
    limitMilliseconds: 280_000,
    keepLines: 10_000,
  });
  const exit = await program.exited;
  if (exit.code !== 0) throw new Error(program.tail());
  return program.stdout.map((line) => JSON.parse(line) as { cycle: number; resident: number });
}

/** Bytes per cycle, of one run. */
async function growth(name: string, url: string): Promise<number> {
  const points = (await residentAfterCycles(url)).filter(({ cycle }) => cycle > WARM_UP);
  expect(points.length).toBe(CYCLES / 10);
  const { slope, error } = fitLine(
    points.map(({ cycle }) => cycle),
    points.map(({ resident }) => resident),
  );
  const last = ((points.at(-1)?.resident ?? 0) / 2 ** 20).toFixed(1);
  console.log(`${name}: ${slope.toFixed(0)} ± ${error.toFixed(0)} bytes per cycle, ${last} MiB at the end`);
  return slope;
}

async function expectNoGrowth(name: string, url: string): Promise<void> {
  const slopes: number[] = [];
  while (slopes.length < RUNS && !slopes.some((slope) => slope < LIMIT)) slopes.push(await growth(name, url));
  expect(Math.min(...slopes)).toBeLessThan(LIMIT);
}

describe.concurrent('1,000 cycles of open, push and close: the resident set does not grow', () => {
  it('1,000 cycles of open, push and close to a file do not grow the resident set', async () => {
    using scratch = new Scratch({ memory: true });
    await expectNoGrowth('file', scratch.file('out.mkv'));
  });

  it('1,000 cycles of open, push and close over RTSP do not grow the resident set', async () => {
    await using recorder = await Recorder.start();
    await expectNoGrowth('rtsp', recorder.url());
    expect(recorder.recording.closes.length).toBeGreaterThanOrEqual(WARM_UP + CYCLES);
  });
});
