/** A stream runs as two processes under their supervisors, with a queue of twenty between them. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { FLAWLESS, judge } from '../support/frame-verdict.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { cpuSeconds, processTree, programName } from '../support/meters.ts';
import { freePort } from '../support/ports.ts';
import { Recorder } from '../support/recorder.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { Stream } from '../support/stream.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const encoder = { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 800_000 };

it('decoder and encoder are two processes, the queue holds at most twenty, and no ffmpeg runs', async () => {
  using scratch = new Scratch();
  const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 250, rate: '50', bFrames: 2 });
  await using server = await MediaMtx.start();
  await using reader = new StampReader(server.rtsp());
  await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
  await using stream = await Stream.start({ source: { uri: clip }, outputs: server.rtsp(), encoder });

  const depths: number[] = [];
  const programs = new Set<string>();
  const watching = setInterval(() => {
    const ring = stream.ring();
    if (ring) depths.push(ring.published - ring.taken);
    for (const role of [stream.decoder, stream.encoder]) {
      for (const pid of processTree(role.supervisor.pid)) programs.add(programName(pid) ?? 'gone');
    }
  }, 50);
  await reader.untilIndex(249, 60_000);
  clearInterval(watching);

  expect(judge(reader.indices(), 0, 249)).toEqual(FLAWLESS);
  expect(await stream.untilSettled()).toMatchObject({ sent: 250, repeated: 0 });
  expect(depths.length).toBeGreaterThan(20);
  expect(Math.max(...depths)).toBeGreaterThan(0);
  expect(Math.max(...depths)).toBeLessThanOrEqual(20);
  programs.delete('gone');
  // A process that is just starting or ending has no command line.
  programs.delete('');
  expect([...programs].sort()).toEqual(['node', 'videopush-supervisor']);
}, 120_000);

it('a decoder whose queue is full is idle, and the end marker comes behind the last frame', async () => {
  using scratch = new Scratch();
  const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 100, rate: '50' });
  // Nothing listens: no frame is acked, so the queue fills and stays full.
  const port = await freePort();
  await using stream = await Stream.start({
    source: { uri: clip },
    outputs: `rtsp://127.0.0.1:${port}/live`,
    encoder,
    supervisor: ['--max-delay', '0.5'],
  });
  const full = await until(
    'a full queue',
    () => (stream.ring()?.producerBlockedSeconds ?? 0) > 0 && stream.ring(),
    30_000,
  );
  expect(full.ended).toBe(false);
  const pid = await stream.decoder.untilRunning();
  const before = { published: stream.ring()?.published, cpu: cpuSeconds(pid) ?? 0 };
  await sleep(2_000);
  const used = (cpuSeconds(pid) ?? 0) - before.cpu;
  console.log(`decoder blocked for 2 s: ${(used * 1000).toFixed(0)} ms of CPU`);
  expect(stream.ring()?.published).toBe(before.published);
  expect(used).toBeLessThan(0.2);
  expect((await stream.decoder.get('/readyz'))?.code).toBe(200);
  expect((await stream.encoder.get('/readyz'))?.code).toBe(503);

  // Once the server listens, the remaining frames are sent, then the marker, and every frame has an outcome.
  await using recorder = await Recorder.start({ port });
  await recorder.untilUnits(100, 60_000);
  await recorder.untilClosed(20_000);
  expect(await stream.untilSettled()).toMatchObject({ sent: 100, repeated: 0 });
  expect(stream.ring()).toMatchObject({ ended: true, sourceFrames: 100 });
  expect(recorder.recording.requests.at(-1)?.method).toBe('TEARDOWN');
}, 120_000);

it('SIGTERM of the encoder flushes what it took, tears down and leaves the rest to the next', async () => {
  using scratch = new Scratch();
  const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 500, rate: '50' });
  await using recorder = await Recorder.start();
  await using stream = await Stream.start({ source: { uri: clip }, outputs: recorder.url(), encoder });
  await recorder.untilUnits(100, 30_000);
  const exit = await stream.encoder.supervisor.stop(15_000);
  // Not done yet: 128 + SIGTERM, so that nobody takes the push for complete.
  expect(exit.code).toBe(143);
  await recorder.untilClosed(10_000);
  expect(recorder.recording.requests.at(-1)?.method).toBe('TEARDOWN');
  const ledger = stream.ring()?.outputs[0]?.ledger;
  expect(ledger?.sent).toBe(recorder.units().length);
  expect(ledger?.sent).toBeLessThan(500);
}, 120_000);

it('a changed bit rate reloads the encoder in order: the decoder stays, nothing is lost, no failure is counted', async () => {
  using scratch = new Scratch();
  const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 400, rate: '50' });
  await using server = await MediaMtx.start();
  await using reader = new StampReader(server.rtsp());
  await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
  await using stream = await Stream.start({ source: { uri: clip }, outputs: server.rtsp(), encoder });
  await reader.untilIndex(60, 60_000);
  const decoder = await stream.decoder.untilRunning();
  const file = stream.encoder.configFile;
  const config = JSON.parse(readFileSync(file, 'utf8')) as { encoder: object };
  // An unusable one stops nothing and is shown; in one step, as kubelet brings a file.
  writeFileSync(`${file}.new`, '{');
  renameSync(`${file}.new`, file);
  type Status = {
    reloads: number;
    restarts: number;
    error: { code: string } | null;
    snapshot: { encoder: { bitRate: number } };
  };
  await stream.encoder.untilStatus<Status>('a fault', ({ error }) => error?.code === 'ConfigInvalid', 10_000);
  writeFileSync(
    `${file}.new`,
    JSON.stringify({ ...config, encoder: { ...config.encoder, bitRate: 400_000 } }),
  );
  renameSync(`${file}.new`, file);
  const status = await stream.encoder.untilStatus<Status>(
    'the new bit rate',
    ({ snapshot }) => snapshot?.encoder?.bitRate === 400_000,
    20_000,
  );
  expect(status).toMatchObject({ reloads: 1, restarts: 0, error: null });
  await reader.untilIndex(399, 60_000);
  expect(judge(reader.indices(), 0, 399)).toMatchObject({ missing: [], swapped: [], foreign: [] });
  expect(await stream.untilSettled()).toMatchObject({ sent: 400, repeated: 0 });
  expect(await stream.decoder.untilRunning()).toBe(decoder);
}, 120_000);
