/**
 * The shapes that cross between JavaScript and the native core. Units: seconds unless the name says
 * otherwise, bit rates in bits per second, sizes in pixels. Unknown is `null`, never 0.
 */

import type { RingSeed } from './rings/shapes.ts';

/** A rational number as text, "30000/1001" or "25". */
export type Rational = string;

export type FrameFormat = 'rgb24' | 'native';

export interface TestPattern {
  /** testsrc2 (default), smptehdbars, testsrc */
  pattern?: string;
  width?: number;
  height?: number;
  frameRate?: Rational;
  /** unset = endless */
  durationSeconds?: number;
}

export interface SourceOptions {
  /** path, file:, http(s)://, rtsp(s)://, rtmp(s)://, srt://; exactly one of uri and testPattern */
  uri?: string;
  testPattern?: TestPattern;
  /** credentials in memory; the files win when both are given */
  user?: string;
  password?: string;
  /**
   * files whose whole content (one trailing newline removed) is the user name / password; read at every open
   */
  userFile?: string;
  passwordFile?: string;
  /** of https and rtmps: a file of certificate authorities (PEM) to trust in place of the system's */
  caFile?: string;
  /** of https and rtmps: accepts every certificate; the log says so at each connection */
  insecureSkipVerify?: boolean;
  /** number of an MPEG program, of several in one transport stream */
  program?: number;
  /**
   * which video track: its ordinal from 0 (within the program), `id:N` or `id:0xN` (a PID, a track
   * number), or `lang:eng` (any code of ISO 639: `de`, `deu` and `ger` are the same)
   */
  videoTrack?: string;
  rtspTransport?: 'tcp' | 'udp';
  openTimeoutMilliseconds?: number;
  readTimeoutMilliseconds?: number;
  /** decoder threads, 0 or unset = automatic */
  threads?: number;
}

export interface ColorTags {
  range: string | null;
  primaries: string | null;
  transfer: string | null;
  matrix: string | null;
}

export interface AudioTrackDescriptor {
  codec: string;
  sampleRate: number;
  channels: number;
  bitRate: number | null;
}

export interface VideoTrackDescriptor {
  streamIndex: number;
  /** the container's own, a PID or a track number; null where it has none */
  id: number | null;
  language: string | null;
  codec: string;
  width: number;
  height: number;
  default: boolean;
  /** a cover or a thumbnail, which is never read */
  cover: boolean;
  /** MPEG programs that it belongs to */
  programs: number[];
}

/** What a source is, measured. Plain JSON: it crosses processes and pods. */
export interface SourceDescriptor {
  container: string;
  durationSeconds: number | null;
  startSeconds: number;
  seekable: boolean;
  live: boolean;
  finite: boolean;
  streamIndex: number;
  streamCount: number;
  video: {
    codec: string;
    profile: string | null;
    width: number;
    height: number;
    pixelFormat: string;
    frameRate: Rational | null;
    timeBase: Rational;
    variableFrameRate: boolean;
    /**
     * mean of the whole source; where frameCountExact is false by the file's size
     * and length, or as its header says
     */
    bitRate: number | null;
    /** longest distance between key frames, in frames */
    gopFrames: number | null;
    /** B-frame delay: frames that precede one in decode order and follow it in display order */
    reorderFrames: number;
    /** what its container or codec declares; single pictures may differ */
    interlaced: boolean;
    /** a display has to mirror the picture left to right before it turns it by `rotation` */
    mirrored: boolean;
    /** clockwise degrees: 0, 90, 180, 270 */
    rotation: number;
    sampleAspectRatio: Rational | null;
    color: ColorTags;
    frameCount: number | null;
    /** every packet was counted, so frameCount and bitRate are measured */
    frameCountExact: boolean;
  };
  /** every video track of a file or stream; streamIndex says which one is read */
  videos: VideoTrackDescriptor[];
  audio: AudioTrackDescriptor[];
  /**
   * What is changed in its pictures, in words, such as "turned by 90 degrees clockwise". `probe` lists what a
   * push with the default settings changes; a session or reader lists what it changes itself.
   */
  changes: string[];
}

export interface NativeErrorShape {
  /** stable name, see ErrorCode in native/src/core/error.h */
  code: string;
  message: string;
  /** what to do about it; '' when there is nothing to advise */
  action: string;
  permanent: boolean;
}

export type WhenFull = 'Block' | 'DropOldest' | 'DropNewest';
export type CatchUp = 'Rebase' | 'Burst' | 'Skip';
export type OnEnd = 'Complete' | 'Repeat' | 'Reconnect';

export interface RingOptions {
  /** file in a memory-backed folder */
  path: string;
  capacityFrames?: number;
  /**
   * bytes that the frames may take, 1 MiB to 64 GiB, default 256 MiB: fewer frames wait rather than
   * exceed it; a picture of which it holds fewer than 4 is refused
   */
  maxBytes?: number;
  whenFull?: WhenFull;
  /** ledger keys, in the order of the configuration */
  outputs: string[];
  /** what the consumer must know first; at most 16 KiB */
  parameters?: string;
  /** for a new ring: the frame behind which its decoder goes on */
  seed?: RingSeed;
}

/** How pictures are converted on the way to the encoder. */
export interface PictureOptions {
  width?: number;
  height?: number;
  /**
   * FFmpeg's name; unset = yuv420p, which every viewer can show. An odd size loses a line where the pixel
   * format needs an even one.
   */
  pixelFormat?: string;
  /**
   * Auto (default): pictures that are marked as interlaced. At a `frameRate` of at least 1.5 times the
   * source's each field becomes a picture.
   */
  deinterlace?: 'Auto' | 'Off' | 'Always';
  /** ToneMap (default) makes BT.709 of PQ, HLG and BT.2020, and needs an FFmpeg with zscale */
  hdr?: 'ToneMap' | 'Keep';
  /** scale to square pixels; default false: the size stays, and the stream names the shape of its pixels */
  squarePixels?: boolean;
  /** the colour behind transparent pixels, default "#000000" */
  background?: string;
  /** pixels to cut off at the sides of the upright picture, before it is scaled: even numbers */
  crop?: { left?: number; top?: number; right?: number; bottom?: number };
}

export interface DecodeSessionOptions extends PictureOptions {
  source: SourceOptions;
  /** set = constant rate: repeats and drops are counted */
  frameRate?: Rational;
  onEnd: OnEnd;
  ring: RingOptions;
  /** frames the encoder may hold back before its first packet */
  encoderDelayFrames?: number;
  latencyBudgetMilliseconds?: number;
}

export type RateControl = 'Capped' | 'Constant' | 'Quality';

export interface EncoderOptions {
  codec?: string;
  encoder?: string;
  width?: number;
  height?: number;
  frameRate?: Rational;
  /** what the encoder is fed, by FFmpeg's name; unset = yuv420p, or the nearest that the encoder takes */
  pixelFormat?: string;
  bitRate?: number;
  /**
   * What the encoder keeps to: the bit rate with at most one second of it ahead (Capped, the default),
   * exactly the bit rate with filler data (Constant), or the quality (Quality). All but Capped, and
   * maxBitRate and level, need libx264 or libx265.
   */
  rateControl?: RateControl;
  /** b/s over any second; default: bitRate, for Quality twice what the picture's size asks for */
  maxBitRate?: number;
  /** constant rate factor of Quality, from 1 (best) to 51; default: the encoder's own */
  quality?: number;
  /** by its name for the encoder, such as "high" */
  profile?: string;
  /** such as "4.1" */
  level?: string;
  gopFrames?: number;
  /** in seconds of media, whatever the frame rate does, where gopFrames is unset; unset = 2 */
  gopSeconds?: number;
  maxBFrames?: number;
  preset?: string;
  tune?: string;
  threads?: number;
  extra?: Record<string, string>;
}

export interface OutputOptions {
  name: string;
  url: string;
  /** the URL itself is a secret, such as one with a stream key: only its scheme and host are ever shown */
  urlSecret?: boolean;
  /** credentials in memory; the files win when both are given */
  user?: string;
  password?: string;
  userFile?: string;
  passwordFile?: string;
  /** of rtmps: a file of certificate authorities (PEM) to trust in place of the system's */
  caFile?: string;
  /** of rtmps: accepts every certificate; the log says so at each connection */
  insecureSkipVerify?: boolean;
  connectTimeoutMilliseconds?: number;
  responseTimeoutMilliseconds?: number;
  writeTimeoutMilliseconds?: number;
}

export interface EncodeSessionOptions {
  ringPath: string;
  encoder?: EncoderOptions;
  latencyBudgetMilliseconds?: number;
  catchUp?: CatchUp;
  outputs: OutputOptions[];
}

export interface HistogramSnapshot {
  /** upper limits, seconds */
  bounds: number[];
  /** not cumulative; bounds.length + 1 entries */
  buckets: number[];
  sum: number;
  count: number;
}

export interface LedgerTotals {
  /** what the server has acknowledged, over a connection on which it has accepted the publish */
  sent: number;
  repeated: number;
  bytes: number;
  /** `backlog`: a live source gave them before the first output was connected */
  dropped: { queueFull: number; late: number; decodeError: number; network: number; backlog: number };
  failed: { encode: number; output: number };
}

export interface OutputSnapshot {
  name: string;
  protocol: string;
  url: string;
  /**
   * of a file: all that the push has written, in order: the one that was named,
   * then `NAME-2.mkv` after a restart
   */
  files: string[];
  phase: 'Idle' | 'Connecting' | 'Connected' | 'Waiting' | 'Failed' | 'Closed';
  error: NativeErrorShape | null;
  connects: number;
  /** connections lost, and attempts that failed, since the first connection */
  reconnects: { refused: number; timeout: number; reset: number; protocol: number };
  /** connections that were given up for a new one by plan, before their timestamps ended */
  renewals: number;
  outageSeconds: number;
  ledger: LedgerTotals;
  keyFrames: number;
  late: number;
  lateness: HistogramSnapshot;
  intervalError: HistogramSnapshot;
  writeDuration: HistogramSnapshot;
  sendLeadSeconds: number;
  /** media time sent minus time elapsed since the first unit, rebases of the schedule included */
  totalLeadSeconds: number;
  leadSeconds: number;
  jitterSeconds: number;
  intervalSeconds: number;
  intervalSquaredSeconds: number;
  waitSeconds: number;
  rebases: { stall: number; resume: number; discontinuity: number; sourceClock: number };
  rebaseSeconds: number;
  /** written, and not acknowledged by the server */
  backlogBytes: number;
  /**
   * speed of a live source's clock against this machine's, positive where it is faster; null: the source is
   * not live, or was not watched for a minute
   */
  sourceClockPpm: number | null;
  /** time until the current unit is sent, negative when it is late; null: no unit waits */
  secondsUntilDue: number | null;
}

export interface EncodeSnapshot {
  running: boolean;
  /** the end marker was reached, everything was sent and the outputs are closed */
  ended: boolean;
  error: NativeErrorShape | null;
  sourceFrames: number;
  dequeued: number;
  encoded: number;
  resumes: number;
  /** what frames look like when they reach the encoder */
  format: QueueFormat | null;
  encoder: {
    encoder: string;
    bitRate: number;
    /**
     * distance of key frames, in frames where that was asked for, else in seconds of media; the other one
     * is null
     */
    gopFrames: number | null;
    gopSeconds: number | null;
    maxBFrames: number;
    threads: number;
    width: number;
    height: number;
    pixelFormat: string;
  } | null;
  encodeDuration: HistogramSnapshot;
  residence: HistogramSnapshot;
  latency: HistogramSnapshot;
  queue: QueueSnapshot | null;
  outputs: OutputSnapshot[];
}

export interface QueueSnapshot {
  depth: number;
  capacity: number;
  unacked: number;
  producerBlockedSeconds: number;
  consumerBlockedSeconds: number;
  sourceFrames: number;
  ended: boolean;
}

export interface DecodeSnapshot {
  phase: 'Opening' | 'Running' | 'Blocked' | 'Waiting' | 'Ended' | 'Failed';
  error: NativeErrorShape | null;
  descriptor: SourceDescriptor | null;
  demuxed: number;
  decoded: number;
  enqueued: number;
  dropped: { queueFull: number; decodeError: number };
  rateRepeats: number;
  rateDrops: number;
  /** timestamps that were corrected: jumps forward and backward, single outliers */
  discontinuities: { forward: number; backward: number; outlier: number };
  passes: number;
  reconnects: number;
  resumes: number;
  secondsSinceLastFrame: number | null;
  positionSeconds: number;
  decodeDuration: HistogramSnapshot;
  queue: QueueSnapshot | null;
}

export interface QueueFormat {
  width: number;
  height: number;
  pixelFormat: string;
  timeBase: Rational | null;
  frameRate: Rational | null;
  sampleAspectRatio: Rational | null;
  color: ColorTags;
}

/** A frame queue's header page: positions are cursors, see native/src/ring/layout.h. */
export interface RingSnapshot extends QueueSnapshot {
  format: QueueFormat;
  /** the producer's parameter record */
  parameters: unknown;
  generation: number;
  slots: number;
  published: number;
  taken: number;
  released: number;
  acked: number;
  rateRepeats: number;
  rateDrops: number;
  decodeErrors: number;
  producerResumes: number;
  consumerResumes: number;
  /** code of the producer's permanent error */
  producerError: string | null;
  outputs: { name: string; connects: number; ledger: LedgerTotals }[];
}

export interface BuildInfo {
  ffmpeg: string;
  avformat: string;
  avcodec: string;
  avutil: string;
  swscale: string;
  /** licence of the libavcodec build */
  license: string;
  napi: number;
}

/** State changes of a session; few per minute. Details are redacted. */
export interface SessionEvent {
  kind: string;
  detail: string;
}
