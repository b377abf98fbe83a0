/**
 * The upper level: pictures from one process to another on the same machine. It waits where an end of a ring
 * only tries, and keeps account of the frames that the caller has not released.
 */
import { addon, type Handle, type RawQueueFrame } from '../addon.ts';
import { invalidArgument } from '../errors.ts';
import { Frame, type FrameLike, type FrameShape, toPlanes } from '../frame.ts';
import type { WhenFull } from '../types.ts';
import { openEnd, ReadingEnd, WritingEnd } from './ring-end.ts';

const WRITER_CALLS = {
  open: addon.writerOpen,
  put: addon.writerPut,
  end: addon.writerEnd,
  news: addon.writerNews,
  close: addon.writerClose,
};

const READER_CALLS = {
  open: addon.queueReaderOpen,
  take: addon.queueReaderTake,
  release: addon.queueReaderRelease,
  news: addon.queueReaderNews,
  close: addon.queueReaderClose,
};

export interface QueueOptions {
  /** frames in the queue, default 20 */
  capacityFrames?: number;
  /** bytes that the frames may take, default 256 MiB: fewer frames wait rather than exceed it */
  maxBytes?: number;
  /** further frames that a reader may hold un-released, default 8 */
  heldFrames?: number;
  width: number;
  height: number;
  /** rgb24 (default) or FFmpeg's name of a pixel format */
  format?: string;
  /** what the reader must know first; plain JSON, at most 16 KiB */
  parameters?: object;
  /** default Block: put() waits */
  whenFull?: WhenFull;
  /** how long a silent reader is waited for before put() fails with RingPeerFailed, default 5000 */
  peerTimeoutMilliseconds?: number;
  signal?: AbortSignal;
}

export interface PutOptions {
  ptsSeconds?: number;
  index?: number;
  keyFrame?: boolean;
}

/** A picture as the addon takes it. */
type RawPicture = [planes: Uint8Array[], strides: number[], ticks: number, index: number, keyFrame: boolean];

/**
 * The writing end of a frame queue between two processes: a ring in a memory-backed file. Pixels are copied
 * once, into the ring, and never serialised. One writer, one reader.
 */
export class FrameQueueWriter {
  readonly #ring: WritingEnd<RawPicture>;
  readonly #shape: FrameShape;
  #next = 0;

  private constructor(handle: Handle, shape: FrameShape) {
    this.#ring = new WritingEnd(WRITER_CALLS, handle);
    this.#shape = shape;
  }

  /**
   * `path`: a file in a memory-backed folder such as /dev/shm. Errors: FileNotWritable, RingBusy
   * (another writer has it), RingInvalid.
   */
  static async create(path: string, options: QueueOptions): Promise<FrameQueueWriter> {
    const { parameters = {} } = options;
    if (typeof parameters !== 'object' || parameters === null)
      throw invalidArgument('parameters: expected an object');
    const raw = { ...options, parameters: JSON.stringify(parameters) };
    const handle = await openEnd(WRITER_CALLS, path, raw);
    const { width, height, format = 'rgb24' } = options;
    return new FrameQueueWriter(handle, { width, height, format });
  }

  /**
   * Copies a frame in; resolves when that is done. Waits while the queue is full. Time, index and
   * key-frame flag are taken from a {@link Frame} unless given. Errors: InvalidArgument, InvalidState
   * (closed, ended), RingPeerFailed.
   */
  async put(frame: FrameLike, options: PutOptions = {}): Promise<void> {
    const { planes, strides } = toPlanes(frame, this.#shape);
    const from = frame instanceof Frame ? frame : undefined;
    const ticks = Math.round((options.ptsSeconds ?? from?.pts ?? 0) * 1e6);
    const index = options.index ?? from?.index ?? this.#next;
    const key = options.keyFrame ?? from?.keyFrame ?? false;
    while (!this.#ring.put(planes, strides, ticks, index, key)) await this.#ring.news();
    this.#next = index + 1;
  }

  /**
   * The end marker: the reader gets null after the last frame. A close without it
   * looks like a death to the reader.
   */
  async end(): Promise<void> {
    this.#ring.end();
  }

  /** Resolves when the queue was given up, so that another writer may have it. May be called again. */
  async close(): Promise<void> {
    await this.#ring.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A frame that lies in the queue's own memory: release it soon, its slot is needed again. */
export type QueueFrame = Frame & {
  /** frames that a full queue dropped just before this one */
  readonly skipped: number;
};

export interface AttachOptions {
  /** how long to wait for a writer to make the queue, default 10000 */
  openTimeoutMilliseconds?: number;
  /** how long a silent writer is waited for before take() fails with RingPeerFailed, default 5000 */
  peerTimeoutMilliseconds?: number;
  signal?: AbortSignal;
}

/**
 * The reading end; see {@link FrameQueueWriter}. Frames not released when the process dies are
 * delivered again to the next reader.
 */
export class FrameQueueReader {
  /** what the writer passed as `parameters` */
  readonly parameters: unknown;
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly #ring: ReadingEnd<RawQueueFrame>;
  readonly #held = new Set<Frame>();

  private constructor(handle: Handle) {
    this.#ring = new ReadingEnd(READER_CALLS, handle);
    this.parameters = JSON.parse(addon.queueReaderParameters(handle));
    const { width, height, pixelFormat } = addon.queueReaderFormat(handle);
    this.width = width;
    this.height = height;
    this.format = pixelFormat;
  }

  /**
   * Errors: SourceTimeout (no writer made the queue in time), RingBusy (another reader has it), RingInvalid.
   */
  static async attach(path: string, options: AttachOptions = {}): Promise<FrameQueueReader> {
    return new FrameQueueReader(await openEnd(READER_CALLS, path, options));
  }

  /**
   * The next frame, as views of the queue's memory; null after the end marker, as often as it is asked.
   * Errors: InvalidState (closed), RingPeerFailed.
   */
  async take(): Promise<QueueFrame | null> {
    let raw = this.#ring.take();
    while (raw === undefined) {
      await this.#ring.news();
      raw = this.#ring.take();
    }
    return raw && this.#lend(raw);
  }

  /** Takes until the end marker; each frame is released when the loop asks for the next one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<QueueFrame, void, undefined> {
    for (let frame = await this.take(); frame !== null; frame = await this.take()) {
      try {
        yield frame;
      } finally {
        frame.release();
      }
    }
  }

  /**
   * Releases what is held and gives the queue up, so that another reader may have it once this resolves.
   * May be called again.
   */
  async close(): Promise<void> {
    for (const frame of [...this.#held]) frame.release();
    await this.#ring.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #lend(raw: RawQueueFrame): QueueFrame {
    const frame = new Frame(raw, () => {
      this.#held.delete(frame);
      this.#ring.release(raw);
    });
    this.#held.add(frame);
    return Object.assign(frame, { skipped: raw.skipped });
  }
}
