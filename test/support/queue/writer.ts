/** The giving end of a frame queue writes frames 0 to N - 1 and the end marker; a restart continues. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameQueueWriter, RingWriter } from '@videopush/native';
import type { RingStart } from '../../../codec-worker/src/queues/queue.ts';
import { JetStreamDecoder } from '../../../codec-worker/src/queues/split/index.ts';
import { EXTRA_FRAMES } from '../../../codec-worker/src/queues/split/sizes.ts';
import { formatOf, paint, pictureBytes, readOptions, workerConfig } from './end-options.ts';

const options = readOptions();
const say = (text: string): void => void process.stdout.write(`${text}\n`);

let carrier: JetStreamDecoder | null = null;

/** The other pod's half of the way, running; how this pod's ring begins. */
async function carry(): Promise<RingStart | 'ended' | null> {
  if (!options.jetStream) return { parameters: '{}' };
  const config = {
    ...workerConfig(options),
    role: 'decoder' as const,
    source: { uri: 'test', onEnd: 'Complete' as const },
  };
  carrier = new JetStreamDecoder(
    { ...config, video: {} },
    {
      onFault: ({ code, message }) => say(`fault ${code} ${message}`),
      onSuperseded: () => say('superseded'),
      onEvent: ({ kind }) => say(`event ${kind}`),
    },
  );
  const start = await carrier.prepare();
  if (start !== null && start !== 'ended') void carrier.run();
  return start;
}

async function open(start: RingStart, width: number): Promise<RingWriter> {
  return await RingWriter.open(options.ringPath, {
    format: formatOf({ ...options, width }),
    capacityFrames: options.capacityFrames,
    retainedFrames: options.heldFrames + 2 + (options.jetStream ? EXTRA_FRAMES : 0),
    outputs: ['reader'],
    ...start,
  });
}

const widthOf = (number: number): number =>
  options.changeAt !== undefined && number >= options.changeAt ? options.width / 2 : options.width;

/** A policy that drops is for a writer that never waits. */
async function giveAndDrop(start: RingStart): Promise<void> {
  const { width, height, capacityFrames, heldFrames, whenFull, frames, ringPath } = options;
  const writer = await FrameQueueWriter.create(ringPath, {
    width,
    height,
    capacityFrames,
    heldFrames: heldFrames + 2 + (options.jetStream ? EXTRA_FRAMES : 0),
    parameters: JSON.parse(start.parameters) as object,
    ...(whenFull && { whenFull }),
    peerTimeoutMilliseconds: 600_000,
  });
  for (let number = 0; number < frames; number++) {
    await writer.put(paint(Buffer.alloc(width * height * 3), number));
    await sleep(5);
  }
  await writer.end();
  say('ended');
  await sleep(600_000);
}

process.once('SIGTERM', async () => {
  const began = performance.now();
  await carrier?.cut();
  say(`aborted in ${(performance.now() - began).toFixed(0)} ms`);
  process.exit(143);
});

const start = await carry();
if (options.whenFull && start !== null && start !== 'ended') await giveAndDrop(start);
if (start === 'ended' || start === null) {
  say('ended before');
} else {
  let number = 0;
  let width = options.width;
  let writer = await open(start, width);
  const last = writer.last();
  number = last === null ? 0 : Number(last.sequence) + 1;
  say(`from ${number}`);
  while (number < options.frames) {
    if (widthOf(number) !== width) {
      width = widthOf(number);
      await writer.close();
      writer = await open(start, width);
    }
    if (writer.state()?.replayRequested) {
      writer.beginReplay();
      const replayed = writer.last();
      number = replayed === null ? 0 : Number(replayed.sequence) + 1;
    }
    const picture = paint(Buffer.allocUnsafe(pictureBytes({ width, height: options.height })), number);
    const sequence = BigInt(number);
    const header = {
      sequence,
      pts: sequence,
      duration: 1n,
      sourcePts: sequence,
      sourceIndex: sequence,
      segmentOrigin: 0n,
      segmentStart: 0n,
      sourceKeyPosition: -1n,
      sourceShift: 0n,
      flags: 0,
      pass: 0,
      ageSeconds: 0,
    };
    while (!writer.put(header, picture)) await writer.news();
    number += 1;
  }
  writer.end(BigInt(options.frames));
  say('ended');
}
await sleep(600_000);
