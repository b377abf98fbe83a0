import { abortable, type Handle } from '../addon.ts';

/** The addon's functions for one kind of end. */
export interface EndCalls {
  open(options: object, abort?: Handle): Promise<Handle>;
  news(end: Handle): Promise<void>;
  close(end: Handle): Promise<void>;
}

export interface ReadingCalls<Taken> extends EndCalls {
  take(end: Handle): Taken | null | undefined;
  release(end: Handle, position: number): void;
}

export interface WritingCalls<Given extends unknown[], Total extends unknown[]> extends EndCalls {
  put(end: Handle, ...frame: Given): boolean;
  end(end: Handle, ...total: Total): void;
}

/**
 * An end of a ring never waits for the other process: it tries, and a native thread waits in its place until
 * another try is worth while.
 */
abstract class RingEnd<Calls extends EndCalls> {
  protected readonly calls: Calls;
  protected readonly handle: Handle;

  constructor(calls: Calls, handle: Handle) {
    this.calls = calls;
    this.handle = handle;
  }

  /** Resolves when another try may give more, or this end was closed. */
  async news(): Promise<void> {
    await this.calls.news(this.handle);
  }

  /**
   * Resolves when the ring was given up, so that another process may have this end of it.
   * May be called again.
   */
  async close(): Promise<void> {
    await this.calls.close(this.handle);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The end that takes frames of the kind `Taken` out of a ring. */
export class ReadingEnd<Taken> extends RingEnd<ReadingCalls<Taken>> {
  /** The next frame; undefined: nothing yet, wait for `news()`; null: the end marker, all was taken. */
  take(): Taken | null | undefined {
    return this.calls.take(this.handle);
  }

  /** The frame's pixels are not needed any more. */
  release({ position }: { position: number }): void {
    this.calls.release(this.handle, position);
  }
}

/** The end that copies frames into a ring; `Given` is what describes a frame, `Total` what the end marker. */
export class WritingEnd<Given extends unknown[], Total extends unknown[] = []> extends RingEnd<
  WritingCalls<Given, Total>
> {
  /** Copies a frame in; false: no room, wait for `news()`. Errors: InvalidArgument, InvalidState. */
  put(...frame: Given): boolean {
    return this.calls.put(this.handle, ...frame);
  }

  /** The end marker. */
  end(...total: Total): void {
    this.calls.end(this.handle, ...total);
  }
}

/** Opens an end by its kind's `open`; an abort of `signal` ends the wait for the other process. */
export async function openEnd(
  { open }: EndCalls,
  path: string,
  { signal, ...options }: { signal?: AbortSignal },
): Promise<Handle> {
  return await abortable(signal, (abort) => open({ ...options, path }, abort));
}
