import { expect, it } from 'vitest';
import { Bell } from './bell.ts';

const LONG = 600_000;

it('a ring ends the wait', async () => {
  const bell = new Bell();
  const waiting = bell.wait(LONG);
  bell.ring();
  await waiting;
});

it('a ring before the wait is not lost, and two are one', async () => {
  const bell = new Bell();
  bell.ring();
  bell.ring();
  await bell.wait(LONG);
  const began = performance.now();
  await bell.wait(20);
  expect(performance.now() - began).toBeGreaterThanOrEqual(15);
});

it('a wait ends by itself, and leaves nothing behind', async () => {
  const bell = new Bell();
  await bell.wait(1);
  bell.ring();
  await bell.wait(LONG);
});
