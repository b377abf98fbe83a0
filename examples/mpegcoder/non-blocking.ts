/**
 * mpegCoder's first sample: one process decodes a file and pushes it without ever blocking in a serve call.
 *
 *     node examples/mpegcoder/non-blocking.ts FILE URL
 *     node examples/mpegcoder/non-blocking.ts test-video.mp4 rtsp://localhost:8554/video
 *
 * A server such as MediaMTX must listen at URL. The sample needs Node 24; `npx node …` uses the one that
 * `npm run setup` installed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeError } from '@videopush/native';
import { MpegDecoder, MpegServer } from '@videopush/native/mpegcoder';

const FRAMES_BETWEEN_SLEEPS = 10;

const [file, url] = process.argv.slice(2);
if (file === undefined || url === undefined) {
  console.error('usage: node examples/mpegcoder/non-blocking.ts FILE URL');
  process.exit(2);
}

const decoder = new MpegDecoder();
const server = new MpegServer();
try {
  await decoder.FFmpegSetup(file);
  // The server learns size, rate, GOP length and bit rate from the source; what is named here wins.
  server.setParameter({ configDict: decoder.getParameter(), codecName: 'libx264', videoAddress: url });
  await server.FFmpegSetup();
  await pushAll();
  await server.FFmpegClose(); // sends the rest on time
} catch (error) {
  if (!(error instanceof NativeError)) throw error;
  console.error(`${decoder}\n${server}`);
  console.error([`${error.code}: ${error.message}`, error.action].filter(Boolean).join('\n  '));
  process.exitCode = 1;
} finally {
  await decoder.clear();
  await server.clear();
}

async function pushAll(): Promise<void> {
  let served = 0;
  // One by one: all frames of a long GOP at once would take gigabytes.
  for await (const frame of decoder) {
    await server.ServeFrame(frame);
    frame.release();
    served += 1;
    // ServeFrame does not wait for the clock, so the loop has to: half of how far it is ahead.
    if (served % FRAMES_BETWEEN_SLEEPS === 0) await sleep(server.getParameter('waitRef') * 1000);
  }
  console.log(`${served} frames served`);
}
