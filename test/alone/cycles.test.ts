/**
 * Point 6 of what must hold: 1,000 times open, push, close leave nothing behind. In a process of its own, so that nobody
 * else's memory is measured.
 *
 * How it is judged: resident memory is read after each tenth cycle with the garbage collected; the first 300 cycles warm
 * up (arenas, code, caches). A straight line is fitted to the rest. A leak grows with the cycles, allocator noise does
 * not: the slope must be under 1 KiB per cycle or within twice its own standard error of zero. One leaked small packet or
 * frame per cycle (320x180: 86 KiB) is far above.
 */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEnvironment, nodeBinary } from '../../scripts/paths.mjs';
import { fitLine } from '../support/line-fit.ts';
import { Program } from '../support/program.ts';

const CYCLES = 1_000;
const WARM_UP = 300;

async function residentAfterCycles(kind: string): Promise<{ cycle: number; resident: number }[]> {
  const script = join(import.meta.dirname, '..', 'support', 'cycles.ts');
  await using program = new Program(nodeBinary(), ['--expose-gc', script, kind, `${CYCLES}`], {
    env: childEnvironment(),
    limitMilliseconds: 800_000,
    keepLines: 10_000,
  });
  const exit = await program.exited;
  if (exit.code !== 0) throw new Error(program.tail());
  return program.stdout.map((line) => JSON.parse(line) as { cycle: number; resident: number });
}

describe('point 6: 1,000 cycles of open, push and close', () => {
  it.each(['file', 'rtsp'])('to %s: the resident set does not grow', async (kind) => {
    const points = (await residentAfterCycles(kind)).filter(({ cycle }) => cycle > WARM_UP);
    expect(points.length).toBe((CYCLES - WARM_UP) / 10);
    const { slope, error } = fitLine(
      points.map(({ cycle }) => cycle),
      points.map(({ resident }) => resident),
    );
    console.log(
      `${kind}: ${(slope / 1024).toFixed(3)} ± ${(error / 1024).toFixed(3)} KiB per cycle, ${((points.at(-1)?.resident ?? 0) / 2 ** 20).toFixed(1)} MiB at the end`,
    );
    expect(slope).toBeLessThan(Math.max(1024, 2 * error));
  });
});
