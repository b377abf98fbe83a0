/**
 * What a stream costs: the requests of its two containers where the resource leaves them open. Pure.
 *
 *     cpu    = 30 m + rate x megapixels x (cost of a megapixel in ms of one core)
 *     memory = base of the process + frames that the codec holds x bytes of a frame (+ the frame queue)
 *
 * Milliseconds of one core for each frame of 1 megapixel, measured with FFmpeg 5.1 and 7.1 (which differ by less than 5 %)
 * on 2 cores of a 2020s server, each the average of an easy and of a noisy picture at 720p and 1080p:
 * decoding H.264 2.4, libx264 zerolatency ultrafast 2.8, veryfast 7.6, medium 23. A megapixel of 1080p costs about a fifth
 * less than one of 720p. A request is what the scheduler sets aside and the share under contention, not a limit: easy
 * pictures leave some of it to the neighbours, hard ones take more while there is more.
 */
import { isHardwareEncoder, megapixels, type Picture } from './picture.ts';
import { expectedRingBytes, type QueueShape, ringVolumeBytes, slotBytes } from './ring-size.ts';

/** What both containers of a stream need. */
export interface Cost {
  /** thousandths of a core */
  cpuMillicores: number;
  /** Expected, in bytes. */
  memoryBytes: number;
  /** At most, in bytes: beyond it, something leaks. */
  memoryLimitBytes: number;
}

/** The process without a picture: Node, the libraries, its pages. */
const IDLE_MILLICORES = 30;
const PROCESS_BYTES = 96 * 2 ** 20;

/** ms of one core per megapixel. */
const DECODE = 2.4;
const SCALE = 1.5;
const GENERATE = 1;
const HARDWARE = 1;

/** libx264 with zerolatency; what was not measured stands between and beyond in the ratios of the encoder's own figures. */
const X264: Readonly<Record<string, number>> = {
  ultrafast: 2.8,
  superfast: 4.5,
  veryfast: 7.6,
  faster: 12,
  fast: 17,
  medium: 23,
  slow: 40,
  slower: 80,
  veryslow: 150,
  placebo: 400,
};

/** Other encoders as multiples of libx264 at the same preset, or of its veryfast where they have none. */
const FACTORS: Readonly<Record<string, number>> = { H264: 1, H265: 2.5, VP8: 2, VP9: 4, AV1: 4, MPEG4: 0.6 };

/** Lookahead and B-frames double what a hard picture costs. */
const WITHOUT_ZEROLATENCY = 1.6;

/** Frames that a decoder holds: references, reordering, one for each thread. */
const DECODED_FRAMES = 20;
/** Frames that an encoder holds beside those of its delay: references, input, one for each thread; half of it for tables. */
const ENCODED_FRAMES = 16;

/** ms of one core for each MB of raw frames that goes through JetStream, on each side. */
const NETWORK = 3;

export interface EncoderChoice {
  codec: string | undefined;
  encoder?: string | undefined;
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
  const frames = DECODED_FRAMES * slotBytes(source, 1);
  return cost(
    source.rate * perFrame + (split ? networkMilliseconds(pushed) : 0),
    PROCESS_BYTES + frames,
    expectedRingBytes(pushed, queue),
    ringVolumeBytes(pushed, queue, generated),
  );
}

export function encoderCost({ pushed, generated, encoder, queue, split }: StreamShape): Cost {
  const perFrame = megapixels(pushed) * encoderMilliseconds(encoder);
  const frames = (ENCODED_FRAMES + queue.encoderDelayFrames) * slotBytes(pushed, 1) * 1.5;
  return cost(
    pushed.rate * perFrame + (split ? networkMilliseconds(pushed) : 0),
    PROCESS_BYTES + frames,
    // In one pod the ring counts against the decoder, which touches its pages first.
    split ? expectedRingBytes(pushed, queue) : 0,
    split ? ringVolumeBytes(pushed, queue, generated) : 0,
  );
}

/** ms of one core for each megapixel that is encoded. */
export function encoderMilliseconds({ codec, encoder, preset, tune }: EncoderChoice): number {
  if (isHardwareEncoder(encoder)) return HARDWARE;
  const factor = FACTORS[codec ?? 'H264'] ?? 1;
  const byPreset = codec === undefined || codec === 'H264' || codec === 'H265';
  const base = (byPreset ? X264[preset ?? 'veryfast'] : undefined) ?? X264.veryfast ?? 0;
  const lookahead = byPreset && tune !== undefined && tune !== 'zerolatency' ? WITHOUT_ZEROLATENCY : 1;
  return base * factor * lookahead;
}

const networkMilliseconds = (picture: Picture): number =>
  (picture.rate * slotBytes(picture, 1) * NETWORK) / 1e6;

function cost(milliseconds: number, memory: number, ring: number, ringAtMost: number): Cost {
  return {
    cpuMillicores: IDLE_MILLICORES + Math.ceil(milliseconds),
    memoryBytes: memory + ring,
    memoryLimitBytes: 3 * memory + ringAtMost,
  };
}
