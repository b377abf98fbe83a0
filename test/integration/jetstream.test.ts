/** Decoder and encoder in separate pods, joined by a stream of a real NATS server. */

import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import { BlackHole } from '../support/black-hole.ts';
import { makeClip } from '../support/clips.ts';
import { FLAWLESS, judge } from '../support/frame-verdict.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { NatsServer } from '../support/nats.ts';
import { Lane } from '../support/queue/carrier.ts';
import type { JetStream } from '../support/queue/end-options.ts';
import { Recorder } from '../support/recorder.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { Stream, type StreamOptions } from '../support/stream.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const encoder = {
  encoder: 'libx264',
  preset: 'ultrafast',
  tune: 'zerolatency',
  bitRate: 500_000,
  gopFrames: 25,
};
const name = 'videopush-default-film-1234abcd';

/** A split stream over `nats`, with an encoder that costs little. */
const startSplit = (nats: NatsServer, options: Omit<StreamOptions, 'jetStream'>): Promise<Stream> =>
  Stream.start({ encoder, ...options, jetStream: { address: nats.address, stream: name } });

/** A small clip of numbered frames. */
const clipOf = (frames: number, rate: string, scratch: Scratch): Promise<string> =>
  makeClip({ path: scratch.file(`${frames}-frames.mp4`), frames, rate, width: 320, height: 180 });

interface Status {
  ready: { ok: boolean; code: string; message: string };
  queue: { connected: boolean; depth: number; stream: string } | null;
  error: { code: string; permanent: boolean } | null;
}

it('every frame reaches a reader once, the encoder is done and the decoder idles', async () => {
  using scratch = new Scratch();
  const clip = await clipOf(150, '50', scratch);
  await using nats = await NatsServer.start();
  await using server = await MediaMtx.start();
  await using reader = new StampReader(server.rtsp());
  await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
  await using stream = await startSplit(nats, {
    source: { uri: clip },
    outputs: server.rtsp(),
  });
  await reader.untilIndex(149, 60_000);
  expect(judge(reader.indices(), 0, 149)).toEqual(FLAWLESS);
  expect((await stream.encoder.supervisor.waitForExit(20_000)).code).toBe(0);
  expect(stream.ring()).toMatchObject({ ended: true, outputs: [{ ledger: { sent: 150, repeated: 0 } }] });
  const idle = await stream.decoder.untilStatus<Status>(
    'an empty queue',
    ({ queue }) => queue?.depth === 0,
    10_000,
  );
  expect(idle).toMatchObject({ ready: { ok: true, code: 'Ended' }, queue: { stream: name }, error: null });

  // What a new decoder pod finds is the end marker: it opens no source and idles, too.
  await stream.losePod('decoder');
  await stream.decoder.untilStatus<Status>('an idle decoder', ({ ready }) => ready.code === 'Ended', 20_000);
  expect(stream.decoder.supervisor.stdout.join()).not.toContain('source.opened');
}, 120_000);

it('a reader misses no frame when both pods and the server are lost one after the other', async () => {
  const frames = 600;
  using scratch = new Scratch();
  const clip = await clipOf(frames, '25', scratch);
  await using nats = await NatsServer.start();
  await using server = await MediaMtx.start();
  await using reader = new StampReader(server.rtsp());
  await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
  await using stream = await startSplit(nats, {
    source: { uri: clip },
    outputs: server.rtsp(),
  });
  const seen = async (more: number): Promise<void> =>
    reader.untilIndex((reader.indices().at(-1) ?? 0) + more, 60_000);

  await seen(40);
  await stream.losePod('decoder');
  await seen(60);
  process.kill(await stream.encoder.untilRunning(), 'SIGKILL');
  await seen(40);
  await nats.kill();
  for (const role of [stream.decoder, stream.encoder]) {
    const away = await role.untilStatus<Status>('a queue that is away', ({ ready }) => !ready.ok, 15_000);
    expect(away).toMatchObject({
      ready: { code: 'QueueUnavailable' },
      queue: { connected: false },
      error: { permanent: false },
    });
  }
  await nats.begin();
  for (const role of [stream.decoder, stream.encoder]) {
    await role.untilStatus<Status>(
      'a queue that is back',
      ({ ready, queue }) => ready.ok && queue?.connected === true,
      15_000,
    );
  }
  await seen(40);
  await stream.losePod('encoder');
  await reader.untilIndex(frames - 1, 90_000);
  const verdict = judge(reader.indices(), 0, frames - 1);
  console.log(
    `${verdict.repeated.length} frames repeated; the new encoder's ledger: ${JSON.stringify(stream.ring()?.outputs[0]?.ledger)}`,
  );
  expect(verdict).toMatchObject({ missing: [], swapped: [], foreign: [] });
  expect(verdict.repeated.length).toBeLessThanOrEqual(5);
  expect(stream.encoder.supervisor.stdout.join()).toContain('queue.begun');
}, 180_000);

describe('another source', () => {
  it('another source in the midst of the one before is sent from its first frame on, behind what was in the queue', async () => {
    using scratch = new Scratch();
    const first = await clipOf(600, '25', scratch);
    const second = await clipOf(100, '25', scratch);
    await using nats = await NatsServer.start();
    await using server = await MediaMtx.start();
    await using reader = new StampReader(server.rtsp());
    await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
    await using stream = await startSplit(nats, { source: { uri: first }, outputs: server.rtsp() });
    await reader.untilIndex(60, 60_000);
    // A rollout with Recreate replaces each role by itself, and the older decoder still runs for a while.
    await stream.replacePod('encoder', { source: { uri: second } });
    await stream.replacePod('decoder', { source: { uri: second } });
    expect((await stream.encoder.supervisor.waitForExit(60_000)).code).toBe(0);
    await reader.until('the last frame', (r) => r.indices().at(-1) === 99, 20_000);
    const indices = reader.indices();
    const begin = indices.lastIndexOf(0);
    const before = indices.slice(0, begin);
    expect(judge(indices.slice(begin), 0, 99)).toEqual(FLAWLESS);
    expect(judge(before, 0, Math.max(...before))).toMatchObject({ missing: [], swapped: [], foreign: [] });
    const { sourceFrames = 0, outputs = [] } = stream.ring() ?? {};
    expect(outputs[0]?.ledger).toMatchObject({ sent: sourceFrames, repeated: 0 });
    expect(sourceFrames).toBeGreaterThan(100);
    expect(stream.encoder.supervisor.stdout.join()).toContain('queue.renumbered');
  }, 180_000);

  it('another source after the end of the one before is sent although the end marker still exists', async () => {
    using scratch = new Scratch();
    const first = await clipOf(50, '50', scratch);
    const second = await clipOf(100, '50', scratch);
    await using nats = await NatsServer.start();
    await using server = await MediaMtx.start();
    await using reader = new StampReader(server.rtsp());
    await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
    await using stream = await startSplit(nats, { source: { uri: first }, outputs: server.rtsp() });
    expect((await stream.encoder.supervisor.waitForExit(60_000)).code).toBe(0);
    // The encoder's new pod starts before the decoder's and finds the end marker in the queue.
    await stream.replacePod('encoder', { source: { uri: second } });
    await stream.encoder.untilStatus<Status>('the marker', ({ queue }) => queue?.depth === 1, 20_000);
    await stream.replacePod('decoder', { source: { uri: second } });
    expect((await stream.encoder.supervisor.waitForExit(60_000)).code).toBe(0);
    expect(stream.ring()).toMatchObject({ sourceFrames: 100, outputs: [{ ledger: { sent: 100 } }] });
    await reader.until('the last frame', (r) => r.indices().at(-1) === 99, 20_000);
    expect(judge(reader.indices().slice(50), 0, 99)).toEqual(FLAWLESS);
  }, 120_000);
});

it('an encoder that holds more frames back than were counted on does not stand still', async () => {
  using scratch = new Scratch();
  const clip = await clipOf(150, '50', scratch);
  await using nats = await NatsServer.start();
  await using recorder = await Recorder.start();
  const lookahead = {
    encoder: 'libx264',
    preset: 'medium',
    tune: '',
    bitRate: 500_000,
    extra: { 'rc-lookahead': '60' },
  };
  const queue = { capacityFrames: 5, encoderDelayFrames: 0 };
  await using stream = await startSplit(nats, {
    source: { uri: clip },
    outputs: recorder.url(),
    encoder: lookahead,
    queue,
  });
  expect((await stream.encoder.supervisor.waitForExit(60_000)).code).toBe(0);
  expect(recorder.units()).toHaveLength(150);
  expect(stream.ring()?.outputs[0]?.ledger.sent).toBe(150);
}, 120_000);

it('a server that is too small for a frame is named, with the setting to change', async () => {
  await using nats = await NatsServer.start({ maxPayload: '100KB' });
  await using stream = await startSplit(nats, {
    source: { testPattern: { width: 640, height: 360 }, onEnd: 'Repeat' },
    outputs: 'rtsp://127.0.0.1:1/live',
  });
  const status = await stream.decoder.untilStatus<Status>('a refusal', ({ error }) => error !== null, 30_000);
  expect(status).toMatchObject({ ready: { ok: false, code: 'FrameTooLarge' }, error: { permanent: true } });
  expect(status.ready.message).toMatch(
    /a frame with its headers has 34\d{4} bytes.* 102400 at most.*max_payload.*64MB/,
  );
}, 60_000);

it('a deleted JetStream stream is recreated, but not by a decoder that is stopping', async () => {
  await using nats = await NatsServer.start();
  await using recorder = await Recorder.start();
  await using stream = await startSplit(nats, {
    source: { testPattern: { width: 320, height: 180, frameRate: '50' }, onEnd: 'Repeat' },
    outputs: recorder.url(),
  });
  const connection = await connect({ servers: nats.address });
  try {
    const { streams } = await jetstreamManager(connection);
    await recorder.untilUnits(50, 30_000);
    expect((await streams.info(name)).config).toMatchObject({
      max_msgs: 31,
      discard: 'new',
      retention: 'workqueue',
      storage: 'memory',
    });
    await streams.delete(name);
    const before = recorder.units().length;
    await recorder.untilUnits(before + 100, 30_000);
    expect(stream.ring()?.outputs[0]?.ledger.dropped.network).toBe(0);
    await stream.decoder.supervisor.stop(15_000);
    await streams.delete(name);
    await stream.encoder.supervisor.stop(15_000);
    await expect(streams.info(name)).rejects.toMatchObject({ code: 10059 });
  } finally {
    await connection.close();
  }
}, 90_000);

it('a decoder that drops frames does not wait for an unreachable server, and every frame has its outcome', async () => {
  await using lane = await Lane.open('jetstream', {
    frames: 400,
    capacityFrames: 10,
    whenFull: 'DropOldest',
  });
  const giving = lane.give();
  const taking = lane.take();
  await until('frames', () => lane.arrived().length > 50, 30_000);
  await lane.nats?.kill();
  await giving.waitForLine(/^ended$/, 30_000);
  await lane.nats?.begin();
  expect((await taking.waitForExit(30_000)).code).toBe(0);
  const arrived = lane.arrived();
  expect(arrived.slice(-10)).toEqual(Array.from({ length: 10 }, (_, i) => 390 + i));
  const { sourceFrames, outputs } = lane.ledger() ?? {};
  const ledger = outputs?.[0]?.ledger;
  console.log(`the ledger: ${JSON.stringify(ledger)}`);
  expect(sourceFrames).toBe(400);
  expect(ledger?.sent).toBe(new Set(arrived).size);
  expect((ledger?.sent ?? 0) + (ledger?.dropped.queueFull ?? 0) + (ledger?.dropped.network ?? 0)).toBe(400);
  expect(ledger?.sent).toBeLessThan(200);
});

/** Publishes the stream's last frame again, as if by another writer; false when it could not. */
async function repeatLast(connection: NatsConnection, stream: string): Promise<boolean> {
  try {
    const { streams } = await jetstreamManager(connection);
    const subject = `videopush.${stream}`;
    const last = await streams.getMessage(stream, { last_by_subj: subject });
    if (!last || last.data.length === 0) return false;
    const copied = headers();
    for (const key of last.header.keys()) if (!key.startsWith('Nats-')) copied.set(key, last.header.get(key));
    await jetstream(connection).publish(subject, last.data, { headers: copied });
    return true;
  } catch (error) {
    if (error instanceof JetStreamApiError) return false; // the queue is full, or has ended
    throw error;
  }
}

it('foreign messages between its own cost a decoder with several publishes under way no frame', async () => {
  await using lane = await Lane.open('jetstream', { frames: 2000 });
  lane.give();
  const taking = lane.take();
  const connection = await connect({ servers: lane.nats?.address });
  try {
    await until('frames', () => lane.arrived().length > 50, 30_000);
    let between = 0;
    while (taking.exit === null && between < 400)
      between += Number(await repeatLast(connection, 'videopush-test-lane'));
    console.log(`${between} messages came between`);
    expect(between).toBeGreaterThan(10);
    expect((await taking.waitForExit(60_000)).code).toBe(0);
    expect(lane.arrived()).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  } finally {
    await connection.close();
  }
}, 90_000);

describe('two at once', () => {
  it('of two giving ends the newer one goes on, the older one learns of it, and nothing is lost or doubled', async () => {
    await using lane = await Lane.open('jetstream', { frames: 400 });
    const older = lane.give();
    const taking = lane.take({ rate: 100 });
    await until('frames', () => lane.arrived().length > 50, 30_000);
    const newer = lane.give({ ringPath: `${lane.options.ringPath}-newer` });
    await older.waitForLine(/superseded/, 20_000);
    expect((await taking.waitForExit(60_000)).code).toBe(0);
    expect(lane.arrived()).toEqual(Array.from({ length: 400 }, (_, i) => i));
    expect(newer.stdout).not.toContain('superseded');
  });

  it('of two giving ends the newer one with another source goes on with its frames from the first one on', async () => {
    await using lane = await Lane.open('jetstream', { frames: 400 });
    const jetStream = { ...(lane.options.jetStream as JetStream), source: 'another-film' };
    const older = lane.give();
    const taking = lane.take({ rate: 100, jetStream });
    await until('frames', () => lane.arrived().length > 50, 30_000);
    lane.give({ ringPath: `${lane.options.ringPath}-newer`, jetStream });
    await older.waitForLine(/superseded/, 20_000);
    expect((await taking.waitForExit(60_000)).code).toBe(0);
    const arrived = lane.arrived();
    const begin = arrived.lastIndexOf(0);
    expect(judge(arrived.slice(0, begin), 0, begin - 1)).toEqual(FLAWLESS);
    expect(judge(arrived.slice(begin), 0, 399)).toEqual(FLAWLESS);
  });

  it('of two taking ends the newer one goes on with the oldest frame that is not done, and the older one learns of it', async () => {
    await using lane = await Lane.open('jetstream', { frames: 400 });
    lane.give();
    const older = lane.take({ rate: 50 });
    await until('frames', () => lane.arrived().length > 50, 30_000);
    const newer = lane.take({ ringPath: `${lane.options.ringPath}-newer` });
    await older.waitForLine(/superseded/, 20_000);
    expect((await newer.waitForExit(60_000)).code).toBe(0);
    const verdict = judge(lane.arrived(), 0, 399);
    expect(verdict).toMatchObject({ missing: [], foreign: [] });
    // Those that the older one called done in the moment between.
    console.log(`${verdict.repeated.length} frames came from both`);
    expect(verdict.repeated.length).toBeLessThanOrEqual(5);
  });
});

describe('an abort ends within 100 ms', () => {
  const took = async (line: Promise<string>): Promise<number> => Number(/in (\d+) ms/.exec(await line)?.[1]);

  it("an abort ends a queue's wait within 100 ms while frames are on their way, and while the queue is full", async () => {
    await using lane = await Lane.open('jetstream', { frames: 100_000 });
    const giving = lane.give();
    const taking = lane.take({ rate: 200 });
    await until('frames', () => lane.arrived().length > 50, 30_000);
    taking.signal('SIGTERM');
    expect(await took(taking.waitForLine(/aborted/))).toBeLessThan(100);
    await until(
      'a full queue',
      () => {
        const ring = lane.given();
        return ring !== null && ring.published - ring.acked === ring.slots;
      },
      20_000,
    );
    giving.signal('SIGTERM');
    expect(await took(giving.waitForLine(/aborted/))).toBeLessThan(100);
  });

  it("an abort ends a queue's wait within 100 ms while nothing answers, and while the server stands still", async () => {
    await using lane = await Lane.open('jetstream', { frames: 100_000 });
    await using hole = await BlackHole.open();
    const lost = lane.give({
      jetStream: { address: `nats://127.0.0.1:${hole.port}`, stream: name, source: 'film' },
    });
    await sleep(1000); // long enough to be connecting
    lost.signal('SIGTERM');
    expect(await took(lost.waitForLine(/aborted/))).toBeLessThan(100);
    const giving = lane.give();
    await until('a full queue', () => (lane.given()?.published ?? 0) > 25, 20_000);
    lane.nats?.freeze();
    giving.signal('SIGTERM');
    expect(await took(giving.waitForLine(/aborted/))).toBeLessThan(100);
    lane.nats?.thaw();
  });
});
