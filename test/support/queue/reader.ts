/**
 * The taking end of a frame queue appends the number of each frame to a file before the frame is done, and
 * ends at the end marker. It holds frames back like an encoder with a delay.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RingFrame, RingReader } from '@videopush/native';
import { JetStreamEncoder } from '../../../codec-worker/src/queues/split/index.ts';
import { paint, readOptions, workerConfig } from './end-options.ts';

const options = readOptions();
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const log = openSync(options.logFile ?? '/dev/null', 'a');

function carry(): JetStreamEncoder | null {
  if (!options.jetStream) return null;
  const carrier = new JetStreamEncoder(
    {
      ...workerConfig(options),
      role: 'encoder',
      encoder: { catchUp: 'Rebase' },
      outputs: [{ name: 'reader', url: 'rtsp://h/p' }],
    },
    {
      onFault: ({ code, message }) => say(`fault ${code} ${message}`),
      onSuperseded: () => {
        say('superseded');
        process.exit(75);
      },
      onEvent: ({ kind, detail }) => say(`event ${kind} ${detail}`),
    },
  );
  void carrier.run();
  return carrier;
}

/** Holds frames as an encoder does: it reads pixels at once and finishes a frame after later ones. */
const held: { position: number; number: number }[] = [];
let taken = 0;

function finish(reader: RingReader, keep: number): void {
  while (held.length > keep) {
    const { position, number } = held.shift() as { position: number; number: number };
    writeSync(log, `${number}\n`);
    reader.done(position + 1);
  }
}

function check(frame: RingFrame): number {
  // The frame's number in the stream; in a single ring that is its own.
  const number = Number(frame.sourceIndex);
  const expected = paint(Buffer.allocUnsafe(frame.data.length), number);
  if (!expected.equals(frame.data)) writeSync(log, `torn ${number}\n`);
  return number;
}

const carrier = carry();
process.once('SIGTERM', async () => {
  const began = performance.now();
  await carrier?.cut();
  say(`aborted in ${(performance.now() - began).toFixed(0)} ms`);
  process.exit(143);
});
const reader = await RingReader.attach(options.ringPath, { openTimeoutMilliseconds: 600_000 });
const next = async (): Promise<RingFrame | 'replaced' | null> => {
  for (let found = reader.take(); ; found = reader.take()) {
    if (found !== undefined) return found;
    await reader.news();
  }
};
for (;;) {
  if (options.stopAfter !== undefined && taken >= options.stopAfter) await sleep(600_000);
  const found = await next();
  if (found === null) break;
  if (found === 'replaced') {
    await reader.follow();
    say('replaced');
    continue;
  }
  const number = check(found);
  taken += 1;
  reader.release(found);
  held.push({ position: found.position, number });
  finish(reader, options.heldFrames);
  if (options.rate) await sleep(1000 / options.rate);
}
finish(reader, 0);
await carrier?.finish();
closeSync(log);
say('done');
process.exit(0);
