/** Which video of a source is pushed, where it has several. */
import { FrameReader, probe } from '@videopush/native';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../support/program.ts';
import { Push } from '../support/sessions.ts';
import { Scratch } from '../support/tools.ts';

let scratch: Scratch;
let clip: string;
beforeAll(async () => {
  scratch = new Scratch();
  clip = scratch.file('two.ts');
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=320x192:r=25:d=0.4'],
    ...['-f', 'lavfi', '-i', 'testsrc2=s=160x96:r=25:d=0.4', '-map', '0', '-map', '1'],
    ...['-c:v', 'libx264', '-pix_fmt', 'yuv420p', clip],
  ]);
});
afterAll(() => scratch[Symbol.dispose]());

it.each([
  [undefined, 'id:256', 320],
  ['1', 'id:257', 160],
  ['id:0x101', 'id:257', 160],
])('of two video tracks, %s takes the one that the log calls %s', async (videoTrack, name, width) => {
  const target = scratch.file(`out-${videoTrack?.replace(':', '-')}.mkv`);
  await using push = new Push({ source: { uri: clip, ...(videoTrack && { videoTrack }) }, outputs: target });
  await push.ended();
  const opened = push.events.flatMap(({ kind, detail }) => (kind === 'source.opened' ? [detail] : []));
  expect(opened).toEqual([expect.stringMatching(new RegExp(`, video track ${name} of 2$`))]);
  await using reader = await FrameReader.open(target);
  expect(reader.descriptor.video.width).toBe(width);
  expect(reader.descriptor.videos).toHaveLength(1);
});

it('probe lists both video tracks of a source, in the order of their numbers', async () => {
  const { videos, streamIndex } = await probe({ uri: clip });
  expect(videos.map(({ id, width }) => [id, width])).toEqual([
    [256, 320],
    [257, 160],
  ]);
  expect(streamIndex).toBe(0);
});
