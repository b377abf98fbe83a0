/** Test clips whose every frame carries its index, made by the ffmpeg command line (in tests only). */
import { Readable } from 'node:stream';
import { drawStamp } from './index-stamp.ts';
import { run } from './program.ts';

export interface ClipOptions {
  /** Its ending chooses the container. */
  path: string;
  frames: number;
  /** Defaults 640 x 360, 25 frames per second. */
  width?: number;
  height?: number;
  rate?: string;
  /** B-frames between references, default 0. */
  bFrames?: number;
  /** Frames per GOP, fixed and closed; default 50. */
  gop?: number;
  /** Default 600 kb/s; only for the test's own clip. */
  bitRate?: string;
  /** Audio as the file's first or last track; default none. */
  audio?: 'first' | 'last';
  /** Timestamp of the first frame; not for MP4, which starts at 0 by an edit list. */
  startSeconds?: number;
  /**
   * Instants of the frames as an ffmpeg expression of N in seconds (variable rate), e.g.
   * `if(lt(N,50),N/50,1+(N-50)/10)`.
   */
  instants?: string;
  /** The number drawn into frame N; default N. */
  index?: (n: number) => number;
  /**
   * Detail that moves behind the stamp: costs the encoder about as much as real footage. Default false:
   * flat, cheap.
   */
  busy?: boolean;
  /** Further options of the encoder or the muxer, e.g. `['-bf', '3']`. */
  extra?: readonly string[];
}

/** Raw yuv420p pictures with their index, as a stream that makes them as they are read. */
export function stampedFrames(options: ClipOptions): Readable {
  const width = options.width ?? 640;
  const height = options.height ?? 360;
  const backgrounds = options.busy ? busyBackgrounds(width, height) : [flatBackground(width, height)];
  function* frames(): Generator<Buffer> {
    for (let i = 0; i < options.frames; i++) {
      const frame = Buffer.from(backgrounds[i % backgrounds.length] as Buffer);
      drawStamp(frame, width, options.index?.(i) ?? i);
      drawBar(frame, width, height, i);
      yield frame;
    }
  }
  return Readable.from(frames(), { highWaterMark: 4 });
}

/** Writes the clip; takes about 1 ms per 640 x 360 frame. */
export async function makeClip(options: ClipOptions): Promise<string> {
  const { width = 640, height = 360, rate = '25', bFrames = 0, gop = 50 } = options;
  const video = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'yuv420p',
    '-s',
    `${width}x${height}`,
    '-r',
    rate,
    '-i',
    'pipe:0',
  ];
  const audio = options.audio ? ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'] : [];
  const maps =
    options.audio === 'first'
      ? ['-map', '1:a', '-map', '0:v', '-shortest']
      : options.audio === 'last'
        ? ['-map', '0:v', '-map', '1:a', '-shortest']
        : [];
  const timing = options.instants
    ? [
        '-vf',
        `settb=1/90000,setpts='(${options.instants})/TB'`,
        '-vsync',
        'passthrough',
        '-enc_time_base',
        '1/90000',
        '-video_track_timescale',
        '90000',
        // Without a rate x264 would take the time base's for it, and starve the pictures of bits.
        '-x264-params',
        'fps=25',
      ]
    : [];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', options.bitRate ?? '600k'];
  // ultrafast turns B-frames off by -bf 0, which comes before the explicit value here;
  // b_strategy 0 fixes their number.
  const structure = [
    '-g',
    `${gop}`,
    '-keyint_min',
    `${gop}`,
    '-sc_threshold',
    '0',
    '-bf',
    `${bFrames}`,
    '-b_strategy',
    '0',
  ];
  const shift = options.startSeconds ? ['-output_ts_offset', `${options.startSeconds}`] : [];
  await run(
    'ffmpeg',
    [
      ...['-v', 'error', '-nostdin', '-y', ...video, ...audio, ...maps, ...timing, ...codec, ...structure],
      ...[
        '-pix_fmt',
        'yuv420p',
        '-c:a',
        'aac',
        '-b:a',
        '64k',
        ...shift,
        ...(options.extra ?? []),
        options.path,
      ],
    ],
    { stdin: stampedFrames(options) },
  );
  return options.path;
}

function flatBackground(width: number, height: number): Buffer {
  const frame = Buffer.alloc((width * height * 3) / 2, 128);
  for (let y = 0; y < height; y++)
    frame.fill(40 + Math.floor((y * 160) / height), y * width, (y + 1) * width);
  return frame;
}

/** Eight pictures of moving texture: every frame differs from the one before everywhere. */
function busyBackgrounds(width: number, height: number): Buffer[] {
  return Array.from({ length: 8 }, (_, phase) => {
    const frame = flatBackground(width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const wave =
          Math.sin((x + phase * 5) / 9) + Math.sin((y - phase * 3) / 7) + Math.sin((x * y) / 4000 + phase);
        frame[y * width + x] = 118 + Math.round(wave * 30);
      }
    }
    return frame;
  });
}

/** A bar that moves below the stamp, so that no two frames are alike to an encoder. */
function drawBar(frame: Buffer, width: number, height: number, index: number): void {
  const left = (index * 4) % (width - 16);
  for (let y = Math.floor(height / 2); y < Math.floor(height / 2) + 16; y++) {
    frame.fill(220, y * width + left, y * width + left + 16);
  }
}
