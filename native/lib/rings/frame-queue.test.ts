/** The frame queue between two processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../../../test/support/program.ts';
import { Scratch } from '../../../test/support/tools.ts';
import { FrameQueueReader, FrameQueueWriter, observeRing, type QueueOptions } from '../index.ts';

const otherProcess = (...words: string[]): Program =>
  new Program(process.execPath, [
    ...process.execArgv,
    import.meta.filename.replace('.test.ts', '.test-writer.ts'),
    ...words,
  ]);

const [WIDTH, HEIGHT] = [64, 36];
let scratch: Scratch;
let queues = 0;

beforeAll(() => {
  scratch = new Scratch({ memory: true });
});
afterAll(() => scratch[Symbol.dispose]());

const picture = (shade: number, width = WIDTH) => new Uint8Array(width * HEIGHT * 3).fill(shade);

async function pair(options: Partial<QueueOptions> = {}, peerTimeoutMilliseconds = 5000) {
  const path = scratch.file(`queue${queues++}`);
  const writer = await FrameQueueWriter.create(path, {
    width: WIDTH,
    height: HEIGHT,
    peerTimeoutMilliseconds,
    ...options,
  });
  const reader = await FrameQueueReader.attach(path, { peerTimeoutMilliseconds });
  return { path, writer, reader };
}

async function close({
  writer,
  reader,
}: {
  writer: FrameQueueWriter;
  reader: FrameQueueReader;
}): Promise<void> {
  await writer.close();
  await reader.close();
}

describe('frames of a queue', () => {
  it('a queue gives its parameters first, then the frames in order, then the end marker', async () => {
    const both = await pair({ parameters: { codecName: 'h264', frameRate: [25, 1], text: 'grüße' } });
    const { writer, reader } = both;
    expect(reader.parameters).toEqual({ codecName: 'h264', frameRate: [25, 1], text: 'grüße' });
    expect([reader.width, reader.height, reader.format]).toEqual([WIDTH, HEIGHT, 'rgb24']);
    for (let i = 0; i < 5; i++) await writer.put(picture(i), { ptsSeconds: i / 25, keyFrame: i === 0 });
    await writer.end();
    const seen: unknown[] = [];
    for await (const frame of reader)
      seen.push([frame.index, frame.pts, frame.keyFrame, frame.data[0], frame.data.length]);
    const size = WIDTH * HEIGHT * 3;
    expect(seen).toEqual([0, 1, 2, 3, 4].map((i) => [i, i / 25, i === 0, i, size]));
    expect([await reader.take(), await reader.take()]).toEqual([null, null]);
    await close(both);
  });

  it('a writer puts no more frames than the capacity before somebody takes one', async () => {
    const both = await pair({ capacityFrames: 3 });
    let put = 0;
    const writing = (async () => {
      for (let i = 0; i < 10; i++) {
        await both.writer.put(picture(i));
        put += 1;
      }
      await both.writer.end();
    })();
    await sleep(200); // long enough to overrun a queue that does not hold back
    expect(put).toBe(3);
    expect(observeRing(both.path)).toMatchObject({ depth: 3, capacity: 3, ended: false });
    const seen: number[] = [];
    for await (const frame of both.reader) seen.push(frame.index);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await writing;
    expect(observeRing(both.path).outputs).toMatchObject([{ name: 'reader', ledger: { sent: 10 } }]);
    await close(both);
  });

  it('the rows of a frame are packed whatever its width is', async () => {
    const width = 50; // rows of 150 bytes lie 192 apart in the queue
    const { writer, reader } = await pair({ width });
    const given = Uint8Array.from({ length: width * HEIGHT * 3 }, (_, i) => i % 251);
    await writer.put(given);
    const frame = await reader.take();
    expect(frame?.planes[0]?.stride).toBeGreaterThan(width * 3);
    expect(Buffer.from(frame?.data ?? []).equals(Buffer.from(given))).toBe(true);
    frame?.release();
    await close({ writer, reader });
  });

  it('a frame lies in the queue’s memory until it is released, and its views are empty afterwards', async () => {
    const both = await pair({ capacityFrames: 2, heldFrames: 2 });
    await both.writer.put(picture(1));
    const frame = await both.reader.take();
    const view = frame?.data;
    expect(view?.[0]).toBe(1);
    frame?.release();
    frame?.release();
    expect(view?.length).toBe(0);
    expect(observeRing(both.path)).toMatchObject({ unacked: 0 });
    await close(both);
  });

  it('DropNewest refuses frames while the queue is full, and the gap is reported', async () => {
    const both = await pair({ capacityFrames: 2, whenFull: 'DropNewest' });
    for (let i = 0; i < 5; i++) await both.writer.put(picture(i));
    const first = await both.reader.take();
    first?.release();
    await both.writer.put(picture(5));
    await both.writer.end();
    const seen: number[][] = [];
    for await (const frame of both.reader) seen.push([frame.index, frame.skipped]);
    expect([first?.index, ...seen]).toEqual([0, [1, 0], [5, 3]]);
    await both.reader.take();
    expect(observeRing(both.path).outputs[0]?.ledger).toMatchObject({ sent: 3, dropped: { queueFull: 3 } });
    await close(both);
  });
});

describe('the end of a side', () => {
  it('a reader learns within its limit that the writer is gone', async () => {
    const both = await pair({}, 600);
    await both.writer.put(picture(1));
    (await both.reader.take())?.release();
    await both.writer.close(); // no end marker: as good as dead
    const begin = performance.now();
    await expect(both.reader.take()).rejects.toMatchObject({ code: 'RingPeerFailed' });
    expect(performance.now() - begin).toBeLessThan(6000);
    await both.reader.close();
  });

  it('a writer learns within its limit that the reader is gone', async () => {
    const both = await pair({ capacityFrames: 2, heldFrames: 1 }, 600);
    await both.reader.close();
    const overflow = async () => {
      for (let i = 0; i < 10; i++) await both.writer.put(picture(i));
    };
    await expect(overflow()).rejects.toMatchObject({ code: 'RingPeerFailed' });
    await both.writer.close();
  });

  it('a process that is killed while it writes leaves only whole frames to the reader', async () => {
    const path = scratch.file('killed');
    await using child = otherProcess(path, '64', '36', 'endless');
    await using reader = await FrameQueueReader.attach(path, { peerTimeoutMilliseconds: 600 });
    const seen: number[] = [];
    const reading = (async () => {
      for await (const frame of reader) {
        seen.push(frame.index);
        expect(new Set(frame.data)).toEqual(new Set([frame.index % 16])); // never half a frame
        if (seen.length === 50) child.signal('SIGKILL');
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'RingPeerFailed' });
    expect(seen).toEqual(seen.map((_, i) => i));
    expect(seen.length).toBeGreaterThanOrEqual(50);
  });
});

describe('close()', () => {
  it('close() resolves when the queue is given up, so that the next writer or reader gets it at once', async () => {
    const { path, writer, reader } = await pair();
    await reader.close();
    for (let i = 0; i < 20; i++) {
      const next = await FrameQueueReader.attach(path, { openTimeoutMilliseconds: 0 });
      await next.close();
    }
    await writer.close();
    for (let i = 0; i < 20; i++) {
      const next = await FrameQueueWriter.create(path, { width: WIDTH, height: HEIGHT });
      await next.close();
    }
  });
});

describe('refusals', () => {
  it('a wrong frame is refused and nothing of it goes in', async () => {
    const both = await pair();
    for (const wrong of [new Uint8Array(5), new Float32Array(WIDTH * HEIGHT * 3), null, { planes: [] }]) {
      await expect(both.writer.put(wrong as never)).rejects.toMatchObject({ code: 'InvalidArgument' });
    }
    expect(observeRing(both.path).published).toBe(0);
    await close(both);
  });

  it('a closed writer or reader refuses with InvalidState, and closing twice is harmless', async () => {
    const both = await pair();
    await close(both);
    await close(both);
    await expect(both.writer.put(picture(1))).rejects.toMatchObject({ code: 'InvalidState' });
    await expect(both.writer.end()).rejects.toMatchObject({ code: 'InvalidState' });
    await expect(both.reader.take()).rejects.toMatchObject({ code: 'InvalidState' });
  });

  it('a reader that releases nothing gets an error instead of waiting for ever', async () => {
    const both = await pair({ capacityFrames: 2, heldFrames: 2 });
    const slots = observeRing(both.path).slots;
    for (let i = 0; i < slots; i++) {
      await both.writer.put(picture(i));
      expect(await both.reader.take()).not.toBeNull();
    }
    await expect(both.reader.take()).rejects.toMatchObject({
      code: 'InvalidState',
      action: expect.stringMatching(/release/),
    });
    await close(both);
  });

  it('a second writer or reader is refused, and a missing queue is waited for only until the time limit', async () => {
    const both = await pair();
    const shape = { width: WIDTH, height: HEIGHT };
    await expect(FrameQueueWriter.create(both.path, shape)).rejects.toMatchObject({ code: 'RingBusy' });
    await expect(FrameQueueReader.attach(both.path)).rejects.toMatchObject({ code: 'RingBusy' });
    await close(both);
    const missing = FrameQueueReader.attach(scratch.file('missing'), { openTimeoutMilliseconds: 100 });
    await expect(missing).rejects.toMatchObject({ code: 'SourceTimeout' });
    expect(() => observeRing(scratch.file('missing'))).toThrow(
      expect.objectContaining({ code: 'SourceNotFound' }),
    );
  });

  it('attaching to a queue fails with Aborted when its signal is aborted', async () => {
    const signal = AbortSignal.timeout(50);
    const waiting = FrameQueueReader.attach(scratch.file('never'), { signal });
    await expect(waiting).rejects.toMatchObject({ code: 'Aborted' });
  });
});

describe('two processes', () => {
  it('1080p RGB frames cross from one process to another whole and in order', async () => {
    const path = scratch.file('fast');
    await using child = otherProcess(path, '1920', '1080', '200');
    await using reader = await FrameQueueReader.attach(path);
    let count = 0;
    let wrong = 0;
    for await (const frame of reader) {
      const shade = frame.index % 16;
      if (frame.index !== count++ || frame.data[0] !== shade || frame.data.at(-1) !== shade) wrong += 1;
    }
    expect([count, wrong]).toEqual([200, 0]);
    expect(await child.waitForExit(20_000), child.tail()).toEqual({ code: 0, signal: null });
  });
});
