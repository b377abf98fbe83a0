/** Pixels, colours, shapes and orientations. */
import { MATRICES, type Matrix } from '../../../support/corners.ts';
import type { Part, Recipe, Shown } from '../../../support/zoo/recipe.ts';
import { FAST_VP9, FFV1, H264, H264_B, MPEG2 } from './encode.ts';

const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '12', '-g', '12', '-bf', '2'];
const X265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', '12'];
const X265_QUIET = 'log-level=error:keyint=12:pools=1:frame-threads=1';
const FRAMES = 12;

const picture = (name: string, what: string, ending: string, part: Part, expected: Shown = {}): Recipe => ({
  name,
  what,
  ending,
  parts: [{ frames: FRAMES, ...part }],
  expected,
});

const pixels = (format: string, what: string, encode: readonly string[], ending = 'mkv', expected?: Shown) =>
  picture(`pixels-${format}`, what, ending, { encode: [...encode, '-pix_fmt', format] }, expected);

/** Pictures that say by which matrix and range their colours were made. */
const coloured = (name: string, what: string, matrix: string, tags: string, range: 'tv' | 'pc' = 'tv') =>
  picture(
    `colours-${name}`,
    what,
    'mp4',
    {
      filter: `scale=out_color_matrix=${matrix}:out_range=${range}:flags=accurate_rnd+full_chroma_int,format=yuv420p`,
      encode: [
        ...[...H264, '-colorspace', tags, '-color_primaries', tags, '-color_trc', tags],
        ...['-color_range', range],
      ],
    },
    range === 'pc' ? { pixelFormat: 'yuvj420p' } : {},
  );

const turned = (matrix: Matrix, i: number): Recipe => ({
  ...picture(
    `turned-${i}`,
    `an MP4 with the display matrix ${matrix.join(' ')}`,
    'mp4',
    { encode: H264 },
    { matrix, ...(matrix[0] === 0 && { size: [192, 320] as const }) },
  ),
  surgery: [{ do: 'matrix', matrix }],
});

const INTERLACED = ['-flags', '+ilme+ildct', '-top', '1', '-field_order', 'tt'];

/** Grey pictures have the full range of levels. */
const GREY: Shown = { colours: 'none', pixelFormat: 'yuvj420p' };

export const PICTURES: readonly Recipe[] = [
  pixels('gray', 'H.264 of grey pictures', X264, 'mkv', GREY),
  pixels('yuv422p', 'H.264 of 4:2:2', X264, 'mp4'),
  { ...pixels('yuv444p', 'H.264 of 4:4:4', X264, 'mp4'), rtsp: true },
  pixels('yuv420p10le', 'H.264 of 10 bits', X264, 'ts'),
  pixels('yuv422p10le', 'HEVC of 4:2:2 and 10 bits', [...X265, '-x265-params', X265_QUIET], 'mp4'),
  pixels('yuv420p12le', 'HEVC of 12 bits', [...X265, '-x265-params', X265_QUIET]),
  pixels('yuv444p12le', 'HEVC of 4:4:4 and 12 bits', [...X265, '-x265-params', X265_QUIET]),
  pixels('rgb24', 'H.264 of RGB', ['-c:v', 'libx264rgb', ...X264.slice(2)], 'mp4'),
  pixels('gray10le', 'FFV1 of grey pictures with 10 bits', FFV1, 'mkv', GREY),
  pixels('yuv410p', 'FFV1 of 4:1:0', FFV1, 'mkv', { colours: 'corners' }),
  pixels('yuv411p', 'FFV1 of 4:1:1', FFV1, 'mkv', { colours: 'corners' }),
  pixels('yuv440p', 'FFV1 of 4:4:0', FFV1),
  pixels('rgb48le', 'FFV1 of RGB with 16 bits', FFV1),
  pixels('rgba', 'a Matroska file of PNG pictures with alpha', ['-c:v', 'png']),
  picture(
    'pixels-palette',
    'a QuickTime film with a palette',
    'mov',
    {
      filter: 'split[a][b];[a]palettegen=reserve_transparent=0[p];[b][p]paletteuse=dither=none',
      encode: ['-c:v', 'qtrle', '-pix_fmt', 'rgb24'],
    },
    { colours: 'corners' },
  ),
  picture('alpha-qtrle', 'a QuickTime film with transparent pixels', 'mov', {
    filter: 'format=argb,geq=r=r(X\\,Y):g=g(X\\,Y):b=b(X\\,Y):a=if(between(Y\\,40\\,70)\\,0\\,255)',
    encode: ['-c:v', 'qtrle', '-pix_fmt', 'argb'],
  }),
  picture('alpha-prores', 'a QuickTime film of ProRes 4444 with alpha', 'mov', {
    filter: 'format=yuva444p10le',
    encode: ['-c:v', 'prores_ks', '-profile:v', '4', '-alpha_bits', '16', '-pix_fmt', 'yuva444p10le'],
  }),
  picture('alpha-webm', 'a WebM of VP9 with alpha', 'webm', {
    filter: 'format=yuva420p',
    encode: [...FAST_VP9, '-pix_fmt', 'yuva420p'],
  }),
  coloured('601', 'H.264 in the colours of BT.601', 'bt601', 'smpte170m'),
  coloured('709', 'H.264 in the colours of BT.709', 'bt709', 'bt709'),
  coloured('full', 'H.264 with the full range of levels', 'bt709', 'bt709', 'pc'),
  picture(
    'colours-2020',
    'HEVC of 10 bits in the colours of BT.2020',
    'mp4',
    {
      filter: 'scale=out_color_matrix=bt2020:flags=accurate_rnd,format=yuv420p10le',
      encode: [
        ...[...X265, '-tag:v', 'hvc1', '-x265-params'],
        `${X265_QUIET}:colorprim=bt2020:transfer=bt2020-10:colormatrix=bt2020nc:range=limited`,
      ],
    },
    { colours: 'corners' },
  ),
  ...[
    ['hlg', 'arib-std-b67'],
    ['pq', 'smpte2084'],
  ].map(([name, transfer]) =>
    picture(
      `colours-${name}`,
      `HEVC of HDR by ${name?.toUpperCase()}`,
      'mp4',
      {
        filter: 'scale=out_color_matrix=bt2020:flags=accurate_rnd,format=yuv420p10le',
        encode: [
          ...[...X265, '-tag:v', 'hvc1', '-x265-params'],
          `${X265_QUIET}:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc:range=limited`,
        ],
      },
      { colours: 'corners' },
    ),
  ),
  picture(
    'aspect-kept',
    'pictures whose pixels are wider than high',
    'ts',
    {
      filter: 'setsar=64/45',
      encode: H264_B,
    },
    { pixelAspect: '64/45' },
  ),
  {
    ...picture(
      'aspect-squared',
      'pictures whose pixels are to be made square',
      'mp4',
      {
        filter: 'setsar=2/1',
        encode: H264_B,
      },
      { size: [640, 192] },
    ),
    decode: { squarePixels: true },
    ffmpeg: ['-vf', 'scale=iw*sar:ih,setsar=1'],
  },
  picture('odd-size', 'a WebM of 321 by 193', 'webm', {
    filter: 'pad=321:193',
    encode: ['-c:v', 'libvpx', '-deadline', 'realtime', '-b:v', '4M'],
  }),
  picture('odd-size-444', 'H.264 of 4:4:4 and 321 by 193', 'mp4', {
    filter: 'pad=321:193',
    encode: [...X264, '-pix_fmt', 'yuv444p'],
  }),
  picture(
    'small',
    'pictures of 160 by 96',
    'mp4',
    { filter: 'scale=160:96:flags=area', encode: H264 },
    {
      size: [160, 96],
    },
  ),
  picture(
    'tiny',
    'pictures of 16 by 16',
    'mp4',
    { filter: 'scale=16:16', encode: H264 },
    {
      size: [16, 16],
      unnumbered: FRAMES,
      colours: 'none',
    },
  ),
  picture('cropped', 'H.264 that crops its pictures', 'mp4', {
    filter: 'pad=336:208:8:8',
    encode: [...H264, '-bsf:v', 'h264_metadata=crop_left=8:crop_right=8:crop_top=8:crop_bottom=8'],
  }),
  ...MATRICES.map(turned),
  picture(
    'turned-by-codec',
    'H.264 that says itself how its pictures are turned',
    'mkv',
    {
      encode: [...H264, '-bsf:v', 'h264_metadata=display_orientation=insert:rotate=90'],
    },
    { matrix: [0, -1, 1, 0], size: [192, 320] },
  ),
  picture('mbaff', 'interlaced H.264, field by field or not for each block', 'ts', {
    filter: 'setfield=tff',
    encode: [...H264_B, '-flags', '+ilme+ildct', '-x264-params', 'tff=1'],
  }),
  picture('interlaced-bff', 'interlaced H.264 whose bottom field comes first', 'mp4', {
    filter: 'setfield=bff',
    encode: [...H264, '-flags', '+ilme+ildct', '-x264-params', 'bff=1'],
  }),
  picture('interlaced-mpeg2', 'interlaced MPEG-2', 'ts', {
    filter: 'setfield=tff',
    encode: [...MPEG2, ...INTERLACED],
  }),
  {
    ...picture(
      'field-rate',
      'interlaced MPEG-2 of which each field becomes a picture',
      'ts',
      {
        filter: 'setfield=tff',
        encode: [...MPEG2, ...INTERLACED],
      },
      {
        frames: Array.from({ length: 2 * FRAMES }, (_, i) => [Math.floor(i / 2), Math.floor(i / 2)] as const),
        pace: [{ frames: 2 * FRAMES, rate: '50' }],
      },
    ),
    decode: { frameRate: '50' },
    ffmpeg: ['-vf', 'bwdif=1'],
  },
  {
    name: 'size-change',
    what: 'a transport stream whose pictures become smaller',
    ending: 'ts',
    parts: [
      { frames: 12, encode: [...H264, '-output_ts_offset', '1'] },
      {
        frames: 12,
        first: 12,
        filter: 'scale=160:96:flags=area',
        encode: [...H264, '-output_ts_offset', '1.48'],
      },
    ],
    rtsp: true,
    expected: {},
  },
  {
    name: 'shape-change',
    what: 'a transport stream that turns from landscape to portrait',
    ending: 'ts',
    parts: [
      { frames: 12, encode: [...H264, '-output_ts_offset', '1'] },
      {
        frames: 12,
        first: 12,
        filter: 'pad=320:568:0:188',
        encode: [...H264, '-output_ts_offset', '1.48'],
      },
    ],
    // The card becomes 108 pixels wide, which is too little for its number.
    expected: { unnumbered: 24, colours: 'none' },
  },
];
