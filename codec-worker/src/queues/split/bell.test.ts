import { expect, it } from 'vitest';
import { Bell } from './bell.ts';

const LONG = 600_000;

it('a wait for the bell ends when it rings', async () => {
  const bell = new Bell();
  const waiting = bell.wait(LONG);
  bell.ring();
  await waiting;
});

it('a bell that rang twice before a wait ends this wait, and not the next one', async () => {
  const bell = new Bell();
  bell.ring();
  bell.ring();
  await bell.wait(LONG);
  const began = performance.now();
  await bell.wait(20);
  expect(performance.now() - began).toBeGreaterThanOrEqual(15);
});

it('a wait for the bell ends at its time limit, and the next wait still ends when it rings', async () => {
  const bell = new Bell();
  await bell.wait(1);
  bell.ring();
  await bell.wait(LONG);
});
