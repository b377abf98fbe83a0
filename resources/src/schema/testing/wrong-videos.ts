/** VideoPushes whose encoding nobody can have meant. */
import { videoPush, withVideo } from './manifests.ts';
import { wrong } from './wrong.ts';

export const WRONG_VIDEOS = [
  wrong('a codec in lower case', withVideo({ codec: 'h264' }), /Unsupported value: "h264".*"H264", "H265"/),
  wrong('an odd width', withVideo({ width: 1281 }), 'should be a multiple of 2'),
  wrong(
    'a width that cannot be converted to',
    withVideo({ width: 8194 }),
    'should be less than or equal to 8192',
  ),
  wrong(
    'a height that cannot be converted to',
    withVideo({ height: 8194 }),
    'should be less than or equal to 8192',
  ),
  wrong('a width in words', withVideo({ width: '1280' }), 'must be of type integer'),
  wrong(
    'a bit rate in bits',
    withVideo({ bitrateKbps: 4_000_000 }),
    'should be less than or equal to 800000',
  ),
  wrong('a bit rate in megabits', withVideo({ bitrateKbps: 4 }), 'should be greater than or equal to 10'),
  wrong('a frame rate that is a number', withVideo({ frameRate: 25 }), 'must be of type string'),
  wrong('a frame rate with a point', withVideo({ frameRate: '29.97' }), 'such as "25" or "30000/1001"'),
  wrong('a frame rate over 300', withVideo({ frameRate: '1200/2' }), 'at most 300 frames per second'),
  wrong('a pixel format of no viewer', withVideo({ pixelFormat: 'bgr8' }), 'must be yuv420p, yuv422p'),
  wrong('Off without quotes, which YAML reads as false', withVideo({ deinterlace: false }), 'type string'),
  wrong('HDR by another word', withVideo({ hdr: 'tonemap' }), 'supported values'),
  wrong('a background by name', withVideo({ background: 'black' }), 'such as "#000000"'),
  wrong('an odd crop', withVideo({ crop: { left: 1 } }), 'multiple of 2'),
  wrong('a crop below zero', withVideo({ crop: { top: -2 } }), 'greater than or equal to 0'),
  wrong(
    'two lengths of a GOP',
    withVideo({ gopSeconds: 2, gopFrames: 60 }),
    'at most one of `gopSeconds` and `gopFrames`',
  ),
  wrong(
    'a maximum below the bit rate',
    withVideo({ bitrateKbps: 4000, maxBitrateKbps: 3000 }),
    'a `maxBitrateKbps` of at least `bitrateKbps`',
  ),
  wrong(
    'a constant rate with another maximum',
    withVideo({ rateControl: 'Constant', bitrateKbps: 4000, maxBitrateKbps: 5000 }),
    'no `maxBitrateKbps` with `rateControl` Constant',
  ),
  wrong(
    'a quality with a bit rate',
    withVideo({ rateControl: 'Quality', bitrateKbps: 4000 }),
    'no `bitrateKbps` with `rateControl` Quality',
  ),
  wrong(
    'a quality with a bit rate control',
    withVideo({ quality: 23 }),
    '`rateControl` Quality where `quality`',
  ),
  wrong(
    'a quality of 52',
    withVideo({ rateControl: 'Quality', quality: 52 }),
    'should be less than or equal to 51',
  ),
  ...[
    { rateControl: 'Constant' },
    { rateControl: 'Quality' },
    { maxBitrateKbps: 4000 },
    { level: '4.1' },
  ].map((video) =>
    wrong(
      `${Object.keys(video)[0]} ${Object.values(video)[0]} for MPEG4`,
      withVideo({ codec: 'MPEG4', ...video }, { protocol: 'SRT' }),
      'must have `codec` H264 or H265 for',
    ),
  ),
  wrong(
    'B-frames in profile baseline',
    withVideo({ profile: 'baseline', maxBFrames: 1 }),
    'no `maxBFrames` with `profile` baseline',
  ),
  wrong('a level without a point', withVideo({ level: '41' }), 'such as "4" or "4.1"'),
  wrong('a profile in capitals', withVideo({ profile: 'High' }), 'such as baseline, main or high'),
  wrong('17 B-frames', withVideo({ maxBFrames: 17 }), 'should be less than or equal to 16'),
  wrong(
    'three B-frames by RTMP',
    withVideo({ maxBFrames: 3 }, { protocol: 'RTMP' }),
    'at most 2 when an output goes by RTMP',
  ),
  wrong('AV1 by RTSP, the default', withVideo({ codec: 'AV1' }), '`protocol` RTMP for the output'),
  wrong('VP8 by RTMP', withVideo({ codec: 'VP8' }, { protocol: 'RTMP' }), 'RTMP carries H264'),
  wrong(
    'MPEG4 to an RTMP service',
    videoPush({ video: { codec: 'MPEG4' }, outputs: [{ name: 'main', url: 'RTMP://a.example/app/key' }] }),
    'RTMP carries H264',
  ),
  wrong('VP9 by SRT', withVideo({ codec: 'VP9' }, { protocol: 'SRT' }), 'SRT carries H264, H265 and MPEG4'),
  wrong('a preset in capitals', withVideo({ preset: 'Very Fast' }), 'such as veryfast'),
  ...['h264_vaapi', 'hevc_nvenc', 'av1_qsv', 'h264_v4l2m2m', 'h264_amf', 'h264_omx', 'nvenc_h264'].map(
    (encoder) =>
      wrong(
        `the hardware encoder ${encoder}`,
        withVideo({ encoder }),
        'must be a software encoder, such as libx264',
      ),
  ),
  wrong(
    'an encoder with options',
    withVideo({ encoder: 'libx264 -crf 20' }),
    'such as libx264 or libvpx-vp9',
  ),
  wrong('audio that is copied', videoPush({ audio: { mode: 'Copy' } }), /Unsupported value: "Copy".*"Drop"/),
];
