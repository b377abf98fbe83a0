/** The received picture has the requested size, key frames and B-frames, from the requested threads. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { EncoderOptions } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { type ClipOptions, makeClip } from '../support/clips.ts';
import { run } from '../support/program.ts';
import { Recorder } from '../support/recorder.ts';
import { Push, type PushOptions } from '../support/sessions.ts';
import { readStamps } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';

const fast: EncoderOptions = {
  encoder: 'libx264',
  preset: 'ultrafast',
  tune: 'zerolatency',
  bitRate: 1_000_000,
};

interface Packet {
  pts: number;
  dts: number;
  key: boolean;
}

/** Pushes a clip into an MP4 file, which keeps the dts, and describes the file's content by ffprobe. */
async function toFile(scratch: Scratch, clip: Partial<ClipOptions>, options: Partial<PushOptions>) {
  const source = await makeClip({ frames: 60, rate: '50', ...clip, path: scratch.file('clip.mp4') });
  const target = scratch.file('out.mp4');
  await using push = new Push({
    source: { uri: source },
    outputs: target,
    encode: { encoder: fast },
    ...options,
  });
  await push.ended();
  const effective = push.encoder.snapshot().encoder;
  const entries = 'stream=width,height,has_b_frames:packet=pts,dts,flags:frame=pict_type';
  const probe = await run(
    'ffprobe',
    [...['-v', 'error', '-show_frames', '-show_packets', '-show_entries', entries, '-of', 'json', target]],
    { keepLines: 100_000 },
  );
  const found = JSON.parse(probe.stdout.join('\n')) as {
    streams: { width: number; height: number; has_b_frames: number }[];
    packets_and_frames: { type: string; pts: number; dts: number; flags: string; pict_type: string }[];
  };
  const items = found.packets_and_frames;
  const packets: Packet[] = items
    .filter((item) => item.type === 'packet')
    .map(({ pts, dts, flags }) => ({ pts, dts, key: flags.startsWith('K') }));
  const types = items.filter((item) => item.type === 'frame').map((item) => item.pict_type);
  return { stream: found.streams[0], packets, types, effective, target };
}

describe('the picture', () => {
  it('a picture in 1080p arrives in 720p when the encoder scales it', async () => {
    using scratch = new Scratch();
    const { stream, target } = await toFile(
      scratch,
      { width: 1920, height: 1080, frames: 25 },
      { encode: { encoder: { ...fast, width: 1280, height: 720 } } },
    );
    expect(stream).toMatchObject({ width: 1280, height: 720 });
    const seen = await readStamps(target, { scale: 2 / 3 });
    expect(seen.map((frame) => frame.index)).toEqual(Array.from({ length: 25 }, (_, i) => i));
  }, 60_000);

  it('a picture in 1080p arrives in 720p when the decoder scales it', async () => {
    using scratch = new Scratch();
    const { stream, target } = await toFile(
      scratch,
      { width: 1920, height: 1080, frames: 25 },
      { decode: { width: 1280, height: 720 } },
    );
    expect(stream).toMatchObject({ width: 1280, height: 720 });
    const seen = await readStamps(target, { scale: 2 / 3 });
    expect(seen.map((frame) => frame.index)).toEqual(Array.from({ length: 25 }, (_, i) => i));
  }, 60_000);

  it('a key frame arrives every N-th unit, with parameter sets before it', async () => {
    using scratch = new Scratch();
    const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 100, rate: '50', gop: 33 });
    await using recorder = await Recorder.start();
    await using push = new Push({
      source: { uri: clip },
      outputs: recorder.url(),
      encode: { encoder: { ...fast, gopFrames: 17 } },
    });
    await push.ended();
    await recorder.untilClosed(10_000);
    const types = recorder.units().map((unit) => unit.nalTypes);
    const keys = types.flatMap((nals, n) => (nals.includes(5) ? [n] : []));
    expect(keys).toEqual([0, 17, 34, 51, 68, 85]);
    for (const n of keys) expect(types[n]).toEqual(expect.arrayContaining([7, 8, 5]));
  }, 60_000);

  it.each([0, 1, 3, 16])(
    'up to %i B-frames come in a row, as requested, and the dts rise',
    async (maxBFrames) => {
      using scratch = new Scratch();
      const { packets, types, effective } = await toFile(
        scratch,
        { frames: 120 },
        {
          encode: {
            encoder: {
              ...fast,
              preset: 'veryfast',
              tune: '',
              maxBFrames,
              extra: { b_strategy: '0' },
            },
          },
        },
      );
      expect(packets.length).toBe(120);
      expect(effective?.maxBFrames).toBe(maxBFrames);
      const longest = Math.max(
        0,
        ...types
          .join('')
          .split(/[^B]+/)
          .map((run) => run.length),
      );
      expect(longest).toBe(maxBFrames);
      expect(packets.every(({ dts }, i) => i === 0 || dts > (packets[i - 1] as Packet).dts)).toBe(true);
      expect(packets.every(({ pts, dts }) => pts >= dts)).toBe(true);
    },
    60_000,
  );

  it('the encoder has the number of threads asked for, and the decoder gives the same frames with any number', async () => {
    const hashes = new Set<string>();
    for (const threads of [1, 3, 8]) {
      using scratch = new Scratch();
      const clip = await makeClip({
        path: scratch.file('clip.mp4'),
        frames: 60,
        rate: '60',
        bFrames: 3,
        busy: true,
      });
      await using recorder = await Recorder.start({ dumpPrefix: scratch.file('dump') });
      await using push = new Push({
        source: { uri: clip, threads },
        outputs: recorder.url(),
        // The quantizer is constant, because under a bit rate limit x264's slices depend on each other's
        // sizes (encoder/ratecontrol.c), and equal pictures may then give different streams.
        encode: { encoder: { ...fast, threads: 2, extra: { qp: '24' } } },
      });
      await push.ended();
      await recorder.untilClosed(10_000);
      expect(push.encoder.snapshot().encoder?.threads).toBe(2);
      hashes.add(
        createHash('sha256')
          .update(readFileSync(scratch.file('dump.1.h264')))
          .digest('hex'),
      );
    }
    expect(hashes.size).toBe(1);
  }, 60_000);
});
