/** A reader attached to MediaMTX must see exactly what a publisher sent, faults included. */
import { expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { FLAWLESS, judge } from '../support/frame-verdict.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { run } from '../support/program.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';

/** The result of a reader that was attached before ffmpeg pushes the clip. */
async function observe(index: (n: number) => number, frames: number): Promise<StampReader> {
  using scratch = new Scratch();
  const clip = await makeClip({ path: scratch.file('clip.mkv'), frames, index });
  await using server = await MediaMtx.start();
  await using reader = new StampReader(server.rtsp());
  await reader.until('the slate', (r) => r.frames.length > 0, 20_000);
  const push = ['-re', '-i', clip, '-c', 'copy', '-rtsp_transport', 'tcp', '-f', 'rtsp', server.rtsp()];
  await run('ffmpeg', ['-v', 'error', '-nostdin', ...push]);
  await reader.untilIndex(index(frames - 1), 20_000);
  return reader;
}

it('the observer sees every frame of a push, ignores the slate, and its timestamps rise', async () => {
  const reader = await observe((n) => n, 100);
  expect(judge(reader.indices(), 0, 99)).toEqual(FLAWLESS);
  expect(reader.frames[0]?.index).toBeNull();
  const stamps = reader.frames.map((frame) => frame.pts);
  expect(stamps.every((pts, i) => i === 0 || pts > (stamps[i - 1] as number))).toBe(true);
}, 60_000);

it('the observer names a missing, a repeated and a swapped frame of a faulty push', async () => {
  const faulty = [0, 1, 2, 4, 5, 6, 6, 7, 9, 8, ...Array.from({ length: 40 }, (_, i) => 10 + i)];
  const reader = await observe((n) => faulty[n] as number, faulty.length);
  expect(judge(reader.indices(), 0, 49)).toEqual({ ...FLAWLESS, missing: [3], repeated: [6], swapped: [8] });
}, 60_000);
