/** Units leave on time at the start, in the middle and at the end, by the recorder's kernel stamps. */

import { setTimeout as sleep } from 'node:timers/promises';
import { FramePusher } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { drawStamp } from '../support/index-stamp.ts';
import { mediaMilliseconds, median, pacingFigures, peakRate } from '../support/pacing-figures.ts';
import { type RecordedUnit, Recorder } from '../support/recorder.ts';
import { Push } from '../support/sessions.ts';
import { Scratch } from '../support/tools.ts';

/** Ten times what an idle machine shows (about 1.2 ms for 99 of 100 units), in ms. */
const LATE = 12;
const FRAME = 1000 / 25;
const live = { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 800_000 };

/** Arrival minus media time, relative to the median: < 0 = early. */
function deviations(units: readonly RecordedUnit[]): number[] {
  const media = mediaMilliseconds(units);
  const offsets = units.map((unit, i) => unit.at - (media[i] as number));
  const middle = median(offsets);
  return offsets.map((offset) => offset - middle);
}

function picture(width: number, height: number, index: number): Uint8Array {
  const luma = new Uint8Array(width * height).fill(90);
  drawStamp(luma, width, index);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < luma.length; i++) rgb.fill(luma[i] as number, i * 3, i * 3 + 3);
  return rgb;
}

/** 25 pictures of 320 x 180 per second, low latency. */
const liveCamera = (recorder: Recorder, latencyBudgetMilliseconds = 100): Promise<FramePusher> =>
  FramePusher.open({
    url: recorder.url(),
    width: 320,
    height: 180,
    inputFormat: 'rgb24',
    frameRate: '25',
    encoder: live,
    latencyBudgetMilliseconds,
  });

/** Pushes a file to its end; what arrived. */
async function arrived(recorder: Recorder, push: Push): Promise<readonly RecordedUnit[]> {
  await push.ended();
  await recorder.untilClosed(10_000);
  return recorder.units();
}

describe('the start', () => {
  it('two seconds before the first frame cause no burst, since time begins with the first frame', async () => {
    await using recorder = await Recorder.start();
    await using pusher = await liveCamera(recorder);
    await sleep(2_000);
    for (let i = 0; i < 100; i++) await pusher.push(picture(320, 180, i));
    await pusher.finish();
    await recorder.untilClosed(10_000);
    const units = recorder.units();
    expect(units.length).toBe(100);
    const early = -Math.min(...deviations(units));
    console.log(
      `earliest unit ${early.toFixed(2)} ms before its time, peak rate ${peakRate(units, 500).toFixed(3)}`,
    );
    expect(early).toBeLessThan(FRAME);
    expect(peakRate(units, 500)).toBeLessThan(1.1);
  });

  it('an encoder that holds back 60 frames moves the start, never the rate', async () => {
    using scratch = new Scratch();
    const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 200, width: 320, height: 180 });
    await using recorder = await Recorder.start();
    await using push = new Push({
      source: { uri: clip },
      outputs: recorder.url(),
      decode: { encoderDelayFrames: 80 },
      encode: {
        encoder: { encoder: 'libx264', preset: 'medium', tune: '', maxBFrames: 16, bitRate: 800_000 },
      },
    });
    // B-frames: units are sent in decoding order, so they are judged by their distance in time.
    const units = await arrived(recorder, push);
    expect(units.length).toBe(200);
    const gaps = units.slice(1).map((unit, i) => unit.at - (units[i] as RecordedUnit).at);
    const took = (units.at(-1)?.at ?? 0) - (units[0]?.at ?? 0);
    console.log(
      `200 units in ${took.toFixed(0)} ms, gaps ${Math.min(...gaps).toFixed(1)} to ${Math.max(...gaps).toFixed(1)} ms`,
    );
    expect(took).toBeGreaterThan(199 * FRAME - 100);
    expect(took).toBeLessThan(199 * FRAME + 400);
    expect(Math.min(...gaps)).toBeGreaterThan(FRAME / 4);
  });

  it('a unit leaves at most two frames after its picture with the low-latency preset', async () => {
    await using recorder = await Recorder.start();
    await using pusher = await liveCamera(recorder, 0);
    for (let i = 0; i < 50; i++) {
      await pusher.offer(picture(320, 180, i));
      await sleep(FRAME);
      if (i > 3) expect(recorder.units().length).toBeGreaterThanOrEqual(i - 2);
    }
    await pusher.finish();
  });
});

describe('in the middle', () => {
  it('the instants of a variable rate are kept: 50, then 10 frames per second', async () => {
    using scratch = new Scratch();
    const clip = await makeClip({
      path: scratch.file('clip.mp4'),
      frames: 180,
      width: 320,
      height: 180,
      instants: 'if(lt(N,150),N/50,3+(N-150)/10)',
    });
    await using recorder = await Recorder.start();
    await using push = new Push({
      source: { uri: clip },
      outputs: recorder.url(),
      encode: { encoder: live },
    });
    const units = await arrived(recorder, push);
    const media = mediaMilliseconds(units);
    const expected = media.map((_, n) => (n < 150 ? n * 20 : 3_000 + (n - 150) * 100));
    expect(Math.max(...media.map((t, n) => Math.abs(t - (expected[n] as number))))).toBeLessThan(1);
    const worst = Math.max(...deviations(units).map(Math.abs));
    console.log(`worst display error ${worst.toFixed(2)} ms`);
    expect(worst).toBeLessThan(20);
  });

  it('99 of 100 units leave within ten times the delay of an idle machine', async () => {
    using scratch = new Scratch();
    const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 250, width: 640, height: 360 });
    await using recorder = await Recorder.start();
    await using push = new Push({
      source: { uri: clip },
      outputs: recorder.url(),
      encode: { encoder: live },
    });
    const figures = pacingFigures(await arrived(recorder, push));
    console.log(
      `p99 ${figures.p99.toFixed(2)} ms, sd ${figures.sd.toFixed(2)} ms, start lead ${figures.startLead.toFixed(2)} ms`,
    );
    expect(figures.kernelStamps).toBe(250);
    expect(figures.p99).toBeLessThan(LATE);
    expect(figures.startLead).toBeLessThan(FRAME);
    expect(Math.abs(figures.drift)).toBeLessThan(500);
  });
});

describe('the end', () => {
  it('the last frame goes out on its deadline and is shown for its time, then the session is torn down', async () => {
    using scratch = new Scratch();
    const clip = await makeClip({
      path: scratch.file('clip.mp4'),
      frames: 75,
      width: 320,
      height: 180,
      bFrames: 2,
    });
    await using recorder = await Recorder.start();
    await using push = new Push({
      source: { uri: clip },
      outputs: recorder.url(),
      decode: { encoderDelayFrames: 60 },
      encode: { encoder: { encoder: 'libx264', preset: 'fast', tune: '', bitRate: 800_000 } },
    });
    const units = await arrived(recorder, push);
    expect(units.length).toBe(75);
    expect(push.output().ledger.sent).toBe(75);
    const late = deviations(units).slice(-10).map(Math.abs);
    const teardown = recorder.recording.requests.find((request) => request.method === 'TEARDOWN');
    const pause = (teardown?.at ?? 0) - (units.at(-1)?.at ?? 0);
    console.log(
      `last units at most ${Math.max(...late).toFixed(2)} ms off, teardown ${pause.toFixed(1)} ms after the last`,
    );
    expect(Math.max(...late)).toBeLessThan(FRAME);
    expect(pause).toBeGreaterThan(FRAME - LATE);
    expect(pause).toBeLessThan(FRAME * 10);
  });
});
