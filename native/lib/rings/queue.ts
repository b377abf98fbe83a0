import { abortable, addon, type Handle } from '../addon.ts';
import { invalidArgument } from '../errors.ts';
import { Frame, type FrameLike, type FrameShape, toPlanes } from '../frame.ts';
import type { WhenFull } from '../types.ts';
import { RingEnd } from './ring-end.ts';

export interface QueueOptions {
  /** frames in the queue, default 20 */
  capacityFrames?: number;
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

/**
 * The writing end of a frame queue between two processes: a ring in a memory-backed file. Pixels are copied
 * once, into the ring, and never serialised. One writer, one reader.
 */
export class FrameQueueWriter extends RingEnd {
  readonly #handle: Handle;
  readonly #shape: FrameShape;
  #next = 0;

  private constructor(handle: Handle, shape: FrameShape) {
    super(() => addon.writerClose(handle));
    this.#handle = handle;
    this.#shape = shape;
  }

  /**
   * `path`: a file in a memory-backed folder such as /dev/shm. Errors: FileNotWritable, RingBusy
   * (another writer has it), RingInvalid.
   */
  static async create(path: string, options: QueueOptions): Promise<FrameQueueWriter> {
    const { signal, parameters = {}, ...rest } = options;
    if (typeof parameters !== 'object' || parameters === null)
      throw invalidArgument('parameters: expected an object');
    const raw = { ...rest, path, parameters: JSON.stringify(parameters) };
    const handle = await abortable(signal, (abort) => addon.writerOpen(raw, abort));
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
    while (!addon.writerPut(this.#handle, planes, strides, ticks, index, key)) {
      await addon.writerNews(this.#handle);
    }
    this.#next = index + 1;
  }

  /**
   * The end marker: the reader gets null after the last frame. A close without it
   * looks like a death to the reader.
   */
  async end(): Promise<void> {
    addon.writerEnd(this.#handle);
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
export class FrameQueueReader extends RingEnd {
  /** what the writer passed as `parameters` */
  readonly parameters: unknown;
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly #handle: Handle;
  readonly #held = new Set<Frame>();

  private constructor(handle: Handle) {
    super(() => addon.queueReaderClose(handle));
    this.#handle = handle;
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
    const { signal, ...rest } = options;
    return new FrameQueueReader(
      await abortable(signal, (abort) => addon.queueReaderOpen({ ...rest, path }, abort)),
    );
  }

  /**
   * The next frame, as views of the queue's memory; null after the end marker, as often as it is asked.
   * Errors: InvalidState (closed), RingPeerFailed.
   */
  async take(): Promise<QueueFrame | null> {
    for (;;) {
      const raw = addon.queueReaderTake(this.#handle);
      if (raw === null) return null;
      if (raw === undefined) {
        await addon.queueReaderNews(this.#handle);
        continue;
      }
      const position = raw.position as number;
      const frame = new Frame(raw, () => {
        this.#held.delete(frame);
        addon.queueReaderRelease(this.#handle, position);
      });
      this.#held.add(frame);
      return Object.assign(frame, { skipped: raw.skipped ?? 0 });
    }
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
  override async close(): Promise<void> {
    for (const frame of [...this.#held]) frame.release();
    await super.close();
  }
}
