/** Every policy's result after a stall of three seconds, during which SIGSTOP stops the decoder process. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerTotals } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { mediaMilliseconds, peakRate } from '../support/pacing-figures.ts';
import { type RecordedUnit, Recorder } from '../support/recorder.ts';
import { settled } from '../support/sessions.ts';
import { Stream } from '../support/stream.ts';
import { Scratch } from '../support/tools.ts';

const RATE = 25;
const FRAMES = 700;
const STALL = 3_000;

interface Found {
  units: RecordedUnit[];
  ledger: LedgerTotals;
  /** By how much the stall shifted the schedule, in milliseconds: the change of arrival − media time. */
  shift: number;
  /** The longest pause between two units, in milliseconds. */
  pause: number;
}

async function stalled(catchUp: string): Promise<Found> {
  using scratch = new Scratch();
  const clip = await makeClip({
    path: scratch.file('clip.mp4'),
    frames: FRAMES,
    width: 320,
    height: 180,
    rate: `${RATE}`,
  });
  await using recorder = await Recorder.start();
  await using stream = await Stream.start({
    source: { uri: clip },
    outputs: recorder.url(),
    encoder: { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 500_000, catchUp },
  });
  await recorder.untilUnits(100, 30_000);
  const pid = await stream.decoder.untilRunning();
  process.kill(pid, 'SIGSTOP');
  await sleep(STALL + (20 * 1000) / RATE);
  process.kill(pid, 'SIGCONT');
  await recorder.untilClosed(60_000);
  const ledger = await stream.untilSettled();
  const units = recorder.units();
  const media = mediaMilliseconds(units);
  const offset = units.map((unit, i) => unit.at - (media[i] as number));
  const pauses = units.slice(1).map((unit, i) => unit.at - (units[i] as RecordedUnit).at);
  return { units, ledger, shift: (offset.at(-1) ?? 0) - (offset[50] ?? 0), pause: Math.max(...pauses) };
}

function print(name: string, { units, ledger, shift, pause }: Found): void {
  const rate = peakRate(units, 1_000).toFixed(3);
  console.log(
    `${name}: pause ${pause.toFixed(0)} ms, schedule shifted by ${shift.toFixed(0)} ms, peak rate ${rate}, ` +
      `ledger ${JSON.stringify(ledger)}`,
  );
}

describe.concurrent('after a stall of 3 s', () => {
  it('after a stall of 3 s Rebase shifts the schedule, drops nothing and keeps the rate', async () => {
    const found = await stalled('Rebase');
    print('Rebase', found);
    expect(found.pause).toBeGreaterThan(STALL * 0.8);
    expect(found.ledger.sent).toBe(FRAMES);
    expect(found.shift).toBeGreaterThan(STALL * 0.8);
    expect(peakRate(found.units, 1_000)).toBeLessThan(1.1);
  });

  it('after a stall of 3 s Burst catches up at no more than 1.25 times the rate, and drops nothing', async () => {
    const found = await stalled('Burst');
    print('Burst', found);
    expect(found.pause).toBeGreaterThan(STALL * 0.8);
    expect(found.ledger.sent).toBe(FRAMES);
    expect(Math.abs(found.shift)).toBeLessThan(200);
    // Over one second, the limit may be exceeded by the frames at its two edges.
    expect(peakRate(found.units, 1_000)).toBeLessThan(1.25 + 1 / RATE);
    expect(peakRate(found.units, 1_000)).toBeGreaterThan(1.1);
  });

  it('after a stall of 3 s Skip drops the late frames, counts each, and is on time again at once', async () => {
    const found = await stalled('Skip');
    print('Skip', found);
    expect(found.ledger.dropped.late).toBeGreaterThan(10);
    expect(found.ledger.sent + found.ledger.dropped.late).toBe(FRAMES);
    expect(settled(found.ledger)).toBe(FRAMES);
    expect(Math.abs(found.shift)).toBeLessThan(200);
    const after = found.units.findIndex(
      (unit, i) => i > 0 && unit.at - (found.units[i - 1] as RecordedUnit).at > STALL / 2,
    );
    // The first unit after the gap must be decodable by itself.
    expect(found.units.slice(after, after + 25).some((unit) => unit.nalTypes.includes(5))).toBe(true);
  });
});
