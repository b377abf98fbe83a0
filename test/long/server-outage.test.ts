/** A push loses nothing, piles up nothing and keeps its rate when its server is unreachable for minutes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { judge } from '../support/frame-verdict.ts';
import { memory, processTree } from '../support/meters.ts';
import { mediaMilliseconds, peakRate } from '../support/pacing-figures.ts';
import { Recorder } from '../support/recorder.ts';
import { settled } from '../support/sessions.ts';
import { Stream } from '../support/stream.ts';

const RATE = 25;
const SECONDS = 60;
const AWAY_MINUTES = 5;
/** The queue is bounded, so that waiting costs nothing; in bytes, over both roles. */
const MAX_GROWTH = 24 * 2 ** 20;

function resident(stream: Stream): number {
  const pids = [stream.decoder, stream.encoder].flatMap((role) => processTree(role.supervisor.pid));
  return pids.reduce((sum, pid) => sum + (memory(pid)?.resident ?? 0), 0);
}

it('a push survives five minutes without its server and goes on with the next frame, at its own rate', async () => {
  await using first = await Recorder.start();
  const { port } = first;
  await using stream = await Stream.start({
    source: {
      testPattern: { width: 640, height: 360, frameRate: `${RATE}`, durationSeconds: SECONDS },
      onEnd: 'Complete',
    },
    outputs: first.url(),
    encoder: { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 800_000 },
  });
  await first.untilUnits(10 * RATE, 60_000);
  await first.program.stop();
  await stream.encoder.untilStatus<{ ready: { ok: boolean } }>(
    'a lost server',
    ({ ready }) => !ready.ok,
    20_000,
  );
  const before = resident(stream);
  const pids = [stream.decoder.pid(), stream.encoder.pid()];
  await sleep(AWAY_MINUTES * 60_000);
  const grown = resident(stream) - before;
  // Waiting is no reason to start over.
  expect([stream.decoder.pid(), stream.encoder.pid()]).toEqual(pids);

  await using second = await Recorder.start({ port });
  await second.untilUnits(1, 20_000);
  const ledger = await stream.untilSettled((SECONDS + 30) * 1000);
  await second.untilClosed(20_000);
  const units = [...first.units(), ...second.units()];
  const frames = mediaMilliseconds(units).map((ms) => Math.round((ms * RATE) / 1000));
  const verdict = judge(frames, 0, SECONDS * RATE - 1);
  const rate = peakRate(second.units(), 2_000);
  console.log(
    `${(grown / 2 ** 20).toFixed(1)} MiB more after ${AWAY_MINUTES} minutes; ${JSON.stringify(ledger)}; ` +
      `missing ${verdict.missing}, repeated ${verdict.repeated}; at most ${rate.toFixed(2)} times the rate`,
  );
  expect(grown).toBeLessThan(MAX_GROWTH);
  expect(ledger).toMatchObject({ sent: SECONDS * RATE });
  expect(settled(ledger)).toBe(SECONDS * RATE);
  expect(rate).toBeLessThan(1.25);
  expect(verdict).toMatchObject({ swapped: [], foreign: [] });
  // What the lost server's socket had taken was sent, and nobody saw it.
  expect(verdict.missing.length).toBeLessThanOrEqual(2);
  expect(verdict.repeated.length).toBeLessThanOrEqual(1);
});
