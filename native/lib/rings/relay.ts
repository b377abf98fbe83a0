/**
 * The two ends of a frame ring for a process that carries frames to or from another machine: every field of a
 * frame's header goes along, and a frame is done only when the far side says so. For the frames of two
 * processes on one machine see queue.ts.
 */
import { abortable, addon, type Handle } from '../addon.ts';
import type {
  RelayFormat,
  RelayFrame,
  RelayHeader,
  RelayReaderState,
  RelayWriterState,
  RingSeed,
} from '../types.ts';
import { RingEnd } from './ring-end.ts';

/** Bits of RelayHeader.flags. */
export const RELAY_FLAG = { keyFrame: 1, discontinuity: 2 } as const;

export class RelayReader extends RingEnd {
  readonly #handle: Handle;

  private constructor(handle: Handle) {
    super(() => addon.relayReaderClose(handle));
    this.#handle = handle;
  }

  /**
   * Waits for a producer to make the ring. Everything that is not done comes (again).
   * Errors: SourceTimeout, RingBusy, RingInvalid, Aborted.
   */
  static async attach(
    path: string,
    options: { openTimeoutMilliseconds?: number; signal?: AbortSignal } = {},
  ): Promise<RelayReader> {
    const { signal, ...rest } = options;
    return new RelayReader(
      await abortable(signal, (abort) => addon.relayReaderOpen({ ...rest, path }, abort)),
    );
  }

  /**
   * The next frame; undefined: nothing yet, wait for `news()`; null: the end marker, everything before it was
   * taken; 'replaced': the ring goes on in another format, call `follow()` (whatever was taken is done then).
   */
  take(): RelayFrame | 'replaced' | null | undefined {
    return addon.relayReaderTake(this.#handle);
  }

  /** Resolves when `take()` may have more to say, or the reader was closed. */
  async news(): Promise<void> {
    await addon.relayReaderNews(this.#handle);
  }

  /** The frame's pixels are not needed any more; it still is not done. */
  release({ position, data }: Pick<RelayFrame, 'position' | 'data'>): void {
    addon.detach([data]);
    addon.relayReaderRelease(this.#handle, position);
  }

  /** Every frame below `position` is done: its slot is free. */
  done(position: number): void {
    addon.relayReaderDone(this.#handle, position);
  }

  /** What is not done comes again. */
  rewind(): void {
    addon.relayReaderRewind(this.#handle);
  }

  async follow(): Promise<void> {
    await addon.relayReaderFollow(this.#handle);
  }

  /** null once closed. */
  state(): RelayReaderState | null {
    return addon.relayReaderState(this.#handle);
  }
}

export interface RelayWriterOptions {
  format: RelayFormat;
  capacityFrames: number;
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

export class RelayWriter extends RingEnd {
  readonly #handle: Handle;

  private constructor(handle: Handle) {
    super(() => addon.relayWriterClose(handle));
    this.#handle = handle;
  }

  /**
   * Makes the ring, or goes on with it when it has the same format and options; any other is replaced
   * once the encoder has finished it. Errors: RingBusy, RingInvalid, RingPeerFailed (not finished in
   * time), FileNotWritable, Aborted.
   */
  static async open(path: string, options: RelayWriterOptions): Promise<RelayWriter> {
    const { signal, ...rest } = options;
    return new RelayWriter(
      await abortable(signal, (abort) => addon.relayWriterOpen({ ...rest, path }, abort)),
    );
  }

  /** Copies a frame in; false: no room, wait for `news()`. Errors: InvalidArgument, InvalidState. */
  put(header: RelayHeader, data: Uint8Array): boolean {
    return addon.relayWriterPut(this.#handle, header, data);
  }

  /** The end marker. `sourceFrames`: how many sequences there were in all. */
  end(sourceFrames: bigint): void {
    addon.relayWriterEnd(this.#handle, sourceFrames);
  }

  beginReplay(): void {
    addon.relayWriterReplay(this.#handle);
  }

  /** Resolves when the encoder has moved on from what `state()` returned last, or the writer was closed. */
  async news(): Promise<void> {
    addon.relayWriterWatch(this.#handle);
    await addon.relayWriterNews(this.#handle);
  }

  /** Header of the last frame in the ring; null before the first. */
  last(): RelayHeader | null {
    return addon.relayWriterLast(this.#handle);
  }

  /** null once closed. */
  state(): RelayWriterState | null {
    return addon.relayWriterState(this.#handle);
  }
}
