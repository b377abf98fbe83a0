/** Keeps one session of the native core going: opened, watched, opened again, stopped. */
import { setTimeout as delay } from 'node:timers/promises';
import type { NativeErrorShape } from '@videopush/native';
import { errorShape } from './errors.ts';
import { filesChanged } from './file-changes.ts';
import type { Session } from './native-core.ts';

export interface SessionSupervisorOptions<Snapshot> {
  open: () => Session<Snapshot>;
  /** Everything is done: no further session is opened. */
  done: (snapshot: Snapshot) => boolean;
  /** Mounted files whose change may clear a permanent error. */
  files: readonly string[];
  /**
   * Files that are read only on opening, and whether a running session of this state would gain by a new one.
   */
  renewal?: { files: readonly string[]; applies: (snapshot: Snapshot) => boolean };
  onFault: (fault: NativeErrorShape) => void;
  /** Milliseconds. */
  times?: Partial<typeof TIMES>;
}

const TIMES = {
  /** Interval at which the mounted files are polled. */
  poll: 1000,
  /** Delay before a session that failed for a transient reason is opened again; doubles up to `retryMax`. */
  retryFirst: 250,
  retryMax: 5000,
  /**
   * A permanent error is tried again this late even when no file changed: the other side may have been fixed.
   */
  retryPermanent: 60_000,
};

export class SessionSupervisor<Snapshot> {
  readonly #options: SessionSupervisorOptions<Snapshot>;
  readonly #times: typeof TIMES;
  readonly #stop = new AbortController();
  #session: Session<Snapshot> | null = null;
  #last: Snapshot | null = null;
  #fault: NativeErrorShape | null = null;

  constructor(options: SessionSupervisorOptions<Snapshot>) {
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
  }

  /** Why there is no session at the moment, or null. */
  get fault(): NativeErrorShape | null {
    return this.#fault;
  }

  /** Snapshot of the session, or of the last one; null before the first. */
  snapshot(): Snapshot | null {
    if (this.#session) this.#last = this.#session.snapshot();
    return this.#last;
  }

  /** Asks for an orderly end; call it once. */
  requestStop(): void {
    this.#stop.abort();
    this.#session?.requestStop();
  }

  /** Ends within 100 ms. */
  abort(): void {
    this.#stop.abort();
    this.#session?.abort();
  }

  /** Runs until everything is done or a stop was asked for. Resolves with whether everything is done. */
  async run(): Promise<boolean> {
    let wait = this.#times.retryFirst;
    while (!this.#stop.signal.aborted) {
      const fault = await this.#runOnce();
      if (this.#last !== null && this.#options.done(this.#last)) return true;
      if (this.#stop.signal.aborted) break;
      this.#fault = fault;
      this.#options.onFault(fault);
      await this.#pause(fault.permanent ? this.#times.retryPermanent : wait, fault.permanent);
      wait = fault.permanent ? this.#times.retryFirst : Math.min(wait * 2, this.#times.retryMax);
    }
    return this.#last !== null && this.#options.done(this.#last);
  }

  /** One session from open to close; the reason of its end. */
  async #runOnce(): Promise<NativeErrorShape> {
    const ended = new AbortController();
    let fault = UNEXPECTED_END;
    try {
      const session = this.#options.open();
      this.#session = session;
      this.#fault = null;
      session.start();
      void this.#renewWhenChanged(session, ended.signal);
      await session.wait();
    } catch (error) {
      fault = errorShape(error);
    }
    ended.abort();
    await this.#close();
    return fault;
  }

  async #close(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    this.#last = session.snapshot();
    this.#session = null;
    await session.close();
  }

  async #renewWhenChanged(session: Session<Snapshot>, ended: AbortSignal): Promise<void> {
    const { files, applies } = this.#options.renewal ?? { files: [], applies: () => false };
    if (files.length === 0) return;
    while (await filesChanged(files, ended, this.#times.poll)) {
      if (applies(session.snapshot())) session.requestStop();
    }
  }

  async #pause(milliseconds: number, filesCount: boolean): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#stop.signal]);
    const waits: Promise<unknown>[] = [delay(milliseconds, undefined, { signal }).catch(() => {})];
    if (filesCount) waits.push(filesChanged(this.#options.files, signal, this.#times.poll));
    await Promise.race(waits);
    over.abort();
  }
}

/**
 * A session that ends by itself, without an error and without being done, was renewed
 * on purpose or has lost a thread.
 */
const UNEXPECTED_END: NativeErrorShape = {
  code: 'SessionEnded',
  message: 'the session ended early',
  action: 'it is opened again',
  permanent: false,
};
