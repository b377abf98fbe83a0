/** Streams of a source: which is the video, where it moves, and where it begins. */
import type { Recipe } from '../../../support/zoo/recipe.ts';
import { H264, H264_B, MJPEG, MPEG2, TONE } from './encode.ts';

const SUBTITLES = '1\n00:00:00,000 --> 00:00:00,900\nwords\n';
const AAC = ['-c:a', 'aac', '-b:a', '64k'];
const COVER = ['-f', 'lavfi', '-i', 'color=c=red:s=640x640:d=0.04'];
const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '14', '-pix_fmt', 'yuv420p'];
const FAST = ['-sc_threshold', '0', '-bf', '2', '-b_strategy', '0'];

const startAt = (seconds: number) => ['-output_ts_offset', `${seconds}`];

/** Frames whose packets name their length, so that the last one ends where it ends. */
const BOUNDED = ['-omit_video_pes_length', '0'];

export const STREAMS: readonly Recipe[] = [
  {
    name: 'sound-first',
    what: 'a Matroska file whose sound is its first track',
    ending: 'mkv',
    parts: [{ inputs: TONE, encode: ['-map', '1:a', '-map', '0:v', ...H264_B, ...AAC] }],
    expected: {},
  },
  {
    name: 'sound-alone',
    what: 'a source of sound alone',
    ending: 'mp4',
    parts: [{ inputs: TONE, encode: ['-map', '1:a', ...AAC] }],
    expected: { refused: 'SourceNoVideo', says: 'has no video track' },
  },
  {
    name: 'cover-alone',
    what: 'sound with a cover',
    ending: 'mp4',
    parts: [
      {
        inputs: [...TONE, ...COVER],
        encode: ['-map', '1:a', '-map', '2:v', ...AAC, ...MJPEG, '-disposition:v', 'attached_pic'],
      },
    ],
    expected: { refused: 'SourceNoVideo', says: 'has no video track' },
  },
  {
    name: 'subtitles-first',
    what: 'a Matroska file whose subtitles are its first track',
    ending: 'mkv',
    parts: [
      {
        files: { SRT: SUBTITLES },
        inputs: ['-f', 'srt', '-i', '{SRT}'],
        encode: ['-map', '1:s', '-map', '0:v', ...H264_B, '-c:s', 'srt'],
      },
    ],
    expected: {},
  },
  {
    name: 'timecode',
    what: 'a QuickTime film with a track of timecode',
    ending: 'mov',
    parts: [{ encode: [...H264_B, '-timecode', '01:00:00:00'] }],
    expected: {},
  },
  {
    name: 'cover',
    what: 'an MP4 with a cover larger than the film',
    ending: 'mp4',
    parts: [
      {
        inputs: COVER,
        encode: [
          ...['-map', '0:v', '-map', '1:v', ...H264, '-c:v:1', 'mjpeg'],
          ...['-disposition:v:1', 'attached_pic'],
        ],
      },
    ],
    expected: {},
  },
  {
    name: 'default-track',
    what: 'a Matroska file whose second video is the default',
    ending: 'mkv',
    parts: [
      {
        inputs: ['-f', 'lavfi', '-i', 'color=c=red:s=640x480:r=25:d=1'],
        encode: [
          ...['-map', '1:v', '-map', '0:v', ...H264],
          ...['-disposition:v:0', '0', '-disposition:v:1', 'default'],
        ],
      },
    ],
    expected: {},
  },
  {
    name: 'chosen-track',
    what: 'a source of which the second video was asked for',
    ending: 'mp4',
    parts: [
      {
        inputs: ['-f', 'lavfi', '-i', 'color=c=red:s=320x192:r=25:d=1'],
        encode: ['-map', '1:v', '-map', '0:v', ...H264],
      },
    ],
    source: { videoTrack: '1' },
    ffmpeg: ['-map', '0:v:1'],
    expected: {},
  },
  {
    name: 'several-programs',
    what: 'a transport stream with two programs, of which the second was asked for',
    ending: 'ts',
    parts: [
      {
        inputs: ['-f', 'lavfi', '-i', 'color=c=red:s=320x192:r=25:d=1'],
        encode: [
          ...['-map', '1:v', '-map', '0:v', ...H264],
          ...['-program', 'program_num=7:st=0', '-program', 'program_num=9:st=1'],
        ],
      },
    ],
    source: { program: 9 },
    ffmpeg: ['-map', '0:p:9'],
    expected: {},
  },
  {
    name: 'pid-moves',
    what: 'a transport stream whose video moves to another PID',
    ending: 'ts',
    parts: [
      { frames: 13, encode: [...H264, ...BOUNDED, ...startAt(1), '-streamid', '0:0x100'] },
      {
        frames: 12,
        first: 13,
        encode: [...H264, ...BOUNDED, ...startAt(1.52), '-streamid', '0:0x200', '-tables_version', '1'],
      },
    ],
    rtsp: true,
    expected: {},
  },
  {
    name: 'pid-moves-silently',
    what: 'a transport stream whose video moves to another PID under the same version of its tables',
    ending: 'ts',
    parts: [
      { frames: 13, encode: [...MPEG2, ...BOUNDED, ...startAt(1), '-streamid', '0:0x100'] },
      { frames: 12, first: 13, encode: [...MPEG2, ...BOUNDED, ...startAt(1.52), '-streamid', '0:0x333'] },
    ],
    expected: {},
  },
  {
    name: 'sound-joins',
    what: 'a transport stream to which sound is added',
    ending: 'ts',
    parts: [
      { frames: 13, encode: [...H264, ...startAt(1)] },
      {
        frames: 12,
        first: 13,
        inputs: TONE,
        encode: [
          ...['-map', '0:v', '-map', '1:a', '-t', '0.48', ...H264, ...AAC, ...startAt(1.52)],
          ...['-tables_version', '1'],
        ],
      },
    ],
    expected: {},
  },
  {
    name: 'mid-gop-start',
    what: 'a transport stream that begins in the middle of a GOP',
    ending: 'ts',
    parts: [{ encode: H264_B }],
    surgery: [{ do: 'ts.begin', frame: 5 }],
    rtsp: true,
    expected: { frames: [[12, 24]] },
  },
  {
    name: 'mid-gop-start-mpeg2',
    what: 'a transport stream of MPEG-2 that begins in the middle of a GOP',
    ending: 'ts',
    parts: [{ encode: [...MPEG2, '-flags', '+cgop', '-sc_threshold', '1000000000'] }],
    surgery: [{ do: 'ts.begin', frame: 5 }],
    expected: { frames: [[10, 24]] },
  },
  {
    name: 'open-gop',
    what: 'a transport stream with open GOPs',
    ending: 'ts',
    parts: [{ encode: [...X264, ...FAST, '-g', '12', '-x264-params', 'open-gop=1'] }],
    expected: {},
  },
  {
    name: 'open-gop-start',
    what: 'a transport stream that begins with an open GOP',
    ending: 'ts',
    parts: [{ encode: [...X264, ...FAST, '-g', '12', '-x264-params', 'open-gop=1'] }],
    surgery: [{ do: 'ts.begin', frame: 10 }],
    expected: { frames: [[12, 24]] },
  },
  {
    name: 'recovery-points',
    what: 'a transport stream with recovery points in place of key frames',
    ending: 'ts',
    parts: [{ encode: [...X264, '-bf', '0', '-g', '12', '-x264-params', 'intra-refresh=1'] }],
    expected: {},
  },
  {
    name: 'recovery-point-start',
    what: 'a transport stream that begins between two recovery points',
    ending: 'ts',
    parts: [{ frames: 50, encode: [...X264, '-bf', '0', '-g', '12', '-x264-params', 'intra-refresh=1'] }],
    surgery: [{ do: 'ts.begin', frame: 6 }],
    expected: { frames: [[23, 49]] },
  },
  {
    name: 'lost-packet',
    what: 'a transport stream that lost a packet',
    ending: 'ts',
    parts: [{ encode: [...H264, '-g', '5', '-keyint_min', '5'] }],
    surgery: [{ do: 'ts.lose', frame: 10 }],
    expected: { unnumbered: 25, colours: 'none' },
  },
  {
    name: 'joined-mp4',
    what: 'an MP4 with another one joined to it',
    ending: 'mp4',
    parts: [{ encode: H264_B }, { first: 25, encode: H264_B }],
    expected: { frames: [[0, 24]] },
  },
  {
    name: 'trailing-bytes',
    what: 'a Matroska file with text behind it',
    ending: 'mkv',
    parts: [{ encode: H264_B }],
    surgery: [{ do: 'surround', after: 'end of file\n'.repeat(50) }],
    expected: {},
  },
  {
    name: 'empty',
    what: 'an empty file',
    ending: 'mp4',
    parts: [{ frames: 1, encode: H264 }],
    surgery: [{ do: 'slice', to: 0 }],
    expected: { refused: 'SourceEmpty', says: 'is empty' },
  },
  {
    name: 'text',
    what: 'a text with the name of a film',
    ending: 'mp4',
    parts: [{ frames: 1, encode: H264 }],
    surgery: [
      { do: 'slice', to: 0 },
      { do: 'surround', before: 'This is no film.\n'.repeat(100) },
    ],
    expected: { refused: 'SourceUnsupported', says: 'no video file' },
  },
];
