/** Pictures after a push, as a viewer sees them: their orientation, shape, pixels and colours. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Frame, FrameReader, probe } from '@videopush/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CORNERS,
  type CornerClipOptions,
  colourAt,
  colourOf,
  cornersBy,
  cornersOf,
  MATRICES,
  makeCornerClip,
  showBy,
} from '../support/corners.ts';
import { Push, type PushOptions } from '../support/sessions.ts';
import { Scratch } from '../support/tools.ts';

let scratch: Scratch;
let made = 0;
beforeAll(() => {
  scratch = new Scratch();
});
afterAll(() => scratch[Symbol.dispose]());

interface Shown {
  frames: Frame[];
  video: FrameReader['descriptor']['video'];
  /** kinds and details of the decoder's events about pictures */
  said: string[];
}

/** Pushes a clip to a file and reads what came out. */
async function shown(clip: string, options: Partial<PushOptions> = {}): Promise<Shown> {
  const target = scratch.file(`out-${made++}.mkv`);
  await using push = new Push({ source: { uri: clip }, outputs: target, ...options });
  await push.ended();
  await using reader = await FrameReader.open(target);
  const frames: Frame[] = [];
  for await (const frame of reader) frames.push(frame);
  const said = push.events.flatMap(({ kind, detail }) =>
    kind.startsWith('picture.') ? [`${kind}: ${detail}`] : [],
  );
  return { frames, video: reader.descriptor.video, said };
}

const corners = (options: Omit<CornerClipOptions, 'path'> & { ending: string }) =>
  makeCornerClip({ ...options, path: scratch.file(`clip-${made++}.${options.ending}`) });

const UNTURNED = CORNERS.map(colourOf);
const PALETTE = 'split[a][b];[a]palettegen[p];[b][p]paletteuse';

it.each(MATRICES)('a push shows a clip upright by the display matrix %d %d %d %d', async (...matrix) => {
  const clip = await corners({ width: 160, height: 96, ending: 'mp4' });
  const { frames, video, said } = await shown(showBy(clip, matrix));
  const [frame] = frames as [Frame];
  expect([frame.width, frame.height]).toEqual(matrix[0] ? [160, 96] : [96, 160]);
  expect(cornersOf(frame)).toEqual(cornersBy(matrix));
  expect(video).toMatchObject({ rotation: 0, mirrored: false });
  expect(said).toHaveLength(matrix.join() === '1,0,0,1' ? 0 : 1);
});

describe('the pixel format', () => {
  it.each<[string, string, string[], string?]>([
    ["a webcam's MJPEG of 4:2:2", 'avi', ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj422p', '-q:v', '2']],
    ['ProRes of 4:2:2 and 10 bits', 'mov', ['-c:v', 'prores_ks']],
    ['H.264 of 4:4:4', 'mp4', ['-c:v', 'libx264', '-crf', '10', '-pix_fmt', 'yuv444p']],
    ['H.264 of 10 bits', 'mp4', ['-c:v', 'libx264', '-crf', '10', '-pix_fmt', 'yuv420p10le']],
    ['RGB', 'mov', ['-c:v', 'qtrle', '-pix_fmt', 'rgb24']],
    ['pictures with a palette', 'mkv', ['-c:v', 'png'], PALETTE],
    ['a GIF', 'gif', [], PALETTE],
  ])('a push makes 4:2:0 of 8 bits of %s', async (_, ending, encode, filter) => {
    const clip = await corners({ width: 160, height: 96, ending, encode, ...(filter && { filter }) });
    const { frames, video, said } = await shown(clip);
    expect(video).toMatchObject({ pixelFormat: 'yuv420p', profile: 'High' });
    expect(frames).toHaveLength(3);
    expect(cornersOf(frames[0] as Frame)).toEqual(UNTURNED);
    expect(said).toEqual([expect.stringMatching(/^picture\.changed: .*converted from \w+ to yuv420p$/)]);
    expect((await probe({ uri: clip })).changes.at(-1)).toMatch(/^converted from \w+ to yuv420p$/);
  });

  it('a push makes 4:2:0 of 8 bits of grey pictures', async () => {
    const encode = ['-c:v', 'ffv1', '-pix_fmt', 'gray'];
    const { frames, video } = await shown(await corners({ width: 160, height: 96, ending: 'mkv', encode }));
    expect(video).toMatchObject({ pixelFormat: 'yuv420p', profile: 'High' });
    expect(cornersOf(frames[0] as Frame)[3]).toBe('white');
  });

  it('a push has another pixel format than 4:2:0 of 8 bits where one is asked for', async () => {
    const encode = ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj422p', '-q:v', '2'];
    const clip = await corners({ width: 160, height: 96, ending: 'avi', encode });
    const pixelFormat = 'yuv422p';
    const { video, said } = await shown(clip, {
      decode: { pixelFormat },
      encode: { encoder: { pixelFormat } },
    });
    expect(video).toMatchObject({ pixelFormat, profile: 'High 4:2:2' });
    expect(said).toEqual([]);
  });
});

it.each<[string, string, string[], string?]>([
  ['WebM', 'webm', ['-c:v', 'libvpx', '-deadline', 'realtime', '-b:v', '2M']],
  ['GIF', 'gif', [], PALETTE],
  ['FFV1', 'mkv', ['-c:v', 'ffv1', '-pix_fmt', 'yuv420p']],
])('a push cuts the last line of an odd picture, from %s', async (_, ending, encode, filter) => {
  const clip = await corners({ width: 321, height: 181, ending, encode, ...(filter && { filter }) });
  const { frames, said } = await shown(clip);
  expect(frames).toHaveLength(3);
  const [frame] = frames as [Frame];
  expect([frame.width, frame.height]).toEqual([320, 180]);
  expect(cornersOf(frame)).toEqual(UNTURNED);
  expect(said.join()).toContain('cut from 321x181 to 320x180');
});

it('a push keeps the shape of a picture that changes in mid-stream, between bars', async () => {
  const encode = (second: number) => [
    ...['-c:v', 'libx264', '-crf', '10', '-pix_fmt', 'yuv420p', '-bf', '0'],
    ...['-output_ts_offset', `${second}`],
  ];
  const wide = await corners({ width: 320, height: 180, frames: 5, ending: 'ts', encode: encode(1) });
  const tall = await corners({ width: 180, height: 320, frames: 5, ending: 'ts', encode: encode(1.2) });
  const clip = scratch.file('shapes.ts');
  writeFileSync(clip, Buffer.concat([readFileSync(wide), readFileSync(tall)]));
  const { frames, said } = await shown(clip);
  expect(frames).toHaveLength(10);
  for (const frame of frames) expect([frame.width, frame.height]).toEqual([320, 180]);
  expect(cornersOf(frames[0] as Frame)).toEqual(UNTURNED);
  const last = frames.at(-1) as Frame;
  expect(cornersOf(last)).toEqual(['black', 'black', 'black', 'black']);
  // The picture takes 101 columns in the middle.
  const [left, right] = [110 + 5, 210 - 5];
  const inner = [
    [left, 4],
    [right, 4],
    [left, 175],
    [right, 175],
  ] as const;
  expect(inner.map(([x, y]) => colourAt(last, x, y))).toEqual(UNTURNED);
  expect(said).toEqual([expect.stringContaining('picture.letterboxed')]);
});

it('a push crops, squares pixels and lays transparent ones over a colour', async () => {
  const clip = await corners({
    width: 160,
    height: 96,
    ending: 'mov',
    filter: 'setsar=2,format=rgba,colorkey=gray:0.1',
    encode: ['-c:v', 'qtrle', '-pix_fmt', 'argb'],
  });
  const { frames, video } = await shown(clip, {
    decode: { crop: { top: 48 }, squarePixels: true, background: '#0000ff' },
  });
  const [frame] = frames as [Frame];
  expect([frame.width, frame.height]).toEqual([320, 48]);
  expect(cornersOf(frame)).toEqual(['blue', 'blue', 'blue', 'white']);
  expect(colourAt(frame, 160, 24)).toBe('blue');
  expect(['1', '1/1', null]).toContain(video.sampleAspectRatio);
});

it('a push deinterlaces pictures, and makes one of each field at twice the rate', async () => {
  const encode = [
    ...['-c:v', 'mpeg2video', '-flags', '+ilme+ildct', '-top', '1'],
    ...['-q:v', '2', '-pix_fmt', 'yuv420p'],
  ];
  const clip = await corners({
    width: 320,
    height: 192,
    frames: 12,
    ending: 'ts',
    filter: 'setfield=tff',
    encode,
  });
  expect((await probe({ uri: clip })).video.interlaced).toBe(true);
  expect((await probe({ uri: clip })).changes).toContain('deinterlaced');
  const { frames, video, said } = await shown(clip);
  expect(frames).toHaveLength(12);
  expect(video.interlaced).toBe(false);
  expect(cornersOf(frames[5] as Frame)).toEqual(UNTURNED);
  expect(said).toEqual(['picture.changed: deinterlaced', expect.stringContaining('picture.deinterlaced')]);
  expect((await shown(clip, { decode: { frameRate: '50' } })).frames).toHaveLength(24);
  expect((await shown(clip, { decode: { deinterlace: 'Off' } })).said).toEqual([]);
});

it('a push shows HDR in the colours of BT.709, unless it is to be kept', async () => {
  const encode = [
    ...['-c:v', 'libx265', '-pix_fmt', 'yuv420p10le', '-x265-params'],
    'log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited',
  ];
  const clip = await corners({ width: 160, height: 96, ending: 'mkv', encode });
  const { frames, video, said } = await shown(clip);
  expect(video.color).toMatchObject({ primaries: 'bt709', transfer: 'bt709', matrix: 'bt709' });
  expect(cornersOf(frames[0] as Frame)[3]).toBe('white');
  expect(said.join()).toContain('tone-mapped from PQ to BT.709');
  const pixelFormat = 'yuv420p10le';
  const kept = await shown(clip, {
    decode: { hdr: 'Keep', pixelFormat },
    encode: { encoder: { codec: 'H265', pixelFormat } },
  });
  expect(kept.video).toMatchObject({ pixelFormat, color: { transfer: 'smpte2084' } });
  expect(kept.said).toEqual([]);
});
