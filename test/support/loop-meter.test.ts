import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LoopMeter } from './loop-meter.ts';

it('the loop meter tells a blocked event loop from a free one', async () => {
  using free = new LoopMeter();
  await sleep(300);
  expect(free.p99()).toBeLessThan(25);
  using blocked = new LoopMeter();
  await sleep(20);
  const end = performance.now() + 80;
  while (performance.now() < end);
  await sleep(20);
  expect(blocked.max()).toBeGreaterThan(60);
});
