/** Frames for library users: which ones come, in what order, with which bytes. */
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClip } from '../../test/support/clips.ts';
import {
  cornersBy,
  cornersOf,
  MATRICES,
  makeCornerClip,
  PORTRAIT,
  showBy,
} from '../../test/support/corners.ts';
import { readStamp } from '../../test/support/index-stamp.ts';
import { run } from '../../test/support/program.ts';
import { Scratch } from '../../test/support/tools.ts';
import { type Frame, FrameReader, type ReadOptions } from './index.ts';

const FRAMES = 125;
const GOP = 50;
let scratch: Scratch;
/** 320 x 180, 125 frames, GOPs of 50 with 3 B-frames; the video is the file's second stream */
let clip: string;

beforeAll(async () => {
  scratch = new Scratch();
  clip = await makeClip({
    path: scratch.file('clip.mp4'),
    frames: FRAMES,
    width: 320,
    height: 180,
    gop: GOP,
    bFrames: 3,
    audio: 'first',
  });
});
afterAll(() => scratch[Symbol.dispose]());

const stamp = (frame: Frame) => readStamp(frame.data, frame.width * 3, 3);
const range = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i);

async function stamps(frames: AsyncIterable<Frame>): Promise<(number | null)[]> {
  const seen: (number | null)[] = [];
  for await (const frame of frames) {
    seen.push(stamp(frame));
    frame.release();
  }
  return seen;
}

async function open(path = clip, options: ReadOptions = {}): Promise<FrameReader> {
  return FrameReader.open(path, { queueFrames: 4, ...options });
}

describe('frames in order', () => {
  it.each([1, 2, 3, 5, 8])(
    'every frame is read exactly once, in order, by %d decoder threads, with B-frames and the video not as first stream',
    async (threads) => {
      await using reader = await open(clip, { threads });
      expect(reader.descriptor.streamIndex).toBe(1);
      expect(await stamps(reader)).toEqual(range(0, FRAMES));
    },
  );

  it.each([0, 1, 2])(
    'every frame is read exactly once, in order, with %d B-frames, from Matroska',
    async (bFrames) => {
      const path = scratch.file(`b${bFrames}.mkv`);
      await makeClip({ path, frames: 60, width: 320, height: 180, gop: 25, bFrames });
      await using reader = await open(path, { threads: 4 });
      expect(await stamps(reader)).toEqual(range(0, 60));
    },
  );
});

describe('one GOP as a stream', () => {
  it('gop() gives exactly the GOP, then the next one, then nothing', async () => {
    await using reader = await open();
    expect(await stamps(reader.gop())).toEqual(range(0, 50));
    expect(await stamps(reader.gop())).toEqual(range(50, 100));
    expect(await stamps(reader.gop())).toEqual(range(100, FRAMES));
    expect(await stamps(reader.gop())).toEqual([]);
  });

  it('gop() starts at the head of the GOP in which the given index lies', async () => {
    await using reader = await open();
    for (const index of [99, 50, 73]) expect(await stamps(reader.gop(index))).toEqual(range(50, 100));
  });

  it('gop() holds no more frames than the queue, however long the GOP is', async () => {
    const width = 1280;
    const path = await makeClip({
      path: scratch.file('long.mp4'),
      frames: 200,
      width,
      height: 720,
      gop: 200,
    });
    await using reader = await open(path, { queueFrames: 4 });
    const before = process.memoryUsage().rss;
    let most = 0;
    let count = 0;
    for await (const frame of reader.gop()) {
      count += 1;
      frame.release();
      if (count % 20 === 0) most = Math.max(most, process.memoryUsage().rss - before);
      if (count % 20 === 0) await new Promise(setImmediate); // finalizers run between turns
    }
    expect(count).toBe(200);
    const whole = 200 * width * 720 * 3;
    console.log(`rss grew by ${(most / 1e6).toFixed(0)} MB for a GOP of ${(whole / 1e6).toFixed(0)} MB`);
    expect(most).toBeLessThan(whole / 2);
  });
});

describe('random access', () => {
  it('frames() returns as many frames as it is asked for, from the very index', async () => {
    await using reader = await open(clip, { threads: 8 });
    for (const [index, count] of [
      [0, 1],
      [49, 3],
      [120, 5],
      [1, 30],
      [124, 1],
    ] as const) {
      const frames = await reader.frames(index, count);
      expect(frames.map(stamp)).toEqual(range(index, index + count));
      expect(frames.map((frame) => frame.index)).toEqual(range(index, index + count));
    }
  });

  it('frames() gives what is left at the end, and nothing beyond it', async () => {
    await using reader = await open();
    expect((await reader.frames(123, 10)).map(stamp)).toEqual([123, 124]);
    expect(await reader.frames(FRAMES, 1)).toEqual([]);
    expect(await reader.frames(10, 0)).toEqual([]);
  });

  it('framesAtTime() gives the frame that is shown at the given time', async () => {
    await using reader = await open();
    const shown = async (seconds: number) => (await reader.framesAtTime(seconds, 1)).map(stamp);
    expect(await shown(0)).toEqual([0]);
    expect(await shown(2)).toEqual([50]);
    expect(await shown(1.999)).toEqual([49]);
    expect(await shown(4.98)).toEqual([124]);
    expect(await shown(5.01)).toEqual([]);
    for (const frame of await reader.frames(60, 5)) expect(await shown(frame.pts)).toEqual([frame.index]);
  });

  it('framesAtTime() counts from the first frame when a source does not start at zero', async () => {
    const path = scratch.file('late.mkv');
    await makeClip({ path, frames: 50, width: 320, height: 180, gop: 10, startSeconds: 7.5 });
    await using reader = await open(path);
    expect((await reader.framesAtTime(1, 2)).map(stamp)).toEqual([25, 26]);
    expect((await reader.next())?.pts).toBeCloseTo(27 / 25, 2);
  });
});

describe('seeks', () => {
  it('a reader goes on sequentially after each kind of seek', async () => {
    await using reader = await open();
    const next = async () => {
      const frame = await reader.next();
      return frame === null ? null : stamp(frame);
    };
    await reader.seekToIndex(70);
    expect([await next(), await next()]).toEqual([70, 71]);
    await reader.seekToTime(0.4);
    expect([await next(), await next()]).toEqual([10, 11]);
    await reader.seekToGop({ seconds: 4.5 });
    expect(await next()).toBe(100);
    await reader.seekToIndex(123);
    expect([await next(), await next(), await next(), await next()]).toEqual([123, 124, null, null]);
    await reader.seekToIndex(0);
    expect(await next()).toBe(0);
  });
});

describe('ends and failures', () => {
  it('a reader at the end of its source gives null, as often as it is asked', async () => {
    await using reader = await open();
    await reader.seekToIndex(FRAMES - 1);
    expect(stamp((await reader.next()) as Frame)).toBe(FRAMES - 1);
    for (let i = 0; i < 3; i++) expect(await reader.next()).toBeNull();
  });

  it('a truncated file gives its frames and then a typed error, not an end', async () => {
    const path = scratch.file('cut.mp4');
    await makeClip({ path, frames: 100, width: 320, height: 180, extra: ['-movflags', '+faststart'] });
    truncateSync(path, Math.round(statSync(path).size * 0.6));
    await using reader = await open(path);
    const seen: (number | null)[] = [];
    const read = async () => {
      for await (const frame of reader) seen.push(stamp(frame));
    };
    await expect(read()).rejects.toMatchObject({ name: 'NativeError', code: 'SourceTruncated' });
    await expect(reader.next()).rejects.toMatchObject({ code: 'SourceTruncated' });
    expect(seen.length).toBeGreaterThan(10);
    expect(seen).toEqual(range(0, seen.length));
  });

  it.each([
    ['SourceNotFound', 'missing.mp4'],
    ['SourceUnsupported', 'text.mp4'],
    ['SourceEmpty', 'empty.mp4'],
  ])('a failed opening reports %s with an action, for the file %s', async (code, name) => {
    if (name === 'text.mp4') scratch.write(name, 'This is no video at all. '.repeat(100));
    if (name === 'empty.mp4') scratch.write(name, '');
    const failure = FrameReader.open(scratch.file(name));
    await expect(failure).rejects.toMatchObject({ name: 'NativeError', code });
    await failure.catch((error) => expect(error.action).not.toBe(''));
  });
});

describe('frames as bytes', () => {
  it('rgb24 is packed, row by row from the top, and byte for byte what went in', async () => {
    // Lossless RGB in, RGB out: no colour arithmetic in between that could be blamed or could hide a mistake.
    const [width, height] = [50, 34];
    const picture = Buffer.alloc(width * height * 3);
    for (let i = 0; i < picture.length; i++) picture[i] = (i * 7 + (i >> 8)) % 251;
    const raw = scratch.file('picture.rgb');
    const path = scratch.file('picture.mkv');
    writeFileSync(raw, Buffer.concat([picture, picture]));
    const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', '5', '-i', raw];
    await run('ffmpeg', ['-v', 'error', '-y', ...input, '-c:v', 'ffv1', '-pix_fmt', 'gbrp', path]);
    await using reader = await open(path);
    const frame = (await reader.next()) as Frame;
    expect([frame.width, frame.height, frame.format]).toEqual([width, height, 'rgb24']);
    expect(frame.planes[0]?.stride).toBe(width * 3);
    expect(Buffer.from(frame.data).equals(picture)).toBe(true);
  });

  it('a frame of native planes shows those of the decoder, and nothing is copied for it', async () => {
    await using reader = await open(clip, { format: 'native' });
    const frame = (await reader.next()) as Frame;
    expect(frame.format).toBe('yuv420p');
    expect(frame.planes.map((plane) => plane.stride >= 160)).toEqual([true, true, true]);
    const luma = frame.planes[0] as { data: Uint8Array; stride: number };
    expect(readStamp(luma.data, luma.stride)).toBe(0);
  });

  it('frames are scaled on request, in proportion when one side is given', async () => {
    await using both = await open(clip, { width: 160, height: 120 });
    expect([(await both.next())?.width, (await both.next())?.height]).toEqual([160, 120]);
    await using one = await open(clip, { width: 640 });
    const frame = (await one.next()) as Frame;
    expect([frame.width, frame.height, frame.data.length]).toEqual([640, 360, 640 * 360 * 3]);
  });

  it('pushOptions describe the frames as they come, which is upright, scaled and in the time base of the source', async () => {
    const path = scratch.file('portrait.mp4');
    await makeClip({ path, frames: 10, width: 320, height: 180 });
    showBy(path, PORTRAIT);
    await using reader = await open(path);
    expect(reader.descriptor.video).toMatchObject({ width: 320, height: 180, rotation: 90 });
    expect(reader.pushOptions).toMatchObject({
      width: 180,
      height: 320,
      inputFormat: 'rgb24',
      frameRate: '25',
    });
    expect(reader.pushOptions.timeBase).toBe(reader.descriptor.video.timeBase);
    const frame = await reader.next();
    expect([frame?.width, frame?.height]).toEqual([180, 320]);
    await using scaled = await open(path, { format: 'native', width: 90 });
    expect(scaled.pushOptions).toMatchObject({ width: 90, height: 160, inputFormat: 'yuv420p' });
  });

  it.each(MATRICES)('frames are upright by the display matrix %d %d %d %d', async (...matrix) => {
    const path = scratch.file('corners.mp4');
    await makeCornerClip({ path, width: 160, height: 96 });
    showBy(path, matrix);
    await using reader = await open(path);
    const frame = (await reader.next()) as Frame;
    expect([frame.width, frame.height]).toEqual(matrix[0] ? [160, 96] : [96, 160]);
    expect(cornersOf(frame)).toEqual(cornersBy(matrix));
    const { mirrored } = reader.descriptor.video;
    expect(mirrored).toBe(matrix[0] * matrix[3] - matrix[1] * matrix[2] < 0);
  });

  it('a released frame is empty, and releasing it again is harmless', async () => {
    await using reader = await open();
    const frame = (await reader.next()) as Frame;
    const view = frame.data;
    frame.release();
    frame.release();
    expect([view.length, frame.data.length]).toEqual([0, 0]);
  });

  it('frames outlive their reader', async () => {
    const reader = await open();
    const frames = await reader.frames(40, 5);
    await reader.close();
    expect(frames.map(stamp)).toEqual(range(40, 45));
  });
});

describe('misuse of a reader', () => {
  it('a closed reader refuses every call with InvalidState', async () => {
    const reader = await open();
    await reader.close();
    await reader.close();
    await expect(reader.next()).rejects.toMatchObject({ code: 'InvalidState' });
    await expect(reader.seekToIndex(0)).rejects.toMatchObject({ code: 'InvalidState' });
    await expect(reader.frames(0, 1)).rejects.toMatchObject({ code: 'InvalidState' });
  });

  it('closing a reader ends a read that waits', async () => {
    const reader = await FrameReader.open({ testPattern: { width: 1920, height: 1080 } }, { queueFrames: 1 });
    await reader.next();
    const reads = Promise.allSettled(range(0, 8).map(() => reader.next()));
    await reader.close();
    const results = await reads;
    expect(results.some((result) => result.status === 'rejected')).toBe(true);
  });

  it.each([
    [{ uri: '', testPattern: undefined }, /exactly one of uri and testPattern/],
    [{ uri: 'x', threads: -1 }, /source\.threads: must be a whole number from 0 to 64/],
    [{ uri: 'x', colour: 'red' }, /source\.colour: unknown option/],
    [{ uri: 7 }, /source\.uri: expected a string/],
    [null, /expected a path, a URL/],
  ])('a reader names the wrong option of the source %j', async (source, message) => {
    await expect(FrameReader.open(source as never)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message,
    });
  });

  it('opening a reader fails with Aborted when its signal is aborted', async () => {
    const signal = AbortSignal.abort();
    await expect(FrameReader.open(clip, { signal })).rejects.toMatchObject({ code: 'Aborted' });
  });
});
