/**
 * The lower level: the two ends of a ring, of which each call tries once. Every field of a frame's header
 * goes along, and a frame is done only when its reader says so.
 */
import { addon, type Handle } from '../addon.ts';
import { openEnd, ReadingEnd, WritingEnd } from './ring-end.ts';
import type {
  RingFormat,
  RingFrame,
  RingFrameHeader,
  RingReaderState,
  RingSeed,
  RingWriterState,
} from './shapes.ts';

/** Bits of RingFrameHeader.flags. */
export const FRAME_FLAG = { keyFrame: 1, discontinuity: 2, live: 4, delayed: 8 } as const;

const READER_CALLS = {
  open: addon.relayReaderOpen,
  take: addon.relayReaderTake,
  release: addon.relayReaderRelease,
  news: addon.relayReaderNews,
  close: addon.relayReaderClose,
};

const WRITER_CALLS = {
  open: addon.relayWriterOpen,
  put: addon.relayWriterPut,
  end: addon.relayWriterEnd,
  news: addon.relayWriterNews,
  close: addon.relayWriterClose,
};

/**
 * Takes frames out of a ring. `take()` also gives 'replaced': the ring goes on in another format, call
 * `follow()` (whatever was taken is done then).
 */
export class RingReader extends ReadingEnd<RingFrame | 'replaced'> {
  private constructor(handle: Handle) {
    super(READER_CALLS, handle);
  }

  /**
   * Waits for a producer to make the ring. Everything that is not done comes (again).
   * Errors: SourceTimeout, RingBusy, RingInvalid, Aborted.
   */
  static async attach(
    path: string,
    options: { openTimeoutMilliseconds?: number; signal?: AbortSignal } = {},
  ): Promise<RingReader> {
    return new RingReader(await openEnd(READER_CALLS, path, options));
  }

  /** The frame's pixels are not needed any more; it still is not done. */
  override release({ position, data }: Pick<RingFrame, 'position' | 'data'>): void {
    addon.detach([data]);
    super.release({ position });
  }

  /** Every frame below `position` is done: its slot is free. */
  done(position: number): void {
    addon.relayReaderDone(this.handle, position);
  }

  /** What is not done comes again. */
  rewind(): void {
    addon.relayReaderRewind(this.handle);
  }

  async follow(): Promise<void> {
    await addon.relayReaderFollow(this.handle);
  }

  /** null once closed. */
  state(): RingReaderState | null {
    return addon.relayReaderState(this.handle);
  }
}

export interface RingWriterOptions {
  format: RingFormat;
  capacityFrames: number;
  /** bytes that the frames may take, default 256 MiB: fewer frames wait rather than exceed it */
  maxBytes?: number;
  /** frames that the encoder may hold beyond the capacity */
  retainedFrames: number;
  /** ledger keys, in the order of the configuration */
  outputs: readonly string[];
  parameters?: string;
  /** for a new ring: behind which frame it begins */
  seed?: RingSeed;
  openTimeoutMilliseconds?: number;
  signal?: AbortSignal;
}

/** Puts frames into a ring. The end marker names how many sequences there were in all. */
export class RingWriter extends WritingEnd<
  [header: RingFrameHeader, data: Uint8Array],
  [sourceFrames: bigint]
> {
  private constructor(handle: Handle) {
    super(WRITER_CALLS, handle);
  }

  /**
   * Makes the ring, or goes on with it when it has the same format and options; any other is replaced
   * once the encoder has finished it. Errors: RingBusy, RingInvalid, RingPeerFailed (not finished in
   * time), FileNotWritable, Aborted.
   */
  static async open(path: string, options: RingWriterOptions): Promise<RingWriter> {
    return new RingWriter(await openEnd(WRITER_CALLS, path, options));
  }

  beginReplay(): void {
    addon.relayWriterReplay(this.handle);
  }

  /** Resolves when the encoder has moved on from what `state()` returned last, or the writer was closed. */
  override async news(): Promise<void> {
    addon.relayWriterWatch(this.handle);
    await super.news();
  }

  /** Header of the last frame in the ring; null before the first. */
  last(): RingFrameHeader | null {
    return addon.relayWriterLast(this.handle);
  }

  /** null once closed. */
  state(): RingWriterState | null {
    return addon.relayWriterState(this.handle);
  }
}
