/** A caller of the frame API runs ahead by a bounded lead, and its next call reports a failed write. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FramePusher } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { peakRate } from '../support/pacing-figures.ts';
import { Recorder } from '../support/recorder.ts';
import { RtspServer } from '../support/rtsp-server.ts';

const FPS = 25;
const FRAME = 1 / FPS;
const picture = new Uint8Array(320 * 180 * 3).fill(100);
const shape = { width: 320, height: 180, frameRate: `${FPS}` };
const encoder = { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 500_000 };

describe('the lead', () => {
  it.each([
    [10, 60],
    [50, 100],
    [500, 520],
  ])('a lead of %i frames is allowed and never passed by more than one', async (frames, pushed) => {
    await using recorder = await Recorder.start();
    const allowed = frames * FRAME;
    await using pusher = await FramePusher.open({
      url: recorder.url(),
      ...shape,
      encoder,
      maxLeadSeconds: allowed,
      queueFrames: 256,
    });
    let highest = 0;
    for (let i = 0; i < pushed; i++) {
      await pusher.push(picture);
      highest = Math.max(highest, pusher.leadSeconds);
    }
    const bound = Math.min(allowed, (256 + 8) * FRAME);
    console.log(`allowed ${allowed.toFixed(2)} s, highest lead ${highest.toFixed(3)} s`);
    // The queue in front of the encoder is a bound of its own; what lies below it is the caller's.
    expect(highest).toBeLessThanOrEqual(allowed + FRAME * 1.5);
    expect(highest).toBeGreaterThan(bound * 0.5);
    expect(peakRate(recorder.units(), 500)).toBeLessThan(1.2);
  });

  it('waitRef is half the lead and never negative', async () => {
    await using recorder = await Recorder.start();
    await using pusher = await FramePusher.open({ url: recorder.url(), ...shape, encoder });
    expect(pusher.waitRef).toBe(0);
    for (let i = 0; i < 15; i++) await pusher.offer(picture);
    await recorder.untilUnits(1, 10_000);
    for (let i = 0; i < 20; i++) {
      const before = pusher.leadSeconds;
      const wait = pusher.waitRef;
      const after = pusher.leadSeconds;
      // The lead falls with time: the wait lies between the halves of what was read before and after.
      expect(wait).toBeLessThanOrEqual(Math.max(before, 0) / 2 + 1e-9);
      expect(wait).toBeGreaterThanOrEqual(Math.max(after, 0) / 2 - 1e-9);
      await sleep(50);
    }
    await sleep(800);
    expect(pusher.leadSeconds).toBeLessThan(0);
    expect(pusher.waitRef).toBe(0);
  });

  it('a caller that sleeps waitRef after every ten frames keeps time with an encoder that holds frames back', async () => {
    const frames = 250;
    await using recorder = await Recorder.start();
    const holding = {
      encoder: 'libx264',
      preset: 'medium',
      tune: '',
      maxBFrames: 3,
      gopFrames: 50,
      bitRate: 500_000,
    };
    await using pusher = await FramePusher.open({ url: recorder.url(), ...shape, encoder: holding });
    for (let i = 1; i <= frames; i++) {
      await pusher.offer(picture);
      if (i % 10 === 0) await sleep(pusher.waitRef * 1000);
    }
    await pusher.finish();
    const [output] = pusher.snapshot().outputs;
    const units = recorder.units();
    const span = ((units.at(-1)?.at ?? 0) - (units[0]?.at ?? 0)) / 1000;
    console.log(`${units.length} units in ${span.toFixed(3)} s, ${output?.rebases.stall} rebases`);
    expect(output).toMatchObject({ rebases: { stall: 0 }, ledger: { sent: frames } });
    expect(Math.abs(span / ((frames - 1) * FRAME) - 1)).toBeLessThan(0.01);
  });
});

describe('the first failed write is reported on that call or the next', () => {
  it.each(['push', 'offer'] as const)(
    'the first failed write is reported to a caller of %s on that call or the next',
    async (mode) => {
      let refuse = false;
      await using server = await RtspServer.start({
        onUnit: (count) => {
          if (count < 20) return undefined;
          refuse = true;
          return 'reset';
        },
        onConnect: () => (refuse ? 'reset' : undefined),
      });
      await using pusher = await FramePusher.open({
        url: server.url(),
        ...shape,
        encoder,
        maxLeadSeconds: 0.2,
      });
      const pushes = async () => {
        for (let i = 0; i < 200; i++) {
          await pusher[mode](picture);
          if (mode === 'offer') await sleep(pusher.waitRef * 1000);
        }
      };
      await expect(pushes()).rejects.toMatchObject({
        code: expect.stringMatching(/Connection(Reset|Closed)/),
      });
      expect(server.units().length).toBeGreaterThanOrEqual(20);
      expect(pusher.snapshot().outputs[0]?.ledger.sent).toBeLessThan(200);
    },
  );
});
