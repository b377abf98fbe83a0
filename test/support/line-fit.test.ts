import { expect, it } from 'vitest';
import { fitLine } from './line-fit.ts';
import { seeded } from './random.ts';

it('a fitted line has no slope beyond its error through noise, but has one through a leak of 4 KiB per cycle', () => {
  const random = seeded(5);
  const cycles = Array.from({ length: 70 }, (_, i) => 300 + i * 10);
  const noise = cycles.map(() => 80e6 + random.next() * 2e6);
  const flat = fitLine(cycles, noise);
  expect(Math.abs(flat.slope)).toBeLessThan(3 * flat.error);
  const leak = fitLine(
    cycles,
    noise.map((bytes, i) => bytes + (cycles[i] as number) * 4096),
  );
  expect(leak.slope).toBeGreaterThan(Math.max(1024, 2 * leak.error));
});
