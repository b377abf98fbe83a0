/** The ends of a ring, as a process uses them that carries frames to or from another machine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scratch } from '../../../test/support/tools.ts';
import {
  FRAME_FLAG,
  observeRing,
  type RingFormat,
  type RingFrame,
  type RingFrameHeader,
  RingReader,
  RingWriter,
  type RingWriterOptions,
} from '../index.ts';

let scratch: Scratch;
let rings = 0;

beforeAll(() => {
  scratch = new Scratch({ memory: true });
});
afterAll(() => scratch[Symbol.dispose]());

const format: RingFormat = {
  width: 100,
  height: 36,
  pixelFormat: 'yuv420p',
  timeBaseNumerator: 1,
  timeBaseDenominator: 90_000,
  frameRateNumerator: 30_000,
  frameRateDenominator: 1001,
  sampleAspectNumerator: 4,
  sampleAspectDenominator: 3,
  colorRange: 1,
  colorPrimaries: 5,
  colorTransfer: 6,
  colorMatrix: 5,
  chromaLocation: 1,
  gopFrames: 25,
  bitRate: 3_000_000_000,
};
/** Rows begin on 64 bytes: 128 of luma, 64 of each chroma. */
const BYTES = 128 * 36 + 2 * 64 * 18;

const header = (sequence: bigint, changes: Partial<RingFrameHeader> = {}): RingFrameHeader => ({
  sequence,
  pts: 2n ** 60n + sequence,
  duration: 3003n,
  sourcePts: -(2n ** 59n),
  sourceIndex: sequence,
  segmentOrigin: -5n,
  segmentStart: 7n,
  sourceKeyPosition: 188n,
  sourceShift: -5n,
  flags: FRAME_FLAG.keyFrame,
  pass: 3,
  ageSeconds: 0,
  ...changes,
});

async function pair(options: Partial<RingWriterOptions> = {}) {
  const path = scratch.file(`ring${rings++}`);
  const writer = await RingWriter.open(path, {
    format,
    capacityFrames: 4,
    retainedFrames: 2,
    outputs: ['far'],
    parameters: '{"epoch":"x"}',
    ...options,
  });
  const reader = await RingReader.attach(path);
  return { path, writer, reader };
}

async function next(reader: RingReader): Promise<RingFrame | 'replaced' | null> {
  for (let found = reader.take(); ; found = reader.take()) {
    if (found !== undefined) return found;
    await reader.news();
  }
}

async function close({ writer, reader }: Awaited<ReturnType<typeof pair>>): Promise<void> {
  await writer.close();
  await reader.close();
}

it('every field of a frame and of the format comes out of a ring as it went in', async () => {
  const both = await pair();
  const picture = Uint8Array.from({ length: BYTES }, (_, i) => i % 251);
  expect(both.writer.put(header(0n, { ageSeconds: 2 }), picture)).toBe(true);
  const frame = (await next(both.reader)) as RingFrame;
  const { position, discontinuity, data, ageSeconds, ...rest } = frame;
  const { ageSeconds: _, ...given } = header(0n);
  expect(rest).toEqual(given);
  expect([position, discontinuity, Buffer.from(data).equals(picture)]).toEqual([0, false, true]);
  expect(ageSeconds).toBeGreaterThanOrEqual(2);
  expect(ageSeconds).toBeLessThan(60);
  expect(both.reader.state()).toMatchObject({ format, parameters: '{"epoch":"x"}', lastDone: null });
  both.reader.release(frame);
  expect(data.length).toBe(0);
  await close(both);
});

it('a frame is done when its reader says so, and comes again after a rewind before', async () => {
  const both = await pair();
  for (const sequence of [0n, 1n, 2n]) both.writer.put(header(sequence), new Uint8Array(BYTES));
  for (let i = 0; i < 3; i++) await next(both.reader);
  both.reader.done(1);
  expect(both.reader.state()).toMatchObject({ acked: 1, lastDone: 0n });
  both.reader.rewind();
  expect(await next(both.reader)).toMatchObject({ sequence: 1n });
  both.reader.done(2);
  expect(await next(both.reader)).toMatchObject({ sequence: 2n });
  both.reader.done(3);
  expect(observeRing(both.path)).toMatchObject({
    unacked: 0,
    outputs: [{ name: 'far', ledger: { sent: 3 } }],
  });
  expect(both.writer.state()).toMatchObject({ acked: 3, doneSequence: 2n, releasedSequence: null });
  await close(both);
});

it('a ring writer waits for room, and gets news when the reader moves on', async () => {
  const both = await pair();
  for (let i = 0n; i < 4n; i++) expect(both.writer.put(header(i), new Uint8Array(BYTES))).toBe(true);
  expect(both.writer.put(header(4n), new Uint8Array(BYTES))).toBe(false);
  both.writer.state();
  const news = both.writer.news();
  await next(both.reader);
  await news;
  expect(both.writer.put(header(4n), new Uint8Array(BYTES))).toBe(true);
  await close(both);
});

it('sequences that a ring writer leaves out are settled as dropped on the other side', async () => {
  const both = await pair();
  both.writer.put(header(0n), new Uint8Array(BYTES));
  both.writer.put(header(5n), new Uint8Array(BYTES));
  both.writer.put(header(9n, { flags: FRAME_FLAG.discontinuity }), new Uint8Array(BYTES));
  both.writer.end(12n);
  for (const [position, discontinuity] of [false, false, true].entries()) {
    expect(await next(both.reader)).toMatchObject({ position, discontinuity });
  }
  expect(await next(both.reader)).toBeNull();
  both.reader.done(3);
  const ledger = { sent: 3, dropped: { queueFull: 4 + 2, network: 3 } };
  expect(observeRing(both.path)).toMatchObject({ ended: true, sourceFrames: 12, outputs: [{ ledger }] });
  await close(both);
});

it('a ring that begins behind a frame goes on from it, in its own time base', async () => {
  const seed = { ...header(41n), pts: 1000n, timeBaseNumerator: 1, timeBaseDenominator: 30_000 };
  const both = await pair({ seed });
  expect(both.writer.last()).toMatchObject({ sequence: 41n, pts: 3000n, sourcePts: -(2n ** 59n) });
  both.writer.put(header(42n), new Uint8Array(BYTES));
  expect(await next(both.reader)).toMatchObject({ sequence: 42n });
  await close(both);
});

it('a ring reader follows to the ring that a writer of another format makes', async () => {
  const both = await pair();
  both.writer.put(header(0n), new Uint8Array(BYTES));
  await next(both.reader);
  both.reader.done(1);
  await both.writer.close();
  const options = {
    format: { ...format, width: 64 },
    capacityFrames: 4,
    retainedFrames: 2,
    outputs: ['far'],
  };
  await using writer = await RingWriter.open(both.path, { ...options, parameters: '{"epoch":"x"}' });
  expect(await next(both.reader)).toBe('replaced');
  await both.reader.follow();
  writer.put(header(1n), new Uint8Array(64 * 36 + 2 * 64 * 18));
  expect(await next(both.reader)).toMatchObject({ sequence: 1n, position: 1 });
  expect(both.reader.state()).toMatchObject({ generation: 2, format: { width: 64 } });
  await both.reader.close();
});

describe('refusals of a ring', () => {
  it('a ring writer refuses a wrong frame and names what is wrong with it', async () => {
    const both = await pair();
    expect(() => both.writer.put(header(0n), new Uint8Array(BYTES - 1))).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        message: expect.stringContaining(`${BYTES} bytes`),
      }),
    );
    const { pts: _, ...partial } = header(0n);
    expect(() => both.writer.put(partial as RingFrameHeader, new Uint8Array(BYTES))).toThrow(/header\.pts/);
    expect(observeRing(both.path).published).toBe(0);
    await close(both);
  });

  it('a reader refuses a ring that belongs to an encoder, a writer a format that does not exist', async () => {
    const path = scratch.file(`ring${rings++}`);
    const options = { format, capacityFrames: 4, retainedFrames: 2, outputs: ['a', 'b'] };
    await using _ = await RingWriter.open(path, options);
    await expect(RingReader.attach(path)).rejects.toMatchObject({ code: 'RingInvalid' });
    const wrong = { ...options, format: { ...format, pixelFormat: 'nonsense' } };
    await expect(RingWriter.open(`${path}-2`, wrong)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('a closed end of a ring refuses with InvalidState, and closing twice is harmless', async () => {
    const both = await pair();
    await close(both);
    await close(both);
    expect(both.reader.state()).toBeNull();
    expect(() => both.reader.take()).toThrow(expect.objectContaining({ code: 'InvalidState' }));
    expect(() => both.writer.put(header(0n), new Uint8Array(BYTES))).toThrow(
      expect.objectContaining({ code: 'InvalidState' }),
    );
  });

  it('attaching to a ring fails with Aborted when its signal is aborted', async () => {
    const waiting = RingReader.attach(scratch.file('never'), { signal: AbortSignal.timeout(30) });
    await expect(waiting).rejects.toMatchObject({ code: 'Aborted' });
  });
});
