/**
 * What a stream costs: the requests of its two containers where the resource leaves them open. Pure.
 *
 *     cpu    = 20 m + rate x megapixels x (ms of one core for each megapixel)
 *     memory = process + frames that the codec holds x bytes of a frame (+ frame queue)
 *
 * Milliseconds of one core for each megapixel of a picture, measured with FFmpeg 5.1 and 7.1 (less than 5 %
 * apart) on 2 cores of a present server, as averages of an easy and of a noisy picture at 720p and 1080p:
 * decoding H.264 2.3; libx264 with zerolatency ultrafast 2.9, veryfast 7.2, medium 25. What is marked "by
 * ratio" was measured as a multiple of libx264 veryfast on the same picture. A request is what the scheduler
 * sets aside and the share under contention, not a limit: an easy picture leaves some of it to its
 * neighbours, a hard one (up to twice as much) takes what is free. Two cores thus carry two or three streams
 * of 1080p30 with veryfast, as was measured.
 */
import type { PixelFormat } from '../limits.ts';
import { megapixels, type Picture } from './picture.ts';
import { expectedRingBytes, type QueueShape, ringVolumeBytes, slotBytes } from './ring-size.ts';

/** What both containers of a stream need. */
export interface Cost {
  /** thousandths of a core */
  cpuMillicores: number;
  /** Expected, in bytes. */
  memoryBytes: number;
  /** The most memory that it may take, in bytes: beyond it, something leaks. */
  memoryLimitBytes: number;
}

/**
 * The process without a picture: Node, the libraries, its pages. Measured: 15 m, 55 MiB of
 * its own and up to 85 of files.
 */
const IDLE_MILLICORES = 20;
const PROCESS_BYTES = 96 * 2 ** 20;

/** ms of one core for each megapixel of the source; scaling comes on top of decoding. */
const DECODE = 2.3;
const SCALE = 1;
const GENERATE = 1;

type Presets = Readonly<Record<string, number>>;

/**
 * Cost of x264 with zerolatency. Those of superfast, faster, fast and slow follow by ratio, those of the
 * slower presets by the preset's own scale.
 */
const X264: Presets = {
  ultrafast: 2.9,
  superfast: 5,
  veryfast: 7.2,
  faster: 12,
  fast: 21,
  medium: 25,
  slow: 65,
  slower: 130,
  veryslow: 250,
  placebo: 600,
};

/** Cost of x265 with zerolatency. Those of ultrafast, veryfast and medium follow by ratio. */
const X265: Presets = {
  ultrafast: 28,
  superfast: 34,
  veryfast: 42,
  faster: 44,
  fast: 48,
  medium: 58,
  slow: 120,
  slower: 300,
  veryslow: 500,
  placebo: 1000,
};

/** Encoders without such presets, with their settings for live video, by ratio. */
const OTHERS: Readonly<Record<string, number>> = { VP8: 34, VP9: 14, AV1: 34, MPEG4: 3 };

/** What a pixel format costs libx264 with veryfast, as a multiple of yuv420p. */
const PIXELS: Readonly<Record<PixelFormat, number>> = {
  gray: 0.8,
  yuv420p: 1,
  yuv422p: 1.2,
  yuv444p: 1.3,
  yuv420p10le: 1.3,
  yuv422p10le: 1.6,
  yuv444p10le: 2.2,
};

/** Lookahead and B-frames: 1.4 times for easy pictures, twice for hard ones. */
const WITHOUT_ZEROLATENCY = 1.75;

/** Frames that a decoder holds: references, reordering, one for each thread. */
const DECODED_FRAMES = 20;
/** Frames that an encoder holds beside those of its delay, and what its tables add to each. */
const ENCODED_FRAMES = 14;
const TABLES = 1.3;
/** libx265 holds more beside each frame. */
const TABLES_X265 = 3.5;

/**
 * ms of one core for each MB of raw frames that goes through JetStream, on each side:
 * messages of 300 kB, 500-730 a second.
 */
const NETWORK = 3;

export interface EncoderChoice {
  codec: string | undefined;
  preset?: string | undefined;
  tune?: string | undefined;
}

export interface StreamShape {
  source: Picture;
  pushed: Picture;
  /** the decoder generates the picture */
  generated: boolean;
  encoder: EncoderChoice;
  queue: QueueShape;
  /** the queue goes through JetStream: each pod has a ring of its own */
  split: boolean;
}

export function decoderCost({ source, pushed, generated, queue, split }: StreamShape): Cost {
  const scaled = source.width !== pushed.width || source.height !== pushed.height;
  const perFrame =
    megapixels(source) * (generated ? GENERATE : DECODE) + (scaled ? megapixels(source) * SCALE : 0);
  const frames = DECODED_FRAMES * slotBytes(source);
  return cost(
    source.rate * perFrame + (split ? networkMilliseconds(pushed) : 0),
    PROCESS_BYTES + frames,
    expectedRingBytes(pushed, queue),
    ringVolumeBytes(pushed, queue),
  );
}

export function encoderCost({ pushed, encoder, queue, split }: StreamShape): Cost {
  const perFrame = megapixels(pushed) * encoderMilliseconds(encoder) * PIXELS[pushed.pixelFormat];
  const held = ENCODED_FRAMES + queue.encoderDelayFrames;
  const frames = held * slotBytes(pushed) * (encoder.codec === 'H265' ? TABLES_X265 : TABLES);
  return cost(
    pushed.rate * perFrame + (split ? networkMilliseconds(pushed) : 0),
    PROCESS_BYTES + frames,
    // In one pod the ring counts against the decoder, which touches its pages first.
    split ? expectedRingBytes(pushed, queue) : 0,
    split ? ringVolumeBytes(pushed, queue) : 0,
  );
}

/** ms of one core for each megapixel that is encoded. */
export function encoderMilliseconds({ codec = 'H264', preset, tune }: EncoderChoice): number {
  const presets = codec === 'H264' ? X264 : codec === 'H265' ? X265 : undefined;
  if (!presets) return OTHERS[codec] ?? X264.veryfast ?? 0;
  const lookahead = tune !== undefined && tune !== 'zerolatency' ? WITHOUT_ZEROLATENCY : 1;
  return (presets[preset ?? 'veryfast'] ?? presets.veryfast ?? 0) * lookahead;
}

const networkMilliseconds = (picture: Picture): number => (picture.rate * slotBytes(picture) * NETWORK) / 1e6;

function cost(milliseconds: number, memory: number, ring: number, ringAtMost: number): Cost {
  return {
    cpuMillicores: IDLE_MILLICORES + Math.ceil(milliseconds),
    memoryBytes: memory + ring,
    memoryLimitBytes: 3 * memory + ringAtMost,
  };
}
