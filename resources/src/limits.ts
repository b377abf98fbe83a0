/**
 * Bounds of the numbers that people write, for the command and WorkerConfig. The resources have the
 * same in crds/, the native core in native/src/core/limits.h; limits.test.ts compares the three. Where
 * one of them differs, it says why.
 */

export interface Range {
  readonly least: number;
  readonly most: number;
}

const range = (least: number, most: number): Range => ({ least, most });

export const LIMITS = {
  /** Width and height of a picture in pixels: what sources and conversion take. */
  side: range(16, 8192),
  /** What is cut off at a side of the picture, pixels. */
  crop: range(0, 8190),
  /** Bits per second; the most is that of H.264's highest level (6.2, ITU-T H.264 table A-1). */
  bitRate: range(10_000, 800_000_000),
  /** Constant rate factor of x264 and x265; 0 would be lossless. */
  quality: range(1, 51),
  gopFrames: range(1, 100_000),
  /** The least holds for resources; a WorkerConfig takes parts of a second. */
  gopSeconds: range(1, 600),
  /** What x264 takes. */
  bFrames: range(0, 16),
  /** Threads of a decoder or an encoder, 0 = automatic. */
  threads: range(0, 64),
  /** Number of an MPEG program. */
  program: range(0, 65_535),
  queueFrames: range(1, 256),
  /** Memory of a frame queue's pictures. */
  queueBytes: range(2 ** 20, 64 * 2 ** 30),
  encoderDelayFrames: range(0, 512),
  latencyMilliseconds: range(0, 10_000),
  /**
   * Length of a test pattern. The least holds for resources; the command and a
   * WorkerConfig take parts of a second.
   */
  durationSeconds: range(1, 86_400_000),
  timeoutMilliseconds: range(1, 86_400_000),
} as const;

/** A video track by its ordinal, by the container's own number or by its language (ISO 639). */
export const VIDEO_TRACK = /^(\d{1,4}|id:(\d{1,9}|0x[0-9a-fA-F]{1,8})|lang:[a-zA-Z]{2,3})$/;

/** An encoder's own name for a profile. */
export const PROFILE = /^[a-z0-9-]{1,32}$/;

/** A level of H.264 or H.265, as people write it. */
export const LEVEL = /^([1-8](\.[0-9])?|1b)$/;

/** Bytes that the frames of a queue may take by default (kMaxBytes in native/src/ring/layout.h). */
export const QUEUE_BYTES = 256 * 2 ** 20;

/**
 * Frames per second that a stream may be asked for, above 0: H.264's level 6.2 allows no more (A.3.3). The
 * native core takes up to 1000, since a source may be faster than what is made of it.
 */
export const MAX_FRAME_RATE = 300;

/**
 * Pixels of a picture: 8192 x 4352, the largest of H.264's level 6.2. The native core does not hold to it,
 * since other codecs have other bounds, and since a source may be larger than what is made of it.
 */
export const MAX_PIXELS = 35_651_584;

/** The pixel formats that a stream may have, by FFmpeg's names. */
export const PIXEL_FORMATS = [
  'yuv420p',
  'yuv422p',
  'yuv444p',
  'yuv420p10le',
  'yuv422p10le',
  'yuv444p10le',
  'gray',
] as const;

export type PixelFormat = (typeof PIXEL_FORMATS)[number];

/** The devices in the names of libavcodec's encoders, such as h264_vaapi and nvenc_hevc. */
export const ENCODER_DEVICES = [
  'vaapi',
  'nvenc',
  'qsv',
  'amf',
  'v4l2m2m',
  'omx',
  'vulkan',
  'videotoolbox',
  'mf',
  'mediacodec',
  'rkmpp',
  'd3d12va',
  'oh',
] as const;

/** The name of an encoder that needs a device: a pattern without slashes. */
export const ENCODER_OF_DEVICE = `(^|_)(${ENCODER_DEVICES.join('|')})(_|$)`;

/** The sentence that refuses a number, behind the name of what it was given for. */
export const wholeNumberFrom = ({ least, most }: Range): string =>
  `must be a whole number from ${least} to ${most}`;

/**
 * What the native core fetches in advance of a file on a web server that offers no ranges, where the file's
 * index stands at its end.
 */
export const SPOOL_BYTES = 512 * 2 ** 20;
