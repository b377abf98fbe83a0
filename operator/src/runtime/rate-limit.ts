/** How long a key waits before it is tried again. */
import type { Clock } from '../kube/clock.ts';

export interface BackoffOptions {
  /** of the first failure, milliseconds; default 5 */
  base?: number;
  /** at the most, milliseconds; default 60000: a stream that waits longer is a stream that is down */
  most?: number;
  /** part of the delay that is random, default 0.1 */
  jitter?: number;
}

/**
 * Doubles with each failure of a key (client-go util/workqueue/default_rate_limiters.go,
 * ItemExponentialFailureRateLimiter).
 */
export class KeyedBackoff {
  readonly #failures = new Map<string, number>();
  readonly #random: () => number;
  readonly #options: Required<BackoffOptions>;

  constructor(random: () => number, { base = 5, most = 60_000, jitter = 0.1 }: BackoffOptions = {}) {
    this.#random = random;
    this.#options = { base, most, jitter };
  }

  /** Counts a failure of the key; the delay before its next try, milliseconds. */
  next(key: string): number {
    const { base, most, jitter } = this.#options;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const delay = Math.min(base * 2 ** Math.min(failures, 30), most);
    return delay * (1 - jitter * this.#random());
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}

/** Limits all keys together: `rate` per second, up to `burst` at once. reserve() returns how long to wait. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(
    clock: Clock,
    { rate = 10, burst = 100 }: { rate?: number | undefined; burst?: number | undefined } = {},
  ) {
    this.#clock = clock;
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = clock.now();
  }

  /** Takes a token, if need be a future one; returns the milliseconds until it is available. */
  reserve(): number {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#rate) * 1000;
  }
}
