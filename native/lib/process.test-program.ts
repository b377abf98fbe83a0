/**
 * What a process of its own does in the tests of process.test.ts: `SCENARIO [ARGUMENT…]`.
 * Prints a line at its end.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { seeded } from '../../test/support/random.ts';
import { count } from '../../test/support/repetitions.ts';
import {
  DecodeSession,
  EncodeSession,
  FramePusher,
  FrameQueueReader,
  FrameQueueWriter,
  FrameReader,
} from './index.ts';
import { MpegDecoder, MpegServer } from './mpegcoder/index.ts';

type Scenario = (...given: string[]) => Promise<void>;

const size = { width: 64, height: 48 };
const picture = () => new Uint8Array(size.width * size.height * 3);
const endless = { testPattern: size };
const encoder = { encoder: 'libx264', preset: 'ultrafast' };

/** Objects of every kind, used and dropped; nobody closes anything. */
const abandon: Scenario = async (folder = '') => {
  const reader = await FrameReader.open(endless);
  await reader.next();
  const pusher = await FramePusher.open({
    ...size,
    url: `${folder}/abandoned.mkv`,
    frameRate: '50',
    encoder,
  });
  await pusher.push(picture());
  const ring = `${folder}/ring`;
  const decode = new DecodeSession({
    source: endless,
    onEnd: 'Complete',
    ring: { path: ring, outputs: ['main'] },
  });
  decode.start();
  const encode = new EncodeSession({
    ringPath: ring,
    encoder,
    outputs: [{ name: 'main', url: `${folder}/b.mkv` }],
  });
  encode.start();
  await FrameQueueWriter.create(`${folder}/queue`, size);
  await FrameQueueReader.attach(`${folder}/queue`);
};

/** The same in a worker thread that is ended in the middle of it. */
const worker: Scenario = async (folder = '') => {
  for (let i = 0; i < 3; i++) {
    const thread = new Worker(import.meta.filename, { workerData: `${folder}/worker${i}` });
    await new Promise((resolve) => thread.once('message', resolve));
    await thread.terminate();
  }
};

/** Every method in any order, with right and wrong arguments. */
const misuse: Scenario = async (folder = '', seed = '1') => {
  const random = seeded(Number(seed)).next;
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const values = [
    undefined,
    null,
    0,
    -1,
    1,
    1e9,
    Number.NaN,
    '',
    'x',
    {},
    [],
    picture(),
    new Uint8Array(3),
    true,
    () => 1,
  ];
  const clip = `${folder}/clip.mp4`;
  const makers: (() => object | Promise<object>)[] = [
    () => new MpegDecoder(),
    () => new MpegDecoder(clip),
    () => new MpegServer(),
    () => FrameReader.open(clip),
    () => FramePusher.open({ ...size, url: `${folder}/m.mkv`, frameRate: '500', encoder }),
    () =>
      new DecodeSession({
        source: { uri: clip },
        onEnd: 'Complete',
        ring: { path: `${folder}/r`, outputs: ['a'] },
      }),
    () =>
      new EncodeSession({
        ringPath: `${folder}/r`,
        encoder,
        outputs: [{ name: 'a', url: `${folder}/e.mkv` }],
      }),
    () => FrameQueueWriter.create(`${folder}/q${random()}`, { ...size, peerTimeoutMilliseconds: 100 }),
  ];
  const sensible: Record<string, unknown[]> = {
    setParameter: [{ ...size, codecName: 'libx264', videoAddress: `${folder}/s.mkv`, frameRate: [500, 1] }],
    ServeFrame: [picture()],
    ServeFrameBlock: [picture()],
    push: [picture()],
    put: [picture()],
  };
  // Printing is not what is tested; the log belongs to the test.
  const left = new Set(['constructor', 'dumpFile']);
  let calls = 0;
  for (let round = 0; round < count(40, 400); round++) {
    const object = await pick(makers)();
    sensible.FFmpegSetup = sensible.resetPath = [object instanceof MpegServer ? `${folder}/s.mkv` : clip];
    const names = Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((name) => !left.has(name));
    const pending: Promise<unknown>[] = [];
    for (let i = 0; i < 12; i++) {
      const name = pick(names);
      const args =
        random() < 0.5 && sensible[name]
          ? sensible[name]
          : [pick(values), pick(values)].slice(0, random() * 3);
      calls += 1;
      try {
        const method = Reflect.get(object, name, object);
        if (typeof method === 'function') {
          const refused = (error: unknown) => typed(name, error);
          pending.push(drain(method.apply(object, args)).catch(refused));
        }
      } catch (error) {
        typed(name, error);
      }
      if (random() < 0.3) await sleep(1);
    }
    // Some wait for what never comes: they are left behind.
    await Promise.race([Promise.all(pending), sleep(200)]);
    // Alternately closed and left to the garbage collector.
    if (round % 2 === 0 && 'close' in object) await (object as { close(): Promise<void> }).close();
  }
  console.log(`${calls} calls`);
};

/**
 * Several calls wait for one object, each from another turn of the event loop, while the collector moves what
 * they wait for.
 */
const together: Scenario = async (folder = '') => {
  const writer = await FrameQueueWriter.create(`${folder}/together`, size);
  const reader = await FrameQueueReader.attach(`${folder}/together`);
  for (let round = 0; round < 20; round++) {
    const taken: Promise<unknown>[] = [];
    for (let i = 0; i < 5; i++) {
      taken.push(reader.take());
      await sleep(1);
      globalThis.gc?.();
    }
    for (const _ of taken) await writer.put(picture());
    for (const frame of await Promise.all(taken)) (frame as { release(): void }).release();
  }
  await writer.close();
  await reader.close();
};

/** A few frames of what turns out to be a stream. */
async function drain(result: unknown): Promise<void> {
  const value = await result;
  if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value)) return;
  let left = 5;
  for await (const _ of value as AsyncIterable<unknown>) if (--left === 0) return;
}

/**
 * Misuse may fail as it likes, but with an error that has a name: NativeError, or
 * JavaScript's own for a wrong call.
 */
function typed(where: string, error: unknown): void {
  const named = error instanceof Error && (error.name === 'NativeError' || error instanceof TypeError);
  if (!named) throw new Error(`${where}: untyped failure`, { cause: error });
}

/**
 * Reads a whole source over and over without releasing anything; the collector has to keep up.
 * Prints megabytes.
 */
const read: Scenario = async (clip = '') => {
  let most = 0;
  for (let pass = 0; pass < 6; pass++) {
    await using reader = await FrameReader.open(clip);
    for await (const frame of reader)
      if (frame.index % 50 === 0) most = Math.max(most, process.memoryUsage().rss);
    await sleep(1);
  }
  globalThis.gc?.();
  await sleep(50); // finalizers run between turns
  globalThis.gc?.();
  const { external } = process.memoryUsage();
  console.log(JSON.stringify({ most: most / 1e6, external: external / 1e6 }));
};

/** Prints whether libavfilter is loaded: after pictures that need no filter, and after one that does. */
const filters: Scenario = async (clip = '') => {
  for (const source of [{ uri: clip }, endless]) {
    const reader = await FrameReader.open(source);
    await reader.next();
    reader.close();
    console.log(readFileSync('/proc/self/maps', 'utf8').includes('libavfilter'));
  }
};

const scenarios: Record<string, Scenario> = { abandon, worker, misuse, together, read, filters };

if (isMainThread) {
  const [name = '', ...given] = process.argv.slice(2);
  await scenarios[name]?.(...given);
  console.log('done');
} else {
  const { mkdirSync } = await import('node:fs');
  const { parentPort } = await import('node:worker_threads');
  mkdirSync(workerData);
  await abandon(workerData);
  parentPort?.postMessage('busy');
  await sleep(60_000);
}
