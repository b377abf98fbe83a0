import { addon, type Handle, type Listener } from './addon.ts';
import { invalidArgument } from './errors.ts';
import { toSource } from './source.ts';
import type {
  DecodeSessionOptions,
  DecodeSnapshot,
  EncodeSessionOptions,
  EncodeSnapshot,
  RingSnapshot,
  SessionEvent,
} from './types.ts';

function listener(onEvent: ((event: SessionEvent) => void) | undefined): Listener | undefined {
  if (onEvent === undefined) return undefined;
  if (typeof onEvent !== 'function') throw invalidArgument('onEvent: expected a function');
  return (kind, detail) => onEvent({ kind, detail });
}

/**
 * A source into the frame queue, on native threads: read, decode, scale, write to the ring. JavaScript starts
 * it, stops it and watches it. A session runs once.
 */
export class DecodeSession {
  readonly #handle: Handle;
  readonly #listener: Listener | undefined;
  #started = false;

  /** Checks the options; nothing is opened yet. `onEvent`: few events, at changes of state. */
  constructor(options: DecodeSessionOptions, onEvent?: (event: SessionEvent) => void) {
    this.#listener = listener(onEvent);
    const source = options?.source;
    this.#handle = addon.decodeCreate(
      source === undefined ? options : { ...options, source: toSource(source) },
    );
  }

  start(): void {
    addon.decodeStart(this.#handle, this.#listener);
    this.#started = true;
  }

  /** Stops at a frame boundary. The end marker is not written: a decoder that is started again goes on. */
  requestStop(): void {
    addon.decodeStop(this.#handle);
  }

  /** Ends every wait within 100 ms. */
  abort(): void {
    addon.decodeAbort(this.#handle);
  }

  /**
   * Resolves when the session has ended (end of the source, stop or abort); rejects with its permanent error.
   */
  async wait(): Promise<void> {
    await addon.decodeWait(this.#handle);
  }

  snapshot(): DecodeSnapshot {
    return addon.decodeSnapshot(this.#handle);
  }

  /** Aborts and waits for the threads. Never rejects. */
  async close(): Promise<void> {
    this.abort();
    if (this.#started) await this.wait().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * The frame queue to one or more outputs, on native threads: encode, wait for each unit's deadline, send.
 * A session runs once.
 */
export class EncodeSession {
  readonly #handle: Handle;
  readonly #listener: Listener | undefined;
  #started = false;

  /** Checks the options; nothing is opened yet. `onEvent`: few events, at changes of state. */
  constructor(options: EncodeSessionOptions, onEvent?: (event: SessionEvent) => void) {
    this.#listener = listener(onEvent);
    this.#handle = addon.encodeCreate(options);
  }

  start(): void {
    addon.encodeStart(this.#handle, this.#listener);
    this.#started = true;
  }

  /** Takes no further frame, sends what was taken on its deadlines, then closes the outputs. */
  requestStop(): void {
    addon.encodeStop(this.#handle);
  }

  /** Ends every wait within 100 ms. */
  abort(): void {
    addon.encodeAbort(this.#handle);
  }

  /** Resolves when the session has ended (end marker, stop or abort); rejects with its permanent error. */
  async wait(): Promise<void> {
    await addon.encodeWait(this.#handle);
  }

  snapshot(): EncodeSnapshot {
    return addon.encodeSnapshot(this.#handle);
  }

  /** Aborts and waits for the threads. Never rejects. */
  async close(): Promise<void> {
    this.abort();
    if (this.#started) await this.wait().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * What stands in a frame queue's header page, without taking part: cursors, counts, each output's ledger.
 * Works while both processes run and after both were killed. Throws SourceNotFound, RingInvalid.
 */
export function observeRing(path: string): RingSnapshot {
  const raw = addon.observeRing(path);
  return { ...raw, parameters: JSON.parse(raw.parameters || '{}') };
}
