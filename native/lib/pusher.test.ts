/** Frames from JavaScript to a file that is written on time: acceptance, lead, refusals. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClip } from '../../test/support/clips.ts';
import { drawStamp } from '../../test/support/index-stamp.ts';
import { processTree, programName } from '../../test/support/meters.ts';
import { Scratch } from '../../test/support/tools.ts';
import { FramePusher, FrameReader, type PushOptions } from './index.ts';

const [WIDTH, HEIGHT, RATE] = [64, 48, 50];
const FRAME_SECONDS = 1 / RATE;
/** What the clock may move between an acceptance and the reading of the lead, on a busy machine. */
const SLACK = 0.002;
let scratch: Scratch;
let files = 0;

beforeAll(() => {
  scratch = new Scratch();
});
afterAll(() => scratch[Symbol.dispose]());

const picture = (shade = 100) => new Uint8Array(WIDTH * HEIGHT * 3).fill(shade);

function options(more: Partial<PushOptions> = {}): PushOptions {
  return {
    url: scratch.file(`out${files++}.mkv`),
    width: WIDTH,
    height: HEIGHT,
    frameRate: `${RATE}`,
    encoder: { encoder: 'libx264', preset: 'ultrafast' },
    ...more,
  };
}

describe('the bound of the lead', () => {
  it.each([10, 50, 500])(
    'the lead follows a target of %d frames, and never exceeds it by more than one',
    async (frames) => {
      const target = frames * FRAME_SECONDS;
      await using pusher = await FramePusher.open(options({ maxLeadSeconds: target }));
      const leads: number[] = [];
      for (let i = 0; i < frames + 40; i++) {
        await pusher.push(picture(i % 200));
        leads.push(pusher.leadSeconds);
      }
      const most = Math.max(...leads);
      const steady = leads.slice(-10);
      console.log(
        `target ${target.toFixed(2)} s: most ${most.toFixed(3)}, at the end ${steady.at(-1)?.toFixed(3)}`,
      );
      expect(most).toBeLessThan(target + FRAME_SECONDS + SLACK);
      expect(Math.min(...steady)).toBeGreaterThan(target - 10 * FRAME_SECONDS);
    },
  );

  it('with a low-latency preset the lead is bounded from the first frame on', async () => {
    await using pusher = await FramePusher.open(options({ maxLeadSeconds: 2 * FRAME_SECONDS }));
    for (let i = 0; i < 50; i++) {
      await pusher.push(picture(i));
      expect(pusher.leadSeconds).toBeLessThan(3 * FRAME_SECONDS + SLACK);
    }
  });

  it('a delay before the first frame is not made up for by a burst', async () => {
    await using pusher = await FramePusher.open(options({ maxLeadSeconds: 2 * FRAME_SECONDS }));
    await sleep(1000); // the delay is what is tested
    const begin = performance.now();
    for (let i = 0; i < 25; i++) {
      await pusher.push(picture(i));
      expect(pusher.leadSeconds).toBeLessThan(3 * FRAME_SECONDS + SLACK);
    }
    expect(performance.now() - begin).toBeGreaterThan((25 - 5) * FRAME_SECONDS * 1000);
  });
});

describe('waitRef', () => {
  it('waitRef is half the lead, in seconds, and never negative', async () => {
    await using pusher = await FramePusher.open(options({ queueFrames: 64 }));
    expect(pusher.waitRef).toBe(0);
    for (let i = 0; i < 40; i++) await pusher.offer(picture(i));
    // The clock starts with the first unit.
    while (pusher.snapshot().outputs[0]?.ledger.sent === 0) await sleep(5);
    for (let i = 0; i < 10; i++) {
      const before = performance.now();
      const lead = pusher.leadSeconds;
      const waitRef = pusher.waitRef;
      const passed = (performance.now() - before) / 1000;
      expect(Math.abs(waitRef - Math.max(lead, 0) / 2)).toBeLessThan(0.001 + passed);
      await sleep(20);
    }
    while (pusher.leadSeconds > -0.05) await sleep(50);
    expect(pusher.waitRef).toBe(0);
  });

  it('the lead of a pusher falls as the clock goes while nothing is pushed', async () => {
    await using pusher = await FramePusher.open(options({ queueFrames: 64 }));
    for (let i = 0; i < 40; i++) await pusher.offer(picture(i));
    while (pusher.snapshot().outputs[0]?.ledger.sent === 0) await sleep(5);
    const [at, lead] = [performance.now(), pusher.leadSeconds];
    await sleep(200);
    const fallen = lead - pusher.leadSeconds;
    const passed = (performance.now() - at) / 1000;
    expect(Math.abs(fallen - passed)).toBeLessThan(0.02);
  });
});

describe('pushed frames', () => {
  it('a push arrives whole, the last frame on time, and its file is closed in order', async () => {
    const given = options({ width: 320, height: 64, maxLeadSeconds: 0.2 });
    const begin = performance.now();
    const pusher = await FramePusher.open(given);
    const luma = new Uint8Array(320 * 64);
    for (let i = 0; i < 60; i++) {
      drawStamp(luma, 320, i);
      await pusher.push(Uint8Array.from({ length: luma.length * 3 }, (_, j) => luma[(j / 3) | 0] as number));
    }
    await pusher.finish();
    expect(performance.now() - begin).toBeGreaterThan(60 * FRAME_SECONDS * 1000);
    expect(pusher.snapshot().outputs[0]?.ledger).toMatchObject({
      sent: 60,
      dropped: { queueFull: 0, network: 0 },
    });
    await using reader = await FrameReader.open(given.url);
    expect(reader.descriptor.video).toMatchObject({ codec: 'h264', width: 320, height: 64, frameRate: '50' });
    let count = 0;
    for await (const frame of reader) expect(frame.index).toBe(count++);
    expect(count).toBe(60);
  });

  it('a push is scaled by the encoder on request', async () => {
    const given = options({ encoder: { encoder: 'libx264', width: 32, height: 32 } });
    const pusher = await FramePusher.open(given);
    for (let i = 0; i < 10; i++) await pusher.push(picture());
    await pusher.finish();
    await using reader = await FrameReader.open(given.url);
    expect(reader.descriptor.video).toMatchObject({ width: 32, height: 32 });
  });

  it('a push keeps the presentation times it was given', async () => {
    const given = options({ timeBase: '1/90000' });
    const pusher = await FramePusher.open(given);
    const times = [0, 0.02, 0.04, 0.1, 0.2, 0.3, 0.35];
    for (const ptsSeconds of times) await pusher.push(picture(), { ptsSeconds });
    await expect(pusher.push(picture(), { ptsSeconds: 0.35 })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    await pusher.finish();
    await using reader = await FrameReader.open(given.url);
    const seen: number[] = [];
    for await (const frame of reader) seen.push(frame.pts);
    expect(seen.map((pts) => Math.round(pts * 1000))).toEqual(times.map((pts) => Math.round(pts * 1000)));
  });

  it('a push keeps the times of a reader’s frames when a time base is given', async () => {
    const path = scratch.file('variable.mkv');
    const size = { width: 320, height: 64 };
    await makeClip({ path, frames: 40, ...size, instants: 'if(lt(N,20),N/50,0.4+(N-20)/10)' });
    await using source = await FrameReader.open(path);
    const given = options(source.pushOptions);
    const pusher = await FramePusher.open(given);
    const times: number[] = [];
    for await (const frame of source) {
      times.push(frame.pts);
      await pusher.push(frame);
    }
    await pusher.finish();
    await using reader = await FrameReader.open(given.url);
    const seen: number[] = [];
    for await (const frame of reader) seen.push(frame.pts);
    expect(times).toHaveLength(40);
    expect(seen.map((pts) => Math.round(pts * 1000))).toEqual(times.map((pts) => Math.round(pts * 1000)));
  });

  it('a push spaces a reader’s frames by the frame rate when no time base is given', async () => {
    const given = options({ width: 320, height: 64 });
    await using source = await FrameReader.open({
      testPattern: { width: 320, height: 64, frameRate: '25', durationSeconds: 0.4 },
    });
    const pusher = await FramePusher.open(given);
    for await (const frame of source) await pusher.push(frame);
    await pusher.finish();
    await using reader = await FrameReader.open(given.url);
    expect((await reader.frames(9))[0]?.pts).toBeCloseTo(9 * FRAME_SECONDS, 3);
  });

  it('a push keeps the sample aspect ratio that it was given', async () => {
    const given = options({ sampleAspectRatio: '64/45' });
    const pusher = await FramePusher.open(given);
    for (let i = 0; i < 5; i++) await pusher.push(picture());
    await pusher.finish();
    await using reader = await FrameReader.open(given.url);
    expect(reader.descriptor.video.sampleAspectRatio).toBe('64/45');
    expect(reader.pushOptions.sampleAspectRatio).toBe('64/45');
  });

  it('a push takes native planes, and a reader’s frame without a copy', async () => {
    const given = options({ width: 320, height: 180, inputFormat: 'yuv420p' });
    await using reader = await FrameReader.open(
      { testPattern: { width: 320, height: 180, durationSeconds: 0.5 } },
      { format: 'native' },
    );
    const pusher = await FramePusher.open(given);
    let count = 0;
    for await (const frame of reader) {
      const copied = { planes: frame.planes.map(({ data, stride }) => ({ data: data.slice(), stride })) };
      await pusher.push(count++ % 2 === 0 ? frame : copied);
    }
    await pusher.finish();
    expect(pusher.snapshot().outputs[0]?.ledger.sent).toBe(count);
  });

  it('a push is encoded in this process, and no child is started', async () => {
    const pusher = await FramePusher.open(options());
    for (let i = 0; i < 20; i++) await pusher.push(picture());
    const names = processTree(process.pid).map(programName);
    expect(names.filter((name) => name !== null && /ffmpeg|ffprobe|gst/.test(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(0);
    await pusher.finish();
  });
});

describe('wrong frames', () => {
  const size = WIDTH * HEIGHT * 3;
  it.each<[string, unknown]>([
    ['that is too short', new Uint8Array(size - 1)],
    ['that is too long', new Uint8Array(size + 1)],
    ['that is empty', new Uint8Array(0)],
    ['of floats', new Float64Array(size)],
    ['of 16 bit numbers', new Uint16Array(size / 2)],
    ['that is a DataView', new DataView(new ArrayBuffer(size))],
    ['that is an ArrayBuffer', new ArrayBuffer(size)],
    ['that is a list', Array.from({ length: size }, () => 0)],
    ['that is null', null],
    ['that is undefined', undefined],
    ['that is a number', 7],
    ['that is a string', 'x'.repeat(size)],
    ['of another size', { data: new Uint8Array(size), width: WIDTH + 2, height: HEIGHT }],
    ['of another format', { data: new Uint8Array(size), format: 'bgr24' }],
    ['with a stride below a row', { planes: [{ data: new Uint8Array(size), stride: WIDTH }] }],
    ['with a stride that leaves the buffer', { planes: [{ data: new Uint8Array(size), stride: WIDTH * 6 }] }],
    ['with a negative stride', { planes: [{ data: new Uint8Array(size), stride: -WIDTH * 3 }] }],
    ['with a broken stride', { planes: [{ data: new Uint8Array(size), stride: Number.NaN }] }],
    ['with no planes', { planes: [] }],
    ['with holes for planes', { planes: [null] }],
    [
      'with too many planes',
      { planes: [1, 2, 3].map(() => ({ data: new Uint8Array(size), stride: WIDTH * 3 })) },
    ],
    ['that is detached', detached(size)],
  ])('a frame %s is refused with a typed error, and the push goes on', async (_, frame) => {
    await using pusher = await FramePusher.open(options());
    await expect(pusher.push(frame as never)).rejects.toMatchObject({
      name: 'NativeError',
      code: 'InvalidArgument',
    });
    await expect(pusher.offer(frame as never)).rejects.toMatchObject({ code: 'InvalidArgument' });
    await pusher.push(picture()); // and nothing is broken by it
  });

  function detached(length: number): Uint8Array {
    const array = new Uint8Array(length);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    return array;
  }
});

describe('the opening of a pusher', () => {
  it.each<[string, Partial<PushOptions>, RegExp]>([
    ['SchemeUnsupported', { url: 'gopher://host/x' }, /gopher/],
    ['EncoderUnknown', { encoder: { encoder: 'libx26' } }, /libx26/],
    ['InvalidArgument', { width: 0 }, /video\.width/],
    ['InvalidArgument', { inputFormat: 'rgb' }, /video\.format/],
    ['InvalidArgument', { frameRate: '25fps' }, /video\.frameRate/],
    ['InvalidArgument', { url: '' }, /url/],
  ])('%s is reported when a pusher is opened with %j', async (code, more, message) => {
    await expect(FramePusher.open(options(more))).rejects.toMatchObject({
      name: 'NativeError',
      code,
      message,
    });
  });

  it('a refused scheme is reported with those that are supported, and the case of a scheme does not matter', async () => {
    const failure = await FramePusher.open(options({ url: 'Gopher://host/x' })).catch((error) => error);
    expect(`${failure.message} ${failure.action}`).toMatch(/rtsp.*rtmp/s);
    const refused = await FramePusher.open(options({ url: 'RTSP://127.0.0.1:1/x' })).catch((error) => error);
    expect(refused.code).toBe('ConnectRefused');
  });

  it('opening a pusher fails with Aborted when its signal is aborted', async () => {
    const signal = AbortSignal.abort();
    await expect(FramePusher.open(options({ signal }))).rejects.toMatchObject({ code: 'Aborted' });
  });
});

describe('order of calls', () => {
  it('a push after the end is refused with InvalidState', async () => {
    const pusher = await FramePusher.open(options());
    await pusher.push(picture());
    await pusher.finish();
    await pusher.finish();
    await expect(pusher.push(picture())).rejects.toMatchObject({ code: 'InvalidState' });
    await pusher.close();
    pusher.abort();
    expect(pusher.waitRef).toBeGreaterThanOrEqual(0);
    expect(pusher.snapshot().outputs).toHaveLength(1);
  });

  it('an abort ends a waiting push within a second', async () => {
    const pusher = await FramePusher.open(options({ maxLeadSeconds: FRAME_SECONDS }));
    const pushes = Promise.allSettled(Array.from({ length: 20 }, () => pusher.push(picture())));
    await sleep(50);
    const begin = performance.now();
    pusher.abort();
    const results = await pushes;
    const took = performance.now() - begin;
    console.log(`abort took ${took.toFixed(1)} ms`);
    expect(took).toBeLessThan(1000);
    expect(results.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'Aborted' } });
    await pusher.close();
  });

  it('pushes that are not awaited stay in order, up to a bound', async () => {
    const pusher = await FramePusher.open(options({ queueFrames: 2, maxLeadSeconds: FRAME_SECONDS }));
    const results = await Promise.allSettled(Array.from({ length: 200 }, () => pusher.push(picture())));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((result) => result.reason.code === 'InvalidState')).toBe(true);
    await pusher.finish();
    expect(pusher.snapshot().outputs[0]?.ledger.sent).toBe(200 - refused.length);
  });
});
