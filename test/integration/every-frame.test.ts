/**
 * Every source frame arrives once, in order, to the last: decoder, ring, encoder,
 * pacer and RTSP publisher together.
 */
import { describe, expect, it } from 'vitest';
import { type ClipOptions, makeClip } from '../support/clips.ts';
import { FLAWLESS, judge } from '../support/frame-verdict.ts';
import { Recorder } from '../support/recorder.ts';
import { Push, settled } from '../support/sessions.ts';
import { readStamps } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';

interface Case {
  clip: Partial<ClipOptions>;
  ending?: string;
  threads: number;
  /** Instant of frame n, seconds since the first. */
  instant?: (n: number) => number;
  /** Resolution of the container's timestamps, seconds: Matroska counts milliseconds. */
  tick?: number;
}

const FRAMES = 90;

/** Pushes the clip to a recorder. Returns what arrived, by index and by timestamp. */
async function arrive(options: Case) {
  using scratch = new Scratch();
  const path = scratch.file(`clip${options.ending ?? '.mp4'}`);
  await makeClip({ frames: FRAMES, width: 320, height: 180, rate: '50', gop: 24, ...options.clip, path });
  await using recorder = await Recorder.start({ dumpPrefix: scratch.file('dump') });
  await using push = new Push({
    source: { uri: path, threads: options.threads },
    outputs: recorder.url(),
    encode: {
      encoder: {
        encoder: 'libx264',
        preset: 'ultrafast',
        tune: 'zerolatency',
        bitRate: 800_000,
        gopFrames: 30,
      },
    },
  });
  await push.ended();
  await recorder.untilClosed(10_000);
  const output = push.output();
  const seen = await readStamps(scratch.file('dump.1.h264'));
  return {
    indices: seen.map((frame) => frame.index ?? -1),
    units: recorder.units(),
    output,
    encoder: push.encoder.snapshot(),
  };
}

const constant = (rate: number) => (n: number) => n / rate;
const cases: Record<string, Case> = {
  'no B-frames, 1 decoder thread': { clip: {}, threads: 1 },
  '1 B-frame, 2 decoder threads': { clip: { bFrames: 1 }, threads: 2 },
  '2 B-frames, 3 decoder threads': { clip: { bFrames: 2 }, threads: 3 },
  '3 B-frames, 4 decoder threads': { clip: { bFrames: 3 }, threads: 4 },
  'no B-frames, 5 decoder threads': { clip: {}, threads: 5 },
  '1 B-frame, 6 decoder threads': { clip: { bFrames: 1 }, threads: 6 },
  '2 B-frames, 7 decoder threads': { clip: { bFrames: 2 }, threads: 7 },
  '3 B-frames, 8 decoder threads': { clip: { bFrames: 3 }, threads: 8 },
  '3 B-frames, 1 decoder thread': { clip: { bFrames: 3 }, threads: 1 },
  'no B-frames, 8 decoder threads': { clip: {}, threads: 8 },
  'video behind audio': { clip: { bFrames: 2, audio: 'first' }, threads: 2 },
  'audio behind video': { clip: { bFrames: 2, audio: 'last' }, threads: 2 },
  'a variable rate, 50 then 20 frames per second': {
    clip: {
      instants: 'if(lt(N,50),N/50,1+(N-50)/20)',
      // FFmpeg 7 gives the last frame no duration, and then that frame stands outside of the edit list.
      extra: ['-bsf:v', 'setts=duration=4500'],
    },
    threads: 2,
    instant: (n) => (n < 50 ? n / 50 : 1 + (n - 50) / 20),
    // The clip's own instants: setpts cuts the fraction of a tick off.
    tick: 2 / 90_000,
  },
  'a start at 1,234.5 s in Matroska': {
    clip: { startSeconds: 1234.5, bFrames: 2 },
    ending: '.mkv',
    threads: 2,
    tick: 0.001,
  },
  'a start at 90 s in an MPEG transport stream': {
    clip: { startSeconds: 90, bFrames: 2 },
    ending: '.ts',
    threads: 4,
  },
  '29.97 frames per second': {
    clip: { rate: '30000/1001', bFrames: 1 },
    threads: 2,
    instant: constant(30000 / 1001),
  },
  '23.976 frames per second': {
    clip: { rate: '24000/1001', bFrames: 1 },
    threads: 2,
    instant: constant(24000 / 1001),
  },
};

describe.concurrent('each frame of an index-stamped source arrives exactly once, in order, tail complete', () => {
  it.each(Object.keys(cases))(
    'each frame of an index-stamped source arrives exactly once, in order, with %s',
    async (name) => {
      const options = cases[name] as Case;
      const { indices, units, output, encoder } = await arrive(options);
      expect(judge(indices, 0, FRAMES - 1)).toEqual(FLAWLESS);
      expect(units.every((unit) => unit.gap === 0)).toBe(true);
      expect(output.ledger).toMatchObject({ sent: FRAMES, repeated: 0 });
      expect(settled(output.ledger)).toBe(encoder.sourceFrames);
      expect(encoder.sourceFrames).toBe(FRAMES);

      const instant = options.instant ?? constant(50);
      const error = units.map(({ rtp }, n) => {
        const ticks = (rtp - (units[0] as { rtp: number }).rtp) >>> 0;
        return Math.abs(ticks - instant(n) * 90_000);
      });
      // Less than one tick of 90 kHz, or of the container where that is coarser.
      expect(Math.max(...error)).toBeLessThan(Math.max(1, (options.tick ?? 0) * 90_000));
    },
    120_000,
  );
});
