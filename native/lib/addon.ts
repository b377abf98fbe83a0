/** The addon's functions. Internal: everything here is wrapped by the classes beside this file. */
import { createRequire } from 'node:module';
import { builtFiles } from './build-files.ts';
import { NativeError } from './errors.ts';
import type { RingFrame, RingFrameHeader, RingReaderState, RingWriterState } from './rings/shapes.ts';
import type {
  BuildInfo,
  DecodeSessionOptions,
  DecodeSnapshot,
  EncodeSessionOptions,
  EncodeSnapshot,
  QueueFormat,
  RingSnapshot,
  SourceDescriptor,
  SourceOptions,
} from './types.ts';

export interface Range {
  least: number;
  most: number;
}

/** An object that only the addon can read; its type tag is checked at every use. */
export type Handle = { readonly handle: unique symbol };
export type Listener = (kind: string, detail: string) => void;

export interface RawFrame {
  width: number;
  height: number;
  format: string;
  planes: { data: Uint8Array; stride: number }[];
  pts: number;
  index: number;
  keyFrame: boolean;
}

/** A frame that lies in the slot at `position` of a ring until that is released. */
export interface RawQueueFrame extends RawFrame {
  position: number;
  /** frames that a full queue dropped just before this one */
  skipped: number;
}

/** undefined = nothing yet, wait for news; null = the end */
export type RawNext<Taken = RawFrame> = Taken | null | undefined;
export type RawTarget =
  | { index: number; from?: 'frame' | 'gop' }
  | { seconds: number; from?: 'frame' | 'gop' };

export interface Addon {
  initialize(errorClass: typeof NativeError): void;
  setLogLevel(level: number, listener?: (level: number, line: string) => void): void;
  buildInfo(): BuildInfo;
  /** bounds of what may be asked for, from native/src/core/limits.h */
  limits(): Record<'side' | 'bitRate' | 'gopFrames' | 'bFrames' | 'threads', Range>;
  resolveEncoder(codec: string, encoder: string): string;
  redact(text: string): string;
  abortHandle(): Handle;
  abort(handle: Handle): void;
  probe(source: SourceOptions, abort?: Handle): Promise<SourceDescriptor>;
  observeRing(path: string): RingSnapshot & { parameters: string };
  detach(views: Uint8Array[]): void;

  decodeCreate(options: DecodeSessionOptions): Handle;
  decodeStart(session: Handle, listener?: Listener): void;
  decodeWait(session: Handle): Promise<void>;
  decodeSnapshot(session: Handle): DecodeSnapshot;
  decodeStop(session: Handle): void;
  decodeAbort(session: Handle): void;

  encodeCreate(options: EncodeSessionOptions): Handle;
  encodeStart(session: Handle, listener?: Listener): void;
  encodeWait(session: Handle): Promise<void>;
  encodeSnapshot(session: Handle): EncodeSnapshot;
  encodeStop(session: Handle): void;
  encodeAbort(session: Handle): void;

  pusherCreate(options: object): Handle;
  pusherStart(pusher: Handle, listener?: Listener): void;
  pusherPush(
    pusher: Handle,
    planes: Uint8Array[],
    strides: number[],
    ticks: number | undefined,
    paced: boolean,
  ): true | Promise<void>;
  pusherEnd(pusher: Handle): void;
  pusherLead(pusher: Handle): number;
  pusherWaitReference(pusher: Handle): number;
  pusherWait(pusher: Handle): Promise<void>;
  pusherSnapshot(pusher: Handle): EncodeSnapshot & { queueDepth: number };
  pusherStop(pusher: Handle): void;
  pusherAbort(pusher: Handle): void;

  readerOpen(options: object, abort?: Handle): Promise<Handle>;
  readerNext(reader: Handle): RawNext;
  readerNews(reader: Handle): Promise<void>;
  readerDescriptor(reader: Handle): SourceDescriptor;
  readerFormat(reader: Handle): QueueFormat;
  readerSeek(reader: Handle, target: RawTarget): void;
  readerClose(reader: Handle): void;

  writerOpen(options: object, abort?: Handle): Promise<Handle>;
  writerPut(
    writer: Handle,
    planes: Uint8Array[],
    strides: number[],
    ticks: number,
    index: number,
    keyFrame: boolean,
  ): boolean;
  writerEnd(writer: Handle): void;
  writerNews(writer: Handle): Promise<void>;
  writerClose(writer: Handle): Promise<void>;

  queueReaderOpen(options: object, abort?: Handle): Promise<Handle>;
  queueReaderTake(reader: Handle): RawNext<RawQueueFrame>;
  queueReaderRelease(reader: Handle, position: number): void;
  queueReaderParameters(reader: Handle): string;
  queueReaderFormat(reader: Handle): QueueFormat;
  queueReaderNews(reader: Handle): Promise<void>;
  queueReaderClose(reader: Handle): Promise<void>;

  relayReaderOpen(options: object, abort?: Handle): Promise<Handle>;
  relayReaderTake(reader: Handle): RawNext<RingFrame | 'replaced'>;
  relayReaderRelease(reader: Handle, position: number): void;
  relayReaderDone(reader: Handle, position: number): void;
  relayReaderRewind(reader: Handle): void;
  relayReaderFollow(reader: Handle): Promise<void>;
  relayReaderState(reader: Handle): RingReaderState | null;
  relayReaderNews(reader: Handle): Promise<void>;
  relayReaderClose(reader: Handle): Promise<void>;

  relayWriterOpen(options: object, abort?: Handle): Promise<Handle>;
  relayWriterPut(writer: Handle, header: RingFrameHeader, data: Uint8Array): boolean;
  relayWriterEnd(writer: Handle, sourceFrames: bigint): void;
  relayWriterReplay(writer: Handle): void;
  relayWriterWatch(writer: Handle): void;
  relayWriterLast(writer: Handle): RingFrameHeader | null;
  relayWriterState(writer: Handle): RingWriterState | null;
  relayWriterNews(writer: Handle): Promise<void>;
  relayWriterClose(writer: Handle): Promise<void>;
}

function load(): Addon {
  const loaded = firstThatLoads(builtFiles('videopush_native.node'));
  loaded.initialize(NativeError);
  return loaded;
}

/** A prebuilt addon loads where FFmpeg has the version that it was built against. */
function firstThatLoads(files: readonly string[]): Addon {
  const require = createRequire(import.meta.url);
  let cause: unknown;
  for (const file of files) {
    try {
      return require(file) as Addon;
    } catch (error) {
      cause ??= error;
    }
  }
  const why = cause instanceof Error ? `cannot be loaded: ${cause.message}` : 'has not been built';
  throw new NativeError(`the native addon ${why}`, {
    code: 'Internal',
    action: 'run `npm run setup` in a checkout, else `npm rebuild @videopush/native`',
    permanent: true,
  });
}

export const addon: Addon = load();

/** Hands `open` something to abort by and connects it to `signal` while it runs. */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  open: (abort?: Handle) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return open();
  const handle = addon.abortHandle();
  const abort = () => addon.abort(handle);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await open(handle);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
