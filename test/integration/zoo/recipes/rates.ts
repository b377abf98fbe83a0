/** Frame rates from slide shows to slow motion, steady and changing. */
import type { Pace, Recipe } from '../../../support/zoo/recipe.ts';
import { FFV1, H264, H264_B, MPEG2, PALETTE, VP9 } from './encode.ts';

const steady = (name: string, rate: string, frames: number, ending = 'mp4'): Recipe => ({
  name: `rate-${name}`,
  what: `${frames} frames at ${rate} a second`,
  ending,
  parts: [{ frames, rate, encode: H264_B }],
  expected: {},
});

/** Instants by the number of the frame, as an expression of ffmpeg. */
const paced = (seconds: string): string => `settb=1/90000,setpts='(${seconds})/TB'`;
const VARIABLE = ['-vsync', 'passthrough', '-enc_time_base', '1/90000'];

const varying = (name: string, what: string, ending: string, seconds: string, pace: Pace[]): Recipe => ({
  name,
  what,
  ending,
  parts: [
    {
      frames: pace.reduce((sum, { frames }) => sum + frames, 0),
      filter: paced(seconds),
      encode: [...H264, ...VARIABLE],
    },
  ],
  expected: { pace },
});

export const RATES: readonly Recipe[] = [
  steady('0.2', '1/5', 2),
  steady('1', '1', 2),
  steady('5', '5', 8),
  steady('12.5', '25/2', 15),
  steady('23.976', '24000/1001', 24),
  steady('29.97', '30000/1001', 30),
  { ...steady('50', '50', 50, 'ts'), rtsp: true },
  steady('59.94', '60000/1001', 60),
  steady('120', '120', 60),
  steady('240', '240', 120),
  {
    ...steady('one', '25', 1),
    what: 'a single frame',
  },
  {
    ...steady('two', '25', 2, 'ts'),
    what: 'two frames',
  },
  varying('slower', 'an MP4 whose rate falls from 50 to 10', 'mp4', 'if(lt(N,25),N/50,0.5+(N-25)/10)', [
    { frames: 25, rate: '50' },
    { frames: 8, rate: '10' },
  ]),
  {
    ...varying(
      'faster',
      'a Matroska file whose rate rises from 10 to 50',
      'mkv',
      'if(lt(N,8),N/10,0.8+(N-8)/50)',
      [
        { frames: 8, rate: '10' },
        { frames: 25, rate: '50' },
      ],
    ),
    rtsp: true,
  },
  {
    name: 'stills',
    what: 'three pictures of half a second each',
    ending: 'mkv',
    parts: [{ frames: 3, rate: '2', encode: H264 }],
    expected: {},
  },
  {
    name: 'gif-irregular',
    what: 'a GIF with a delay of its own for each frame',
    ending: 'gif',
    parts: [
      {
        frames: 8,
        filter: `settb=1/100,setpts='N*(N+1)/2*4',${PALETTE}`,
        encode: ['-vsync', 'passthrough'],
      },
    ],
    expected: {
      pace: [1, 2, 3, 4, 5, 6, 7].map((n) => ({ frames: 1, rate: `100/${n * 4}` })),
      colours: 'corners',
    },
  },
  {
    name: 'vp9-hidden-frames',
    what: 'a WebM of VP9 with frames that are never shown',
    ending: 'webm',
    parts: [
      {
        encode: [
          ...VP9.slice(0, 2),
          '-deadline',
          'good',
          '-cpu-used',
          '8',
          '-crf',
          '10',
          '-b:v',
          '4M',
          '-auto-alt-ref',
          '1',
          '-lag-in-frames',
          '12',
        ],
      },
    ],
    expected: {},
  },
  {
    name: 'constant-rate',
    what: 'a source of 5 frames a second at a constant rate of 25',
    ending: 'mkv',
    parts: [{ frames: 5, rate: '5', encode: FFV1 }],
    decode: { frameRate: '25' },
    ffmpeg: ['-vf', 'fps=25'],
    expected: {
      frames: Array.from({ length: 25 }, (_, i) => [Math.floor(i / 5), Math.floor(i / 5)] as const),
      pace: [{ frames: 25, rate: '25' }],
    },
  },
  {
    name: 'telecine',
    what: 'a film of 24 frames a second, telecined to 60 fields',
    ending: 'ts',
    parts: [
      {
        frames: 24,
        rate: '24000/1001',
        filter: 'telecine=first_field=top:pattern=23,setfield=tff',
        encode: [
          ...MPEG2.slice(0, -4),
          '-bf',
          '0',
          '-pix_fmt',
          'yuv420p',
          '-flags',
          '+ilme+ildct',
          '-top',
          '1',
        ],
      },
    ],
    expected: { unnumbered: 30, pace: [{ frames: 30, rate: '30000/1001' }], colours: 'corners' },
  },
];
