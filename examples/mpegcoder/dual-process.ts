/**
 * mpegCoder's second sample: a decoder process and an encoder process, joined by a queue of up to 20 frames.
 * This form is preferable, because decoding never delays the push.
 *
 *     node examples/mpegcoder/dual-process.ts FILE URL
 *     node examples/mpegcoder/dual-process.ts test-video.mp4 rtsp://localhost:8554/video
 *
 * The queue is shared memory: pixels are copied into it once and never serialised. If either process dies, or
 * the server cannot be reached, both processes end within seconds, with a message and exit code 1.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameQueueReader, FrameQueueWriter, NativeError } from '@videopush/native';
import { type ConfigDict, MpegDecoder, MpegServer } from '@videopush/native/mpegcoder';

const QUEUE_FRAMES = 20;

const [role, ...rest] = process.argv.slice(2);
if (process.send && role === 'decoder') await asChild(() => decode(...(rest as [string, string])));
else if (process.send && role === 'encoder') await asChild(() => encode(...(rest as [string, string])));
else if (role !== undefined && rest.length === 1) await supervise(role, rest[0] as string);
else {
  console.error('usage: node examples/mpegcoder/dual-process.ts FILE URL');
  process.exitCode = 2;
}

async function decode(file: string, queuePath: string): Promise<void> {
  const decoder = new MpegDecoder();
  let queue: FrameQueueWriter | undefined;
  try {
    await decoder.FFmpegSetup(file);
    const parameters = decoder.getParameter();
    const { width = 0, height = 0 } = parameters;
    // The parameters travel first, in the queue's own header; then the frames; then the end marker.
    queue = await FrameQueueWriter.create(queuePath, {
      capacityFrames: QUEUE_FRAMES,
      width,
      height,
      parameters,
    });
    // One by one: all frames of a long GOP at once would take gigabytes.
    for await (const frame of decoder) {
      await queue.put(frame); // waits while the queue is full
      frame.release();
    }
    await queue.end();
  } catch (error) {
    console.error(String(decoder));
    throw error;
  } finally {
    await queue?.close();
    await decoder.clear();
  }
}

async function encode(url: string, queuePath: string): Promise<void> {
  const server = new MpegServer();
  let queue: FrameQueueReader | undefined;
  try {
    queue = await FrameQueueReader.attach(queuePath);
    server.setParameter({
      configDict: queue.parameters as ConfigDict,
      codecName: 'libx264',
      maxBframe: 16,
      videoAddress: url,
    });
    await server.FFmpegSetup();
    let served = 0;
    for await (const frame of queue) {
      await server.ServeFrameBlock(frame); // waits until the frame is not too far ahead
      served += 1;
    }
    await server.FFmpegClose();
    console.log(`${served} frames served`);
  } catch (error) {
    console.error(String(server));
    throw error;
  } finally {
    await queue?.close();
    await server.clear();
  }
}

/** Runs a role; a failure is reported in one or two lines and by the exit code. */
async function asChild(work: () => Promise<void>): Promise<void> {
  const orphaned = () => process.exit(1);
  process.once('disconnect', orphaned); // the parent is gone
  try {
    await work();
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    console.error([`${error.code}: ${error.message}`, error.action].filter(Boolean).join('\n  '));
    process.exitCode = 1;
  }
  process.off('disconnect', orphaned);
  process.disconnect?.();
}

/** Starts both processes; when one fails, the other has nothing left to do and is ended. */
async function supervise(file: string, url: string): Promise<void> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'videopush-'));
  const queuePath = join(folder, 'frames');
  const children = [
    fork(import.meta.filename, ['decoder', file, queuePath]),
    fork(import.meta.filename, ['encoder', url, queuePath]),
  ] as const;
  const end = () => {
    for (const child of children) child.kill('SIGTERM');
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  const names = ['decoder', 'encoder'] as const;
  const results = await Promise.all(
    children.map(async (child, i) => {
      const failure = await outcome(child);
      if (failure !== null) {
        console.error(`the ${names[i]} process ${failure}`);
        end();
      }
      return failure === null;
    }),
  );
  rmSync(folder, { recursive: true });
  process.exitCode = results.every(Boolean) ? 0 : 1;
}

/** null when the process ended well, else what happened to it. */
function outcome(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (signal !== null) resolve(`was ended by ${signal}`);
      else resolve(code === 0 ? null : `ended with code ${code}`);
    });
  });
}
