/** What the worker needs of the native core, so that tests can stand in for it. */
import type {
  BuildInfo,
  DecodeSessionOptions,
  DecodeSnapshot,
  EncodeSessionOptions,
  EncodeSnapshot,
  RingSnapshot,
  SessionEvent,
} from '@videopush/native';

/** A decode or encode session. `wait` resolves at its end and rejects with its permanent error. */
export interface Session<Snapshot> {
  start(): void;
  /** Ends at a frame boundary; what was taken is sent on its deadlines. */
  requestStop(): void;
  /** Ends within 100 ms. */
  abort(): void;
  wait(): Promise<void>;
  snapshot(): Snapshot;
  close(): Promise<void>;
}

export type OnEvent = (event: SessionEvent) => void;

export interface NativeCore {
  decodeSession(options: DecodeSessionOptions, onEvent: OnEvent): Session<DecodeSnapshot>;
  encodeSession(options: EncodeSessionOptions, onEvent: OnEvent): Session<EncodeSnapshot>;
  /** The ring's cursors and ledgers, or a thrown NativeError while there is none. */
  observeRing(path: string): RingSnapshot;
  buildInfo(): BuildInfo;
  /** 0 errors, 1 also information, 2 also debugging; lines of FFmpeg's libraries. */
  setLogLevel(level: 0 | 1 | 2, onLine: (line: { level: string; message: string }) => void): void;
}
