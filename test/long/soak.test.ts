/** A push of ten minutes by two processes: what they hold stays as it is, and so does their timing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { fitLine } from '../support/line-fit.ts';
import { memory, processTree, threadCount } from '../support/meters.ts';
import { pacingFigures } from '../support/pacing-figures.ts';
import { Recorder } from '../support/recorder.ts';
import { Stream } from '../support/stream.ts';

const RATE = 30;
const SECONDS = 600;
/** Code, caches and the pages of the queue are touched first; they don't count as growth. */
const WARM_UP_SECONDS = 120;
/** Resident memory of all processes may vary by as much over the time that counts, in bytes. */
const MAX_GROWTH = 8 * 2 ** 20;
/** Ten times what an idle machine shows (about 1.2 ms for 99 of 100 units), in ms. */
const LATE = 12;

interface Point {
  seconds: number;
  resident: number;
  threads: number;
}

it('memory, threads and pacing of a push stay as they are for ten minutes', async () => {
  await using recorder = await Recorder.start();
  await using stream = await Stream.start({
    source: {
      testPattern: { width: 640, height: 360, frameRate: `${RATE}`, durationSeconds: SECONDS },
      onEnd: 'Complete',
    },
    outputs: recorder.url(),
    encoder: { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 1_500_000 },
    logLevel: 'warn',
  });
  await recorder.untilUnits(RATE, 60_000);
  const started = performance.now();
  const points: Point[] = [];
  while (recorder.units().length < (SECONDS - 10) * RATE) {
    await sleep(10_000);
    const pids = [stream.decoder, stream.encoder].flatMap((role) => processTree(role.supervisor.pid));
    points.push({
      seconds: (performance.now() - started) / 1000,
      resident: pids.reduce((sum, pid) => sum + (memory(pid)?.resident ?? 0), 0),
      threads: pids.reduce((sum, pid) => sum + threadCount(pid), 0),
    });
    if (points.length > (SECONDS + 60) / 10) throw new Error(`only ${recorder.units().length} units came`);
  }
  const ledger = await stream.untilSettled(60_000);
  await recorder.untilClosed(20_000);

  const counted = points.filter(({ seconds }) => seconds > WARM_UP_SECONDS);
  const { slope } = fitLine(
    counted.map(({ seconds }) => seconds),
    counted.map(({ resident }) => resident),
  );
  const figures = pacingFigures(recorder.units());
  const threads = counted.map((point) => point.threads);
  console.log(
    `resident ${((counted.at(-1)?.resident ?? 0) / 2 ** 20).toFixed(0)} MiB, ${slope.toFixed(0)} bytes/s; ` +
      `threads ${Math.min(...threads)} to ${Math.max(...threads)}; p99 ${figures.p99.toFixed(2)} ms, ` +
      `range ${figures.range.toFixed(1)} ms, drift ${figures.drift.toFixed(2)} ppm; ${JSON.stringify(ledger)}`,
  );
  expect(slope * (SECONDS - WARM_UP_SECONDS)).toBeLessThan(MAX_GROWTH);
  expect(Math.max(...threads) - Math.min(...threads)).toBeLessThanOrEqual(2);
  expect(ledger).toMatchObject({ sent: SECONDS * RATE, repeated: 0 });
  expect(recorder.units().length).toBe(SECONDS * RATE);
  expect(figures.p99).toBeLessThan(LATE);
  expect(Math.abs(figures.drift)).toBeLessThan(5);
});
