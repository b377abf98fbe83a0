import type { SourceDescriptor } from '@videopush/native';
import { expect, it } from 'vitest';
import { formatDescriptor } from './probe.ts';

const clip: SourceDescriptor = {
  container: 'mpegts',
  durationSeconds: 2.0000000000000004,
  startSeconds: 0.08333333333333333,
  seekable: true,
  live: false,
  finite: true,
  streamIndex: 0,
  streamCount: 1,
  video: {
    codec: 'mpeg2video',
    profile: 'Main',
    width: 720,
    height: 576,
    pixelFormat: 'yuv420p',
    frameRate: '25',
    timeBase: '1/90000',
    variableFrameRate: false,
    bitRate: 4_000_000,
    gopFrames: 12,
    reorderFrames: 2,
    interlaced: false,
    mirrored: false,
    rotation: 0,
    sampleAspectRatio: '64/45',
    color: { range: null, primaries: null, transfer: null, matrix: null },
    frameCount: 50,
    frameCountExact: true,
  },
  videos: [],
  audio: [],
  changes: [],
};

it('the text of probe lists several video tracks by the names that --video-track takes', () => {
  const film = {
    streamIndex: 0,
    id: 256,
    language: 'eng',
    codec: 'h264',
    width: 640,
    height: 360,
    default: true,
    cover: false,
    programs: [1, 2],
  };
  const cover = { ...film, streamIndex: 1, id: null, language: null, cover: true, programs: [] };
  const text = formatDescriptor('clip.ts', { ...clip, videos: [film, cover] });
  expect(text).toContain('id:256, lang:eng, program 1, program 2: h264 640x360, the one above');
  expect(text).toContain('1: h264 640x360, a cover');
  expect(formatDescriptor('clip.ts', { ...clip, videos: [film] })).not.toContain('id:256');
});

it('the text of probe rounds times to the millisecond', () => {
  expect(formatDescriptor('clip.ts', clip)).toMatch(/^duration +2 s, starts at 0\.083 s$/m);
});

it('the text of probe says which shape pixels have, unless they are square', () => {
  expect(formatDescriptor('clip.ts', clip)).toMatch(/^picture +720x576 yuv420p, pixels 64:45 \(SAR\)$/m);
  for (const sampleAspectRatio of ['1', null]) {
    const square = { ...clip, video: { ...clip.video, sampleAspectRatio } };
    expect(formatDescriptor('clip.ts', square)).toMatch(/^picture +720x576 yuv420p$/m);
  }
});

it('the text of probe says how a picture is to be turned and mirrored', () => {
  const shown = (mirrored: boolean, rotation: number) =>
    formatDescriptor('clip.ts', { ...clip, video: { ...clip.video, mirrored, rotation } });
  expect(shown(false, 90)).toContain(', to be turned by 90°\n');
  expect(shown(true, 0)).toContain(', to be mirrored left to right\n');
  expect(shown(true, 270)).toContain(', to be mirrored left to right and turned by 270°\n');
});

it('the text of probe says what a push changes in the picture', () => {
  expect(formatDescriptor('clip.ts', clip)).toMatch(/^a push +leaves pictures as they are$/m);
  const changes = ['deinterlaced', 'converted from yuv422p to yuv420p'];
  const fields = { ...clip, changes, video: { ...clip.video, interlaced: true } };
  const text = formatDescriptor('clip.ts', fields);
  expect(text).toMatch(/^picture +720x576 yuv420p, pixels 64:45 \(SAR\), interlaced$/m);
  expect(text).toMatch(/^a push +deinterlaced; converted from yuv422p to yuv420p$/m);
});

it('the text of probe calls a bit rate that was not counted over the whole source estimated', () => {
  expect(formatDescriptor('clip.ts', clip)).toMatch(/^bit rate +4000 kb\/s$/m);
  const partly = { ...clip, video: { ...clip.video, frameCountExact: false } };
  expect(formatDescriptor('clip.ts', partly)).toMatch(/^bit rate +4000 kb\/s \(estimated\)$/m);
  const unknown = { ...clip, video: { ...clip.video, frameCountExact: false, bitRate: null } };
  expect(formatDescriptor('clip.ts', unknown)).toMatch(/^bit rate +unknown$/m);
});
