import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { serve } from './server.ts';

const HOUR = 3600;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Whether `serve` is still waiting, `seconds` after it began. */
async function waitsAt(seconds: number, limit?: number): Promise<boolean> {
  const stop = new AbortController();
  let ended = false;
  const done = serve([], stop.signal, limit).then(() => {
    ended = true;
  });
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  const waiting = !ended;
  stop.abort();
  await done;
  return waiting;
}

it('a server without a limit is still running after a year', async () => {
  expect(await waitsAt(365 * 24 * HOUR)).toBe(true);
});

it("a server's limit that is longer than one timer of Node lasts to its end and no longer", async () => {
  expect(await waitsAt(1, 600 * HOUR)).toBe(true);
  expect(await waitsAt(600 * HOUR - 1, 600 * HOUR)).toBe(true);
  expect(await waitsAt(600 * HOUR + 1, 600 * HOUR)).toBe(false);
});

it("a stop ends the server's wait at once", async () => {
  const stop = new AbortController();
  const done = serve([], stop.signal);
  stop.abort();
  await expect(done).resolves.toBeUndefined();
});
