/** A clock that stands still until a test moves it. */
import type { Clock } from '../clock.ts';

interface Timer {
  due: number;
  action: () => void;
}

export class ManualClock implements Clock {
  #now = 0;
  readonly #begin: number;
  readonly #timers = new Set<Timer>();
  /** What random() gives. */
  chance = 0.5;

  constructor(begin = Date.UTC(2026, 0, 1)) {
    this.#begin = begin;
  }

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(this.#begin + this.#now);
  }

  after(milliseconds: number, action: () => void): () => void {
    const timer = { due: this.#now + milliseconds, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  random(): number {
    return this.chance;
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time on, timer by timer; what a timer set in motion has run before the next one is looked at. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.action();
      await settled();
    }
    this.#now = end;
  }

  #next(end: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.due <= end);
    return due.sort((a, b) => a.due - b.due)[0];
  }
}

/** Resolves once all promises are settled that do not wait for time to pass. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
