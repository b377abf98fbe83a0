/**
 * The system's clock, of which a test can leave a part out: what waits for real answers goes
 * on, what waits for time need not.
 */
import { type Clock, systemClock } from '../clock.ts';

interface Timer {
  due: number;
  action: () => void;
  cancel: () => void;
}

export class SkippingClock implements Clock {
  readonly #timers = new Set<Timer>();
  #skipped = 0;

  now(): number {
    return systemClock.now() + this.#skipped;
  }

  date(): Date {
    return new Date(Date.now() + this.#skipped);
  }

  after(milliseconds: number, action: () => void): () => void {
    const timer: Timer = { due: this.now() + milliseconds, action, cancel: () => undefined };
    this.#timers.add(timer);
    this.#wait(timer);
    return () => this.#drop(timer);
  }

  random(): number {
    return systemClock.random();
  }

  /** It is that much later; what was due by then happens now, in its order. */
  skip(milliseconds: number): void {
    this.#skipped += milliseconds;
    const timers = [...this.#timers].sort((a, b) => a.due - b.due);
    for (const timer of timers) {
      timer.cancel();
      if (timer.due > this.now()) this.#wait(timer);
      else if (this.#timers.has(timer)) this.#fire(timer);
    }
  }

  #wait(timer: Timer): void {
    timer.cancel = systemClock.after(Math.max(0, timer.due - this.now()), () => this.#fire(timer));
  }

  #fire(timer: Timer): void {
    this.#drop(timer);
    timer.action();
  }

  #drop(timer: Timer): void {
    timer.cancel();
    this.#timers.delete(timer);
  }
}
