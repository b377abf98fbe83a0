/** mpegCoder's classes, on files: what needs a server is in test/integration/mpegcoder.test.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClip } from '../../../test/support/clips.ts';
import { readStamp } from '../../../test/support/index-stamp.ts';
import { readStamps } from '../../../test/support/stamp-reader.ts';
import { Scratch } from '../../../test/support/tools.ts';
import { MpegDecoder, MpegServer, type RgbFrames, readme, setGlobal } from './index.ts';

let scratch: Scratch;
/** 320 x 64, 50 fps, 110 frames in GOPs of 50 with 3 B-frames */
let clip: string;

beforeAll(async () => {
  scratch = new Scratch();
  const path = scratch.file('clip.mp4');
  clip = await makeClip({ path, frames: 110, width: 320, height: 64, rate: '50', gop: 50, bFrames: 3 });
});
afterAll(() => scratch[Symbol.dispose]());

const range = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i);
const stamps = (frames: RgbFrames | null) =>
  frames === null ? null : [...frames].map((frame) => readStamp(frame.data, frame.width * 3, 3));

async function open(threads = 0): Promise<MpegDecoder> {
  const decoder = new MpegDecoder(clip);
  decoder.setParameter({ nthread: threads });
  await decoder.FFmpegSetup();
  return decoder;
}

describe('MpegDecoder', () => {
  it.each([1, 8])('ExtractGOP gives exactly one GOP after the other, with %d threads', async (threads) => {
    const decoder = await open(threads);
    const gops = [await decoder.ExtractGOP(), await decoder.ExtractGOP(), await decoder.ExtractGOP()];
    expect(gops.map(stamps)).toEqual([range(0, 50), range(50, 100), range(100, 110)]);
    expect(await decoder.ExtractGOP()).toBeNull();
    expect(await decoder.ExtractGOP()).toBeNull();
    await decoder.clear();
  });

  it('decoded frames are arrays of shape (N, H, W, 3), and data is all of them in one piece', async () => {
    const decoder = await open();
    const gop = (await decoder.ExtractGOP(50)) as RgbFrames;
    expect(gop.shape).toEqual([50, 64, 320, 3]);
    expect(gop.data.length).toBe(50 * 64 * 320 * 3);
    const size = 64 * 320 * 3;
    expect(readStamp(gop.data.subarray(7 * size, 8 * size), 320 * 3, 3)).toBe(57);
    expect(gop.at(7)?.data.length).toBe(size);
    expect(decoder.getParameter('frameCount')).toBe(50);
    await decoder.clear();
  });

  it('ExtractFrame gives the frames asked for, by index and by time', async () => {
    const decoder = await open(8);
    expect(stamps(await decoder.ExtractFrame())).toEqual([0]);
    expect(stamps(await decoder.ExtractFrame(99, 3))).toEqual([99, 100, 101]);
    expect(stamps(await decoder.ExtractFrame(105, 20))).toEqual(range(105, 110));
    expect(await decoder.ExtractFrame(110)).toBeNull();
    expect(stamps(await decoder.ExtractFrameByTime(1, 2))).toEqual([50, 51]);
    await decoder.clear();
  });

  it('ExtractFrame leaves the GOP position where it was', async () => {
    const decoder = await open();
    await decoder.ExtractGOP();
    await decoder.ExtractFrame(3, 2);
    expect(stamps(await decoder.ExtractGOP())).toEqual(range(50, 100));
    decoder.ResetGOPPosition(73);
    expect(stamps(await decoder.ExtractGOP())).toEqual(range(50, 100));
    decoder.ResetGOPPosition(-1, 2.1);
    expect(stamps(await decoder.ExtractGOP())).toEqual(range(100, 110));
    expect(await decoder.ExtractGOP()).toBeNull();
    decoder.ResetGOPPosition();
    expect(stamps(await decoder.ExtractGOPByTime(1.5))).toEqual(range(50, 100));
    await decoder.clear();
  });

  it('StreamGOP gives the frames of ExtractGOP one by one', async () => {
    const decoder = await open();
    const seen: (number | null)[] = [];
    for await (const frame of decoder.StreamGOP(60)) {
      seen.push(readStamp(frame.data, frame.width * 3, 3));
      frame.release();
    }
    expect(seen).toEqual(range(50, 100));
    await decoder.clear();
  });

  it('iterating a decoder gives every frame from the next GOP to the end', async () => {
    const decoder = await open();
    const seen: (number | null)[] = [];
    decoder.ResetGOPPosition(60);
    for await (const frame of decoder) {
      seen.push(readStamp(frame.data, frame.width * 3, 3));
      frame.release();
    }
    expect(seen).toEqual(range(50, 110));
    expect(await decoder.ExtractGOP()).toBeNull();
    await decoder.clear();
  });

  it('the parameters of a decoder are those of its source', async () => {
    const decoder = await open(2);
    expect(decoder.getParameter()).toMatchObject({
      codecName: 'h264',
      GOPSize: 50,
      nthread: 2,
      frameRate: [50, 1],
    });
    expect(decoder.getParameter()).toMatchObject({ width: 320, height: 64, videoPath: clip });
    expect(decoder.getParameter().maxBframe).toBeGreaterThanOrEqual(1);
    const values = ['width', 'estFrameNum', 'avgFrameRate', 'coderName', 'duration', 'nothing'];
    expect(values.map((name) => decoder.getParameter(name))).toEqual([320, 110, 50, 'h264', 2.2, null]);
    await decoder.clear();
  });

  it('a decoder scales its frames to widthDst and heightDst', async () => {
    const decoder = new MpegDecoder(clip);
    decoder.setParameter({ widthDst: 160, heightDst: 32 });
    await decoder.FFmpegSetup();
    expect((await decoder.ExtractFrame(0, 2))?.shape).toEqual([2, 32, 160, 3]);
    expect(decoder.getParameter()).toMatchObject({ width: 320, widthDst: 160, heightDst: 32 });
    await decoder.clear();
  });

  it('a decoder before its set-up refuses with InvalidState, and its parameters are empty', async () => {
    const decoder = new MpegDecoder();
    await expect(decoder.ExtractFrame()).rejects.toMatchObject({ code: 'InvalidState' });
    await expect(decoder.ExtractGOP()).rejects.toMatchObject({ code: 'InvalidState' });
    expect(() => decoder.ResetGOPPosition(0)).toThrow(expect.objectContaining({ code: 'InvalidState' }));
    expect(decoder.getParameter('avgFrameRate')).toBeNull();
    await expect(decoder.FFmpegSetup()).rejects.toMatchObject({ code: 'InvalidArgument' });
    await decoder.clear();
  });

  it('the text of a decoder is a status report with all fields', async () => {
    const decoder = await open(3);
    const report = String(decoder);
    for (const field of [clip, 'mp4', 'h264', '320x64', '50 fps', 'b/s', '50 frames', '110', 'threads']) {
      expect(report).toContain(field);
    }
    await decoder.clear();
    expect(String(decoder)).toContain('not set up');
  });
});

describe('MpegServer', () => {
  async function server(
    more: object = {},
    decoder?: MpegDecoder,
  ): Promise<{ server: MpegServer; path: string }> {
    const path = scratch.file(`served${Math.random()}.mkv`);
    const it = new MpegServer();
    const source = decoder ? { decoder } : { width: 320, height: 64, frameRate: [50, 1] as const };
    it.setParameter({ ...source, codecName: 'libx264', preset: 'ultrafast', videoAddress: path, ...more });
    await it.FFmpegSetup();
    return { server: it, path };
  }
  const picture = () => new Uint8Array(320 * 64 * 3);

  it('a server serves every frame of a source once, in order, to the last', async () => {
    const decoder = await open();
    const { server: it, path } = await server({ maxBframe: 2 }, decoder);
    for (let gop = await decoder.ExtractGOP(); gop !== null; gop = await decoder.ExtractGOP()) {
      for (const frame of gop) expect(await it.ServeFrameBlock(frame)).toBe(true);
    }
    await it.FFmpegClose();
    expect((await readStamps(path)).map((frame) => frame.index)).toEqual(range(0, 110));
    await decoder.clear();
    await it.clear();
  });

  it('a source of a low bit rate does not starve the push, and the status says what the encoder uses', async () => {
    const path = scratch.file('low.mkv');
    const it = new MpegServer();
    const size = { width: 320, height: 64, frameRate: [50, 1] as const };
    it.setParameter({ configDict: { ...size, bitRate: 20_000 }, codecName: 'libx264', videoAddress: path });
    expect(it.getParameter('bitRate')).toBe(20_000);
    await it.FFmpegSetup();
    expect(it.getParameter('bitRate')).toBe(300_000);
    expect(String(it)).toContain('300000 b/s');
    expect(it.getParameter()).not.toHaveProperty('bitRateInherited');
    it.setParameter({ bitRate: 20_000 });
    await it.FFmpegSetup();
    expect(it.getParameter('bitRate')).toBe(20_000);
    await it.clear();
  });

  it('ServeFrameBlock keeps the lead within frameAhead', async () => {
    const { server: it } = await server({ frameAhead: 5 });
    for (let i = 0; i < 40; i++) {
      await it.ServeFrameBlock(picture());
      expect(it.getParameter('waitRef')).toBeLessThan((6 / 50 + 0.002) / 2);
    }
    await it.clear();
  });

  it('mpegCoder’s own formula is a mode, in which one sleep of half the lead settles at about two frames', async () => {
    const { server: it } = await server({ blockMode: 'halfLead' });
    const leads: number[] = [];
    for (let i = 0; i < 60; i++) {
      await it.ServeFrameBlock(picture());
      leads.push(it.getParameter('waitRef') * 2);
    }
    const settled = leads.slice(-20).sort((a, b) => a - b)[10] as number;
    console.log(`settled at ${(settled * 1000).toFixed(1)} ms`);
    expect(settled).toBeGreaterThan(0.5 / 50);
    expect(settled).toBeLessThan(4 / 50);
    await it.clear();
  });

  it('ServeFrame does not wait for the clock, and waitRef says how long to sleep', async () => {
    const { server: it } = await server();
    for (let i = 0; i < 30; i++) await it.ServeFrame(picture());
    while (it.getParameter('waitRef') === 0) await sleep(5);
    expect(it.getParameter('waitRef')).toBeGreaterThan(5 / 50 / 2);
    await it.clear();
    expect(it.getParameter('waitRef')).toBe(0);
  });

  it('a server that is set up after a close starts at zero with no wait', async () => {
    const { server: it, path } = await server({ frameAhead: 10 });
    for (let i = 0; i < 30; i++) await it.ServeFrameBlock(picture());
    await it.FFmpegClose();
    const second = `${path}.second.mkv`;
    await it.FFmpegSetup(second);
    const begin = performance.now();
    for (let i = 0; i < 8; i++) await it.ServeFrameBlock(picture());
    expect(performance.now() - begin).toBeLessThan(1500); // the reference waits 4 s and more
    await it.FFmpegClose();
    const decoder = new MpegDecoder(second);
    await decoder.FFmpegSetup();
    expect((await decoder.ExtractFrame(0, 20))?.length).toBe(8);
    expect(decoder.getParameter('duration')).toBeLessThan(0.5);
    await decoder.clear();
  });

  it('a server refuses a frame of another size, and its push goes on', async () => {
    const { server: it } = await server();
    await expect(it.ServeFrame(new Uint8Array(10))).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(it.ServeFrameBlock(null as never)).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(await it.ServeFrame(picture())).toBe(true);
    await it.clear();
  });

  it('an unknown codec is refused at the set-up, and a codec’s name is mapped to its encoder', async () => {
    await expect(server({ codecName: 'h264x' })).rejects.toMatchObject({ code: 'EncoderUnknown' });
    const { server: it } = await server({ codecName: 'h264' });
    expect(it.getParameter('codecName')).toBe('libx264');
    await it.clear();
  });

  it.each(['gopher://h/x', 'ftp://h/x', 'sftp://h/x', 'UDP://h:1'])(
    'a push to %s is refused before connecting, with what is supported',
    async (url) => {
      const failure = await server({ videoAddress: url }).catch((error) => error);
      expect(failure).toMatchObject({ name: 'NativeError', code: 'SchemeUnsupported' });
      expect(`${failure.message} ${failure.action}`).toMatch(/rtsp.*rtmp/s);
    },
  );

  it('a server without a set-up refuses frames, and closing it is harmless', async () => {
    const it = new MpegServer();
    await expect(it.ServeFrame(picture())).rejects.toMatchObject({ code: 'InvalidState' });
    await expect(it.ServeFrameBlock(picture())).rejects.toMatchObject({ code: 'InvalidState' });
    await expect(it.FFmpegSetup()).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(it.FFmpegSetup(scratch.file('x.mkv'))).rejects.toMatchObject({ code: 'InvalidArgument' });
    await it.FFmpegClose();
    await it.clear();
    expect(() => it.setParameter({ videoPath: 'x' } as never)).toThrow(/videoPath: unknown parameter/);
  });

  it('the text of a server is a status report with all fields, without credentials', async () => {
    const { server: it } = await server();
    await it.ServeFrame(picture());
    const report = String(it);
    for (const field of [
      'libx264',
      '320x64',
      '50/1 fps',
      'GOP',
      'threads',
      'frameAhead',
      'Connected',
      'sent',
      'waitRef',
    ]) {
      expect(report).toContain(field);
    }
    await it.clear();
    it.resetPath('rtsp://user:s3cret@host/path');
    expect(`${String(it)}${JSON.stringify(it.getParameter())}`).not.toContain('s3cret');
    expect(it.getParameter('formatName')).toBe('rtsp');
  });
});

describe('module functions', () => {
  it('setGlobal takes levels 0 to 2', () => {
    for (const dumpLevel of [2, 1, 0]) setGlobal({ dumpLevel, onLine: () => {} });
    expect(() => setGlobal({ dumpLevel: 3 })).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });

  it('readme says where the differences are', () => {
    const written: string[] = [];
    const { write } = process.stdout;
    process.stdout.write = ((text: string) => written.push(text) > 0) as typeof write;
    try {
      readme();
    } finally {
      process.stdout.write = write;
    }
    expect(written.join('')).toContain('docs/mpegcoder.md');
  });
});
