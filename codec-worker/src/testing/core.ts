/** A native core that a test drives by hand: sessions open, run and end as it says. */
import { EventEmitter, once } from 'node:events';
import type { DecodeSnapshot, EncodeSnapshot } from '@videopush/native';
import type { NativeCore, OnEvent, Session } from '../native-core.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshots.ts';

export class FakeSession<Snapshot> implements Session<Snapshot> {
  readonly calls: string[] = [];
  readonly onEvent: OnEvent;
  readonly options: unknown;
  state: Snapshot;
  readonly #end = Promise.withResolvers<void>();

  constructor(state: Snapshot, options: unknown, onEvent: OnEvent = () => {}) {
    this.state = state;
    this.options = options;
    this.onEvent = onEvent;
    this.#end.promise.catch(() => {}); // nobody may be waiting when it fails
  }

  start(): void {
    this.calls.push('start');
  }

  requestStop(): void {
    this.calls.push('requestStop');
  }

  abort(): void {
    this.calls.push('abort');
  }

  wait(): Promise<void> {
    return this.#end.promise;
  }

  snapshot(): Snapshot {
    return this.state;
  }

  async close(): Promise<void> {
    this.calls.push('close');
  }

  /** Ends the session: in `state`, with an error or without. */
  end(state: Snapshot, error?: unknown): void {
    this.state = state;
    if (error === undefined) this.#end.resolve();
    else this.#end.reject(error);
  }
}

/** Opens FakeSessions; `next()` waits for the one after the last that was asked for. */
export class FakeCore implements NativeCore {
  readonly opened: (FakeSession<DecodeSnapshot> | FakeSession<EncodeSnapshot>)[] = [];
  readonly #events = new EventEmitter();
  #seen = 0;

  decodeSession(options: object, onEvent: OnEvent): FakeSession<DecodeSnapshot> {
    return this.#add(new FakeSession(decodeSnapshot(), options, onEvent));
  }

  encodeSession(options: object, onEvent: OnEvent): FakeSession<EncodeSnapshot> {
    return this.#add(new FakeSession(encodeSnapshot(), options, onEvent));
  }

  observeRing(): never {
    throw new Error('there is none');
  }

  buildInfo() {
    const library = '1.2.3';
    return {
      ffmpeg: '7.1',
      avformat: library,
      avcodec: library,
      avutil: library,
      swscale: library,
      license: 'GPL',
      napi: 9,
    };
  }

  /** Says a line of the core's log. */
  say: (line: { level: string; message: string }) => void = () => {};

  setLogLevel(_: number, onLine: FakeCore['say']): void {
    this.say = onLine;
  }

  async next<S>(): Promise<FakeSession<S>> {
    while (this.opened.length <= this.#seen) await once(this.#events, 'opened');
    this.#seen += 1;
    return this.opened[this.#seen - 1] as unknown as FakeSession<S>;
  }

  #add<T extends FakeSession<DecodeSnapshot> | FakeSession<EncodeSnapshot>>(session: T): T {
    this.opened.push(session);
    this.#events.emit('opened');
    return session;
  }
}
