/** How long the event loop of this process was kept waiting. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Node's own monitor samples with a timer: its resolution is part of every sample and is taken off. */
const RESOLUTION = 1;

export class LoopMeter {
  #histogram: ReturnType<typeof monitorEventLoopDelay>;

  constructor() {
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
    this.#histogram.enable();
  }

  /** Delay that 99 of 100 samples kept below, ms. */
  p99(): number {
    return this.#over(this.#histogram.percentile(99));
  }

  max(): number {
    return this.#over(this.#histogram.max);
  }

  toString(): string {
    return `p99 ${this.p99().toFixed(2)} ms, longest ${this.max().toFixed(2)} ms (${this.#histogram.count} samples)`;
  }

  [Symbol.dispose](): void {
    this.#histogram.disable();
  }

  #over(nanoseconds: number): number {
    return Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  }
}
