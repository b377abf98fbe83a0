/** Clocks that jump, wrap, begin again, or are missing. */
import type { Recipe } from '../../../support/zoo/recipe.ts';
import { H264, H264_B, HEVC, MPEG2, MPEG4 } from './encode.ts';

const HOUR = 3600;
/** Half a second before MPEG's clock of 33 bits wraps. The multiplexer begins 1.4 s later than asked. */
const BEFORE_WRAP = 95443.7177 - 1.4 - 0.5;

/** Two clips of 13 and 12 frames in one file, each with options of its own. */
const joined = (encode: readonly string[], first: readonly string[], second: readonly string[]) => [
  { frames: 13, encode: [...encode, ...first] },
  { frames: 12, first: 13, encode: [...encode, ...second] },
];
const startAt = (seconds: number) => ['-output_ts_offset', `${seconds}`];

export const CLOCKS: readonly Recipe[] = [
  {
    name: 'ts-jump-ahead',
    what: 'a transport stream whose clock jumps ahead by an hour',
    ending: 'ts',
    parts: [{ encode: H264_B }],
    surgery: [{ do: 'ts.shift', from: 12, seconds: HOUR }],
    rtsp: true,
    expected: { discontinuities: { forward: 1 } },
  },
  {
    name: 'ts-jump-back',
    what: 'a transport stream whose clock jumps back by an hour',
    ending: 'ts',
    parts: [{ encode: [...H264_B, ...startAt(2 * HOUR)] }],
    surgery: [{ do: 'ts.shift', from: 12, seconds: -HOUR }],
    rtsp: true,
    expected: { discontinuities: { backward: 1 } },
  },
  {
    name: 'ts-jump-in-gop',
    what: 'a transport stream whose clock jumps between two B-frames',
    ending: 'ts',
    parts: [{ encode: H264_B }],
    surgery: [{ do: 'ts.shift', from: 8, seconds: 10 * HOUR }],
    expected: { discontinuities: { forward: 1 } },
  },
  {
    name: 'ts-restart',
    what: 'a transport stream whose clock begins again',
    ending: 'ts',
    parts: joined(H264_B, startAt(100), startAt(0)),
    expected: { discontinuities: { backward: 1 } },
  },
  {
    name: 'ts-same-clock',
    what: 'two transport streams with the same clock, one behind the other',
    ending: 'ts',
    parts: joined(MPEG2, [], []),
    expected: { discontinuities: { backward: 1 } },
  },
  {
    name: 'ts-wrap',
    what: 'a transport stream whose clock wraps',
    ending: 'ts',
    parts: [{ encode: [...H264_B, ...startAt(BEFORE_WRAP)] }],
    rtsp: true,
    expected: { discontinuities: {} },
  },
  {
    name: 'ts-hevc-wrap',
    what: 'a transport stream of HEVC whose clock wraps',
    ending: 'ts',
    parts: [{ encode: [...HEVC, ...startAt(BEFORE_WRAP)] }],
    expected: { discontinuities: {} },
  },
  {
    name: 'ts-jump-and-wrap',
    what: 'a transport stream whose clock jumps to just before its wrap',
    ending: 'ts',
    parts: joined(H264, startAt(50), startAt(BEFORE_WRAP + 0.2)),
    expected: { discontinuities: { backward: 1 } },
  },
  {
    name: 'ts-outlier-ahead',
    what: 'a transport stream with one frame a minute ahead of the others',
    ending: 'ts',
    parts: [{ encode: H264 }],
    surgery: [{ do: 'ts.shift', from: 9, to: 10, seconds: 60 }],
    expected: { discontinuities: { outlier: 1 } },
  },
  {
    name: 'ts-outlier-back',
    what: 'a transport stream with one frame a minute behind the others',
    ending: 'ts',
    parts: [{ encode: [...H264, ...startAt(HOUR)] }],
    surgery: [{ do: 'ts.shift', from: 9, to: 10, seconds: -60 }],
    expected: { discontinuities: { outlier: 1 } },
  },
  {
    name: 'ts-two-jumps',
    what: 'a transport stream whose clock jumps ahead and back again',
    ending: 'ts',
    parts: [{ encode: H264 }],
    surgery: [{ do: 'ts.shift', from: 6, to: 18, seconds: 7 * HOUR }],
    expected: { discontinuities: { forward: 1, backward: 1 } },
  },
  {
    name: 'ts-without-times',
    what: 'a transport stream in which only every fourth frame has a timestamp',
    ending: 'ts',
    parts: [{ encode: H264 }],
    surgery: [{ do: 'ts.unstamp', keepEvery: 4 }],
    rtsp: true,
    expected: {},
  },
  {
    name: 'mpeg2-without-times',
    what: 'MPEG-2 with B-frames in a transport stream in which every third frame has a timestamp',
    ending: 'ts',
    parts: [{ encode: MPEG2 }],
    surgery: [{ do: 'ts.unstamp', keepEvery: 3 }],
    expected: {},
  },
  {
    name: 'ts-late-start',
    what: 'a transport stream that begins after 26 hours',
    ending: 'ts',
    parts: [{ encode: [...H264_B, ...startAt(26.4 * HOUR)] }],
    expected: { discontinuities: {} },
  },
  {
    name: 'program-stream-restart',
    what: 'a program stream whose clock begins again',
    ending: 'mpg',
    parts: joined([...MPEG2, '-f', 'vob'], startAt(100), startAt(0)),
    expected: { discontinuities: { backward: 1 } },
  },
  {
    name: 'flv-jump',
    what: 'an FLV whose timestamps jump ahead by two hours',
    ending: 'flv',
    parts: [{ encode: H264 }],
    surgery: [{ do: 'flv.shift', from: 12, seconds: 2 * HOUR }],
    expected: { discontinuities: { forward: 1 } },
  },
  {
    name: 'flv-short-jump',
    what: 'an FLV whose timestamps jump ahead by half a minute',
    ending: 'flv',
    parts: [{ encode: H264_B }],
    surgery: [{ do: 'flv.shift', from: 12, seconds: 30 }],
    expected: { discontinuities: { forward: 1 } },
  },
  {
    name: 'flv-outlier',
    what: 'an FLV with one frame six seconds ahead of the others',
    ending: 'flv',
    parts: [{ encode: H264 }],
    surgery: [{ do: 'flv.shift', from: 9, to: 10, seconds: 6 }],
    expected: { discontinuities: { outlier: 1 } },
  },
  {
    name: 'flv-restart',
    what: 'an FLV whose timestamps begin again',
    ending: 'flv',
    parts: [{ encode: H264_B }],
    surgery: [
      { do: 'flv.shift', from: 0, seconds: 5 * HOUR },
      { do: 'flv.shift', from: 12, seconds: -5 * HOUR },
    ],
    expected: { discontinuities: { backward: 1 } },
  },
  {
    name: 'mkv-jump',
    what: 'a Matroska file whose timestamps jump ahead by three hours',
    ending: 'mkv',
    parts: [{ encode: [...H264, '-bsf:v', `setts=ts=TS+if(gte(N\\,12)\\,${3 * HOUR * 1000}\\,0)`] }],
    expected: { discontinuities: { forward: 1 } },
  },
  {
    name: 'mkv-late-start',
    what: 'a Matroska file that begins at 1,234.5 s',
    ending: 'mkv',
    parts: [{ encode: [...H264_B, ...startAt(1234.5)] }],
    expected: { discontinuities: {} },
  },
  {
    name: 'mkv-gap',
    what: 'a Matroska file with a gap of a second',
    ending: 'mkv',
    parts: [{ encode: [...H264, '-bsf:v', 'setts=ts=TS+if(gte(N\\,12)\\,1000\\,0)'] }],
    expected: {
      pace: [
        { frames: 11, rate: '25' },
        { frames: 1, rate: '25/26' },
        { frames: 13, rate: '25' },
      ],
      discontinuities: {},
    },
  },
  {
    name: 'mp4-negative-dts',
    what: 'an MP4 with negative composition offsets',
    ending: 'mp4',
    parts: [{ encode: [...H264_B, '-movflags', '+negative_cts_offsets'] }],
    expected: {},
  },
  {
    name: 'avi-without-times',
    what: 'an AVI of MPEG-4 with B-frames, which has no timestamps',
    ending: 'avi',
    parts: [{ encode: [...MPEG4, '-bf', '2'] }],
    expected: {},
  },
  {
    name: 'mkv-doubled-times',
    what: 'a Matroska file in which two frames have the same timestamp',
    ending: 'mkv',
    parts: [{ encode: [...H264, '-bsf:v', 'setts=ts=TS-if(eq(N\\,9)\\,40\\,0)'] }],
    expected: { tolerance: 41 },
  },
];
