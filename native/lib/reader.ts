import { abortable, addon, type Handle, type RawTarget } from './addon.ts';
import { invalidArgument } from './errors.ts';
import { Frame } from './frame.ts';
import type { PushOptions } from './pusher.ts';
import { toSource } from './source.ts';
import type { FrameFormat, SourceDescriptor, SourceOptions } from './types.ts';

export interface ReadOptions {
  /**
   * 'rgb24' (default): packed, upright, as every screen shows it: deinterlaced, HDR as BT.709, transparent
   * pixels over black. 'native': planes in the decoder's own pixel format, upright.
   */
  format?: FrameFormat;
  /** scale to this size, pixels; one given keeps the shape of the picture */
  width?: number;
  height?: number;
  /** decoder threads, 0 = automatic (default) */
  threads?: number;
  /** frames decoded ahead, 1..256, default 8 */
  queueFrames?: number;
  /** ends the opening within 100 ms (code `Aborted`) */
  signal?: AbortSignal;
}

/** What a push has to know of the frames that a reader gives. */
export type PushedFrames = Pick<
  PushOptions,
  'width' | 'height' | 'inputFormat' | 'frameRate' | 'timeBase' | 'sampleAspectRatio'
>;

/** Stands for the frame rate of a source that announces none. */
const USUAL_FRAME_RATE = '25';

/**
 * Frames of a source, exactly once each, in display order. An own native thread decodes ahead into a
 * bounded queue; frames arrive without a copy. The reader is a cursor: everything that returns frames moves
 * it on to the frame after them.
 *
 * Indexes count from 0, times are seconds since the first frame. Access by index or time makes an
 * index of the source at its first use (one pass over the packets, nothing is decoded); it needs a
 * seekable source, else `NotSeekable`.
 */
export class FrameReader {
  /** the source, measured; its width and height are those before rotation and scaling */
  readonly descriptor: SourceDescriptor;
  /**
   * The frames as this reader gives them, upright and scaled: spread it into the options of a push. Its
   * time base is the source's, so that {@link FramePusher.push} keeps the frames' own times. A source
   * without a frame rate gets "25".
   */
  readonly pushOptions: PushedFrames;
  readonly #handle: Handle;
  /** read ahead of the caller to see where a GOP ends; null = the end */
  #peeked: Frame | null | undefined;

  private constructor(handle: Handle) {
    this.#handle = handle;
    this.descriptor = addon.readerDescriptor(handle);
    const { width, height, pixelFormat, frameRate, timeBase, sampleAspectRatio } = addon.readerFormat(handle);
    this.pushOptions = {
      width,
      height,
      inputFormat: pixelFormat,
      frameRate: frameRate ?? USUAL_FRAME_RATE,
      ...(timeBase === null ? {} : { timeBase }),
      ...(sampleAspectRatio === null ? {} : { sampleAspectRatio }),
    };
  }

  /**
   * Errors: UrlInvalid, SchemeUnsupported, SourceNotFound, SourceUnsupported, SourceEmpty,
   * SourceNoVideo, SourceTimeout, …
   */
  static async open(source: string | SourceOptions, options: ReadOptions = {}): Promise<FrameReader> {
    const { signal, threads, ...rest } = options;
    const prepared = toSource(source);
    if (threads !== undefined) prepared.threads = threads;
    const raw = { ...rest, source: prepared };
    return new FrameReader(await abortable(signal, (abort) => addon.readerOpen(raw, abort)));
  }

  /**
   * The next frame; null at the end of the source, as often as it is asked. A source that breaks
   * off or lies throws (SourceTruncated, SourceCorrupt, SourceTimeout, …) after the frames that
   * could be decoded, until a seek.
   */
  async next(): Promise<Frame | null> {
    const peeked = this.#peeked;
    this.#peeked = undefined;
    return peeked ?? this.#read();
  }

  /** Gives the frames from the cursor to the end. Leaving the loop keeps the reader open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void, undefined> {
    for (let frame = await this.next(); frame !== null; frame = await this.next()) yield frame;
  }

  /** The next frame will be the one with this index; beyond the last one: the end. */
  async seekToIndex(index: number): Promise<void> {
    await this.#seek({ index: wholeNumber('index', index) });
  }

  /** The next frame will be the one that is shown at this time. */
  async seekToTime(seconds: number): Promise<void> {
    await this.#seek({ seconds: notNegative('seconds', seconds) });
  }

  /**
   * The next frame will be the first of the GOP that this frame, or the frame shown at this time, belongs to.
   */
  async seekToGop(target: { index: number } | { seconds: number }): Promise<void> {
    if ('index' in target) await this.#seek({ index: wholeNumber('index', target.index), from: 'gop' });
    else await this.#seek({ seconds: notNegative('seconds', target.seconds), from: 'gop' });
  }

  /** `count` frames from `index` on; fewer only where the source ends. */
  async frames(index: number, count = 1): Promise<Frame[]> {
    const frames = wholeNumber('count', count);
    await this.seekToIndex(index);
    return this.#take(frames);
  }

  /**
   * The frame that is shown at this time and those after it, `count` in all;
   * fewer only where the source ends.
   */
  async framesAtTime(seconds: number, count = 1): Promise<Frame[]> {
    const frames = wholeNumber('count', count);
    await this.seekToTime(seconds);
    return this.#take(frames);
  }

  /**
   * Exactly one GOP as a stream: from the cursor up to, without, the next key frame; with `index`, the whole
   * GOP that this frame belongs to. However long the GOP, only the frames decoded ahead are in memory. Empty
   * at the end of the source. Leaving the loop early leaves the cursor within the GOP.
   */
  async *gop(index?: number): AsyncGenerator<Frame, void, undefined> {
    if (index !== undefined) await this.seekToGop({ index });
    let frame = await this.next();
    while (frame !== null) {
      yield frame;
      frame = await this.next();
      if (frame?.gopStart) {
        this.#peeked = frame;
        return;
      }
    }
  }

  /** Ends the native thread within 100 ms. Frames that were given stay valid. May be called again. */
  async close(): Promise<void> {
    this.#peeked?.release();
    this.#peeked = undefined;
    addon.readerClose(this.#handle);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #read(): Promise<Frame | null> {
    for (;;) {
      const raw = addon.readerNext(this.#handle);
      if (raw === null) return null;
      if (raw !== undefined) return new Frame(raw);
      await addon.readerNews(this.#handle);
    }
  }

  async #seek(target: RawTarget): Promise<void> {
    this.#peeked?.release();
    this.#peeked = undefined;
    addon.readerSeek(this.#handle, target);
    this.#peeked = await this.#read(); // so that a seek that can't be made says so here
  }

  async #take(count: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    while (frames.length < count) {
      const frame = await this.next();
      if (frame === null) break;
      frames.push(frame);
    }
    return frames;
  }
}

function wholeNumber(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw invalidArgument(`${name}: must be a whole number of at least 0`);
  return value;
}

function notNegative(name: string, value: number): number {
  if (!(Number.isFinite(value) && value >= 0))
    throw invalidArgument(`${name}: must be a number of at least 0`);
  return value;
}
