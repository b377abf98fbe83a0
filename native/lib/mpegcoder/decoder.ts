import { inspect } from 'node:util';
import { invalidArgument, invalidState } from '../errors.ts';
import type { Frame } from '../frame.ts';
import { redact } from '../log.ts';
import { FrameReader } from '../reader.ts';
import { type ConfigDict, describe } from './parameters.ts';
import { RgbFrames } from './rgb-frames.ts';

export interface DecoderParameters {
  /** both: scale the frames to this size, pixels */
  widthDst?: number;
  heightDst?: number;
  /** decoder threads, 0 = automatic */
  nthread?: number;
}

/** Frames decoded ahead: a few keep the caller supplied, and RGB24 takes much memory. */
const FRAMES_AHEAD = 4;

type GopTarget = { index: number } | { seconds: number };

/**
 * A file or URL as packed RGB24 frames, in the shape of mpegCoder's class of this name. What
 * differs from mpegCoder 3.2: docs/mpegcoder.md. Methods that work are asynchronous; failures are
 * rejections with a NativeError.
 */
export class MpegDecoder {
  #videoPath: string;
  #parameters: Required<DecoderParameters> = { widthDst: 0, heightDst: 0, nthread: 0 };
  #reader: FrameReader | undefined;
  #frameCount = 0;
  /** where the next GOP begins when the reader does not stand there already */
  #gopTarget: GopTarget | undefined;
  /** index of the frame after the last one of a GOP that was given */
  #gopCursor = 0;

  /** Remembers the path; call FFmpegSetup to open it. */
  constructor(videoPath = '') {
    this.#videoPath = checkPath(videoPath);
  }

  /**
   * Opens the source and measures it. Resolves to true; rejects with the reason. A source
   * that was open is closed first.
   */
  async FFmpegSetup(videoPath?: string): Promise<true> {
    if (videoPath !== undefined) this.resetPath(videoPath);
    if (this.#videoPath === '') throw invalidArgument('videoPath: no path or URL was given');
    await this.#close();
    const { widthDst, heightDst, nthread } = this.#parameters;
    const scaled = widthDst > 0 && heightDst > 0;
    this.#reader = await FrameReader.open(this.#videoPath, {
      threads: nthread,
      queueFrames: FRAMES_AHEAD,
      ...(scaled ? { width: widthDst, height: heightDst } : {}),
    });
    return true;
  }

  resetPath(videoPath: string): void {
    this.#videoPath = checkPath(videoPath);
  }

  /** Takes effect at the next FFmpegSetup. */
  setParameter(parameters: DecoderParameters): void {
    for (const [name, value] of Object.entries(parameters ?? {})) {
      if (!(name in this.#parameters)) throw invalidArgument(`${name}: unknown parameter of MpegDecoder`);
      if (value === undefined) continue;
      if (!Number.isSafeInteger(value) || value < 0)
        throw invalidArgument(`${name}: must be a whole number of at least 0`);
      this.#parameters[name as keyof DecoderParameters] = value;
    }
  }

  /**
   * Without a name: the configuration dictionary, plain JSON. With one: its
   * value, or null when it is unknown.
   */
  getParameter(): ConfigDict;
  getParameter(paramName: string): string | number | readonly number[] | null;
  getParameter(paramName?: string): ConfigDict | string | number | readonly number[] | null {
    if (paramName === undefined) return this.#describe();
    const source = this.#reader?.descriptor;
    const rate = this.#rate();
    const duration = source?.durationSeconds ?? null;
    const values: Record<string, string | number | readonly number[] | null | undefined> = {
      ...this.#describe(),
      coderName: source?.video.codec,
      duration,
      estFrameNum:
        source?.video.frameCount ?? (duration !== null && rate !== null ? Math.round(duration * rate) : null),
      avgFrameRate: rate,
      frameCount: this.#frameCount,
      ...this.#parameters,
    };
    return (Object.hasOwn(values, paramName) ? values[paramName] : null) ?? null;
  }

  /** `frameNum` frames from index `framePos` on; fewer where the source ends, null when there is none. */
  async ExtractFrame(framePos = 0, frameNum = 1): Promise<RgbFrames | null> {
    return this.#extract(() => this.#open().frames(framePos, frameNum));
  }

  /** The same from the frame that is shown at `timePos` seconds after the first one. */
  async ExtractFrameByTime(timePos = 0, frameNum = 1): Promise<RgbFrames | null> {
    return this.#extract(() => this.#open().framesAtTime(timePos, frameNum));
  }

  /**
   * Exactly the next GOP, or the one that frame `framePos` belongs to; null at the end of the source. All its
   * frames are in memory at once: StreamGOP gives them one by one.
   */
  async ExtractGOP(framePos = -1): Promise<RgbFrames | null> {
    return this.#collect(this.StreamGOP(framePos));
  }

  /** The GOP that is shown at `timePos` seconds after the first frame; below 0: the next one. */
  async ExtractGOPByTime(timePos = -1): Promise<RgbFrames | null> {
    if (timePos >= 0) this.#gopTarget = { seconds: timePos };
    return this.#collect(this.StreamGOP());
  }

  /**
   * ExtractGOP as a stream: memory does not grow with the length of the GOP. Empty at the end of the source.
   */
  async *StreamGOP(framePos = -1): AsyncGenerator<Frame, void, undefined> {
    const reader = this.#open();
    if (framePos >= 0) this.#gopTarget = { index: framePos };
    const target = this.#gopTarget;
    this.#gopTarget = undefined;
    if (target) await reader.seekToGop(target);
    for await (const frame of reader.gop()) {
      this.#gopCursor = frame.index + 1;
      yield frame;
    }
  }

  /**
   * Frame after frame from the next GOP on to the end of the source, one in memory
   * at a time once it is released.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void, undefined> {
    let given: boolean;
    do {
      given = false;
      for await (const frame of this.StreamGOP()) {
        given = true;
        yield frame;
      }
    } while (given);
  }

  /**
   * The next ExtractGOP begins with the GOP of this frame, or of this time in seconds (`framePos` wins);
   * without either, with the first.
   */
  ResetGOPPosition(framePos = -1, timePos = -1): void {
    this.#open();
    this.#gopTarget = framePos < 0 && timePos >= 0 ? { seconds: timePos } : { index: Math.max(framePos, 0) };
  }

  /** Prints the status report. */
  dumpFile(): void {
    process.stdout.write(`${this}\n`);
  }

  /** Closes the source and forgets everything but the path. */
  async clear(): Promise<void> {
    this.#parameters = { widthDst: 0, heightDst: 0, nthread: 0 };
    await this.#close();
  }

  toString(): string {
    const source = this.#reader?.descriptor;
    const lines = [`MpegDecoder: ${redact(this.#videoPath) || '(no path)'}`];
    if (!source) return [...lines, '  not set up'].join('\n');
    const { video } = source;
    const unknown = 'unknown';
    const estimated = video.frameCountExact ? '' : ' (estimated)';
    lines.push(
      `  container   ${source.container}, ${source.durationSeconds?.toFixed(3) ?? unknown} s, stream ${source.streamIndex} of ${source.streamCount}`,
      `  video       ${video.codec} ${video.width}x${video.height} ${video.pixelFormat}, ${video.frameRate ?? unknown} fps`,
      `  bit rate    ${video.bitRate === null ? unknown : `${video.bitRate} b/s${estimated}`}`,
      `  GOP         ${video.gopFrames ?? unknown} frames, B-frame delay ${video.reorderFrames}`,
      `  frames      ${video.frameCount === null ? unknown : `${video.frameCount}${estimated}`}`,
      `  threads     ${this.#parameters.nthread || 'automatic'}`,
    );
    const { widthDst, heightDst } = this.#parameters;
    if (widthDst && heightDst) lines.push(`  scaled to   ${widthDst}x${heightDst}`);
    return lines.join('\n');
  }

  [inspect.custom](): string {
    return this.toString();
  }

  #open(): FrameReader {
    if (!this.#reader) throw invalidState('the decoder is not set up', 'call FFmpegSetup first');
    return this.#reader;
  }

  #describe(): ConfigDict {
    const { nthread, widthDst, heightDst } = this.#parameters;
    const path = redact(this.#videoPath);
    const source = this.#reader?.descriptor;
    return source ? describe(path, source, nthread, widthDst, heightDst) : { videoPath: path, nthread };
  }

  #rate(): number | null {
    const [numerator, denominator = '1'] = (this.#reader?.descriptor.video.frameRate ?? '').split('/');
    return numerator ? Number(numerator) / Number(denominator) : null;
  }

  /** Access by index or time leaves the GOP position where it is: the next ExtractGOP goes back there. */
  async #extract(read: () => Promise<Frame[]>): Promise<RgbFrames | null> {
    this.#gopTarget ??= { index: this.#gopCursor };
    return this.#array(await read());
  }

  async #collect(stream: AsyncIterable<Frame>): Promise<RgbFrames | null> {
    const frames: Frame[] = [];
    for await (const frame of stream) frames.push(frame);
    return this.#array(frames);
  }

  #array(frames: Frame[]): RgbFrames | null {
    this.#frameCount = frames.length;
    return frames.length > 0 ? new RgbFrames(frames as [Frame, ...Frame[]]) : null;
  }

  async #close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#gopTarget = undefined;
    this.#gopCursor = 0;
    this.#frameCount = 0;
    await reader?.close();
  }
}

function checkPath(videoPath: unknown): string {
  if (typeof videoPath !== 'string') throw invalidArgument('videoPath: expected a string');
  return videoPath;
}
