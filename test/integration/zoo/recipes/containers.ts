/** Containers with the codecs that are found in them. */
import type { Recipe } from '../../../support/zoo/recipe.ts';
import { AV1, FFV1, H264, H264_B, HEVC, MJPEG, MPEG2, MPEG4, PALETTE, VP8, VP9 } from './encode.ts';

const all = {};

/** One part, all of whose frames are expected. */
const plain = (name: string, what: string, ending: string, encode: readonly string[]): Recipe => ({
  name,
  what,
  ending,
  parts: [{ encode }],
  expected: all,
});

/** What a file is refused for that is cut before its index. */
const CUT_MP4 = { refused: 'SourceCorrupt', says: 'its header or index is damaged or missing' };

export const CONTAINERS: readonly Recipe[] = [
  { ...plain('mp4-b-frames', 'an MP4 with B-frames', 'mp4', H264_B), rtsp: true },
  plain('mp4-faststart', 'an MP4 whose index comes first', 'mp4', [...H264_B, '-movflags', '+faststart']),
  plain('mp4-fragmented', 'a fragmented MP4', 'mp4', [
    ...H264_B,
    '-movflags',
    '+frag_keyframe+empty_moov+default_base_moof',
  ]),
  {
    ...plain('mp4-fragmented-unfinished', 'a fragmented MP4 that stops within its last fragment', 'mp4', [
      ...H264,
      '-movflags',
      '+frag_every_frame+empty_moov+default_base_moof',
    ]),
    surgery: [{ do: 'slice', to: 0.8 }],
    expected: { frames: [[0, 21]], error: 'SourceTruncated' },
  },
  {
    ...plain('mp4-unfinished', 'an MP4 without its index', 'mp4', H264),
    surgery: [{ do: 'slice', to: 0.7 }],
    expected: CUT_MP4,
  },
  {
    name: 'mp4-edit-list',
    what: 'an MP4 whose edit list hides its beginning',
    ending: 'mp4',
    parts: [
      {
        encode: H264_B,
        copy: { ending: 'mp4', before: ['-ss', '0.6'] },
      },
    ],
    expected: { frames: [[15, 24]] },
  },
  plain('mp4-hevc', 'an MP4 of HEVC', 'mp4', HEVC),
  plain('mp4-av1', 'an MP4 of AV1', 'mp4', AV1),
  plain('mp4-mpeg4', 'an MP4 of MPEG-4 part 2', 'mp4', [...MPEG4, '-bf', '2']),
  plain('mov-prores', 'a QuickTime film of ProRes', 'mov', ['-c:v', 'prores_ks', '-profile:v', '3']),
  {
    ...plain('mov-dnxhd', 'a QuickTime film of DNxHR', 'mov', []),
    parts: [
      {
        filter: 'scale=out_color_matrix=bt709',
        encode: ['-c:v', 'dnxhd', '-profile:v', 'dnxhr_hq', '-pix_fmt', 'yuv422p'],
      },
    ],
  },
  {
    ...plain('3gp-h263', 'a 3GP of H.263', '3gp', ['-c:v', 'h263', '-q:v', '2', '-s', '352x288']),
    expected: { size: [352, 288], pixelAspect: '12/11' },
  },
  plain('mkv-b-frames', 'a Matroska file with B-frames', 'mkv', H264_B),
  {
    ...plain('mkv-unfinished', 'a Matroska file that was never finished', 'mkv', [
      ...H264,
      ...['-cluster_time_limit', '200', '-live', '1'],
    ]),
    surgery: [{ do: 'slice', to: 0.9 }],
    expected: { frames: [[0, 23]] },
  },
  plain('mkv-ffv1', 'a Matroska file of FFV1', 'mkv', [...FFV1, '-pix_fmt', 'yuv420p']),
  plain('webm-vp8', 'a WebM of VP8', 'webm', VP8),
  plain('webm-vp9', 'a WebM of VP9', 'webm', VP9),
  plain('webm-av1', 'a WebM of AV1', 'webm', AV1),
  { ...plain('ts-h264', 'a transport stream of H.264', 'ts', H264_B), rtsp: true },
  plain('ts-hevc', 'a transport stream of HEVC', 'ts', HEVC),
  plain('ts-mpeg2', 'a transport stream of MPEG-2', 'ts', MPEG2),
  plain('m2ts', 'a transport stream with packets of 192 bytes', 'm2ts', [
    ...H264_B,
    '-mpegts_m2ts_mode',
    '1',
  ]),
  {
    ...plain('ts-cut-start', 'a transport stream that begins within a packet', 'ts', H264),
    surgery: [{ do: 'slice', from: 100 }],
  },
  {
    ...plain('ts-cut-end', 'a transport stream that ends within a packet', 'ts', H264),
    surgery: [{ do: 'slice', to: -50 }],
    expected: { frames: [[0, 23]], error: 'SourceTruncated' },
  },
  {
    ...plain('ts-stuffed', 'a transport stream with null packets', 'ts', H264_B),
    surgery: [{ do: 'ts.stuff', every: 2 }],
  },
  plain('program-stream', 'a program stream of MPEG-2', 'vob', MPEG2),
  plain('mpeg1', 'a program stream of MPEG-1', 'mpg', [
    ...['-c:v', 'mpeg1video', '-q:v', '2', '-g', '12', '-bf', '2'],
  ]),
  plain('flv-h264', 'an FLV of H.264', 'flv', H264_B),
  plain('flv-sorenson', 'an FLV of Sorenson H.263', 'flv', ['-c:v', 'flv', '-q:v', '2']),
  {
    ...plain('flv-cut', 'an FLV that stops within a frame', 'flv', H264),
    surgery: [{ do: 'flv.cut', frames: 20 }],
    expected: { frames: [[0, 19]], error: 'SourceTruncated' },
  },
  {
    // The encoder keeps its last two frames.
    ...plain('avi-packed', 'an AVI of MPEG-4 with packed B-frames', 'avi', [
      ...['-c:v', 'libxvid', '-q:v', '2', '-g', '12', '-bf', '2'],
    ]),
    expected: { frames: [[0, 22]], tolerance: 41 },
  },
  {
    ...plain('avi-mjpeg', 'an AVI of motion JPEG, 4:2:2', 'avi', [...MJPEG, '-pix_fmt', 'yuvj422p']),
    expected: { pixelFormat: 'yuvj420p' },
  },
  plain('avi-huffyuv', 'an AVI of HuffYUV', 'avi', ['-c:v', 'huffyuv', '-pix_fmt', 'yuv422p']),
  plain('avi-raw', 'an AVI of raw pictures, bottom row first', 'avi', [
    '-c:v',
    'rawvideo',
    '-pix_fmt',
    'bgr24',
  ]),
  plain('wmv', 'a Windows Media file', 'wmv', ['-c:v', 'wmv2', '-q:v', '2', '-g', '12']),
  plain('theora', 'an Ogg file of Theora', 'ogv', ['-c:v', 'libtheora', '-q:v', '10', '-g', '12']),
  plain('ivf', 'an IVF of VP8', 'ivf', VP8),
  plain('mxf', 'an MXF of MPEG-2', 'mxf', MPEG2),
  plain('nut', 'a NUT file', 'nut', MPEG4),
  {
    ...plain('gif', 'a GIF', 'gif', []),
    parts: [{ filter: PALETTE, encode: [] }],
    expected: { colours: 'corners' },
  },
  {
    ...plain('apng', 'an animated PNG', 'apng', []),
    parts: [{ encode: ['-pix_fmt', 'rgb24', '-f', 'apng'] }],
  },
  {
    ...plain('webp', 'an animated WebP', 'webp', ['-c:v', 'libwebp_anim', '-lossless', '1']),
    expected: { refused: 'SourceUnsupported', says: 'still picture (webp)' },
  },
  {
    ...plain('png', 'a PNG', 'png', []),
    parts: [{ frames: 1, encode: ['-f', 'image2', '-update', '1'] }],
    expected: { refused: 'SourceUnsupported', says: 'still picture (png)' },
  },
  {
    ...plain('jpeg', 'a JPEG', 'jpg', []),
    parts: [{ frames: 1, encode: ['-f', 'image2', '-update', '1', '-q:v', '2'] }],
    expected: { refused: 'SourceUnsupported', says: 'still picture (jpeg)' },
  },
  plain('y4m', 'raw pictures with a YUV4MPEG2 header', 'y4m', ['-pix_fmt', 'yuv420p']),
  plain('raw-h264', 'H.264 without a container', 'h264', H264_B),
  plain('raw-hevc', 'HEVC without a container', 'hevc', HEVC),
  plain('raw-mpeg2', 'MPEG-2 without a container', 'm2v', MPEG2),
  plain('raw-mpeg4', 'MPEG-4 without a container', 'm4v', MPEG4),
  {
    ...plain('raw-mjpeg', 'motion JPEG without a container', 'mjpeg', MJPEG),
    expected: { pixelFormat: 'yuvj420p' },
  },
  plain('raw-av1', 'AV1 without a container', 'obu', AV1),
  {
    ...plain('dv', 'a DV recording', 'dv', ['-c:v', 'dvvideo', '-s', '720x576', '-pix_fmt', 'yuv420p']),
    expected: { size: [720, 576], pixelAspect: '16/15' },
  },
  {
    ...plain('hls', 'an HLS playlist', 'm3u8', [...H264, '-f', 'hls', '-hls_flags', 'single_file']),
    expected: { refused: 'SourceUnsupported', says: 'HLS playlists are not read yet' },
  },
];
