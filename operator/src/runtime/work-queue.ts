/**
 * The keys that want a reconcile: each at most once, never handed to two workers at a time, and once more
 * when it was added while it was worked on (the sets of client-go's util/workqueue/queue.go). Higher
 * priorities first, then in order of arrival.
 */
import type { Clock } from '../kube/clock.ts';
import { type BackoffOptions, KeyedBackoff, TokenBucket } from './rate-limit.ts';

export interface QueueOptions extends BackoffOptions {
  clock: Clock;
  /** of retries over all keys, per second; default 10 */
  rate?: number;
  /** default 100 */
  burst?: number;
  observer?: QueueObserver;
}

/** What metrics want to know; seconds. */
export interface QueueObserver {
  added?(): void;
  retried?(): void;
  taken?(waited: number): void;
  done?(took: number): void;
}

interface Waiting {
  priority: number;
  since: number;
}

interface Delayed {
  due: number;
  cancel: () => void;
}

/** Priority of keys from an initial list: live changes overtake a restart's backlog. */
export const LOW_PRIORITY = -100;

export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: KeyedBackoff;
  readonly #bucket: TokenBucket;
  readonly #observer: QueueObserver;
  readonly #ready = new Map<string, Waiting>();
  readonly #delayed = new Map<string, Delayed>();
  /** by key: since when, and what was added meanwhile */
  readonly #processing = new Map<string, { since: number; again: number | undefined }>();
  readonly #takers = new Set<() => void>();
  #closed = false;

  constructor({ clock, rate, burst, observer = {}, ...backoff }: QueueOptions) {
    this.#clock = clock;
    this.#backoff = new KeyedBackoff(() => clock.random(), backoff);
    this.#bucket = new TokenBucket(clock, { rate, burst });
    this.#observer = observer;
  }

  /** Keys that wait for a worker now. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Seconds that the keys in work have been in work, together. */
  get unfinishedSeconds(): number {
    return this.#ages().reduce((sum, age) => sum + age, 0);
  }

  get longestRunningSeconds(): number {
    return Math.max(0, ...this.#ages());
  }

  /** Wanted now; a time for later that the key had is dropped. */
  add(key: string, priority = 0): void {
    if (this.#closed) return;
    this.#cancelDelay(key);
    const inWork = this.#processing.get(key);
    if (inWork) {
      inWork.again = Math.max(inWork.again ?? priority, priority);
      return;
    }
    const waiting = this.#ready.get(key);
    if (waiting) {
      waiting.priority = Math.max(waiting.priority, priority);
      return;
    }
    this.#ready.set(key, { priority, since: this.#clock.now() });
    this.#observer.added?.();
    this.#wake();
  }

  /** Wanted in `milliseconds`, unless something sooner is asked for; an add() makes it now. */
  addAfter(key: string, milliseconds: number, priority = 0): void {
    if (this.#closed) return;
    if (milliseconds <= 0) {
      this.add(key, priority);
      return;
    }
    const due = this.#clock.now() + milliseconds;
    const before = this.#delayed.get(key);
    if (this.#ready.has(key) || (before && before.due <= due)) return;
    before?.cancel();
    const cancel = this.#clock.after(milliseconds, () => {
      this.#delayed.delete(key);
      this.add(key, priority);
    });
    this.#delayed.set(key, { due, cancel });
  }

  /**
   * Adds a key again after a failure, delayed by the key's back-off and by the rate limit of all keys
   * together.
   */
  addRateLimited(key: string, atLeast = 0): void {
    this.#observer.retried?.();
    this.addAfter(key, Math.max(this.#backoff.next(key), this.#bucket.reserve(), atLeast));
  }

  failures(key: string): number {
    return this.#backoff.failures(key);
  }

  /** Resets the back-off of a key after a success. */
  forget(key: string): void {
    this.#backoff.forget(key);
  }

  /** The next key, to be given back with done(); undefined when the queue is closed or the signal aborted. */
  async take(signal?: AbortSignal): Promise<string | undefined> {
    while (!this.#closed && !signal?.aborted) {
      const key = this.#first();
      if (key !== undefined) return this.#hand(key);
      await this.#news(signal);
    }
    return undefined;
  }

  done(key: string): void {
    const inWork = this.#processing.get(key);
    if (!inWork) return;
    this.#processing.delete(key);
    this.#observer.done?.((this.#clock.now() - inWork.since) / 1000);
    if (inWork.again !== undefined) this.add(key, inWork.again);
  }

  /** Nothing more is handed out or taken in. */
  close(): void {
    this.#closed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#ready.clear();
    for (const wake of this.#takers) wake();
  }

  #ages(): number[] {
    const now = this.#clock.now();
    return [...this.#processing.values()].map(({ since }) => (now - since) / 1000);
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  #first(): string | undefined {
    let best: [string, Waiting] | undefined;
    for (const entry of this.#ready) {
      if (!best || entry[1].priority > best[1].priority) best = entry; // equal: the map keeps the order
    }
    return best?.[0];
  }

  #hand(key: string): string {
    const waiting = this.#ready.get(key) as Waiting;
    this.#ready.delete(key);
    const now = this.#clock.now();
    this.#processing.set(key, { since: now, again: undefined });
    this.#observer.taken?.((now - waiting.since) / 1000);
    return key;
  }

  #wake(): void {
    const [first] = this.#takers;
    first?.();
  }

  #news(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#takers.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#takers.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}
