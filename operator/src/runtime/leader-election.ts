/**
 * One of several operators acts: the holder of a coordination.k8s.io/v1 Lease. As in client-go's
 * tools/leaderelection, nobody trusts another's clock: a lease has run out when it was not seen to change for
 * its duration by one's own clock.
 *
 * It is no fence by itself: who leads must stop writing when its signal is aborted, which happens
 * `renewDeadline` after the last renewal, well before anybody else may take the lease over.
 */
import { type Clock, microTime, sleep, within } from '../kube/clock.ts';
import { isConflict } from '../kube/errors.ts';
import type { LeaseClient, LeaseRecord, StoredLease } from '../kube/lease.ts';

export interface ElectionOptions {
  client: LeaseClient;
  clock: Clock;
  /** of this process, unique: the pod's name and a random part */
  identity: string;
  /** milliseconds, default 15000 */
  leaseDuration?: number;
  /** how long without a renewal the leader goes on, milliseconds, default 10000; less than leaseDuration */
  renewDeadline?: number;
  /** between tries, milliseconds, default 2000 */
  retryPeriod?: number;
  /** how long leading may take to end once it has to, milliseconds, default 5000 */
  standDownLimit?: number;
  /** Problems on the way: an API server that does not answer. */
  onError?: (error: unknown) => void;
}

const NO_ANSWER = 'no answer in time';

/** What was led did not end in time: two may act at once, so this process has to end. */
export class StandDownError extends Error {
  override readonly name = 'StandDownError';
}

export class LeaderElection {
  readonly #options: Required<Omit<ElectionOptions, 'onError'>> & Pick<ElectionOptions, 'onError'>;
  #seen: StoredLease | null = null;
  #seenAt = Number.NEGATIVE_INFINITY;
  #leading = false;

  constructor(options: ElectionOptions) {
    this.#options = {
      leaseDuration: 15_000,
      renewDeadline: 10_000,
      retryPeriod: 2_000,
      standDownLimit: 5_000,
      ...options,
    };
    if (this.#options.renewDeadline >= this.#options.leaseDuration)
      throw new RangeError('renewDeadline must be less than leaseDuration');
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** Milliseconds since the lease was last seen to change: while this process leads, since it renewed it. */
  get leaseAge(): number {
    return this.#options.clock.now() - this.#seenAt;
  }

  /**
   * Competes for the lease and calls `lead` each time it has it, until `signal` is aborted; then
   * gives the lease back. `lead` returns once its own signal is aborted. Rejects with
   * StandDownError, or with what `lead` threw.
   */
  async run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { clock, retryPeriod } = this.#options;
    while (!signal.aborted) {
      if (await this.#try(signal, retryPeriod)) await this.#lead(signal, lead);
      await sleep(clock, retryPeriod * (1 + 0.2 * clock.random()), signal).catch(() => undefined);
    }
  }

  async #lead(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const stop = new AbortController();
    this.#leading = true;
    const led = lead(stop.signal);
    try {
      await Promise.race([
        this.#renew(AbortSignal.any([signal, stop.signal])),
        led.catch(() => undefined), // thrown once it has stood down
      ]);
    } finally {
      this.#leading = false;
      stop.abort(new Error('no longer the leader'));
    }
    await this.#standDown(led);
    await this.#release();
  }

  /** Returns when the lease could not be renewed for renewDeadline, or the signal is aborted. */
  async #renew(signal: AbortSignal): Promise<void> {
    const { clock, retryPeriod, renewDeadline } = this.#options;
    let renewedAt = clock.now();
    while (!signal.aborted) {
      await sleep(clock, Math.min(retryPeriod, renewedAt + renewDeadline - clock.now()), signal).catch(
        () => undefined,
      );
      const asked = clock.now();
      const left = renewedAt + renewDeadline - asked;
      if (signal.aborted || left <= 0) return;
      // Half of what is left: a request that hangs leaves time for another one.
      if (await this.#try(signal, Math.min(left, Math.max(retryPeriod, left / 2)))) renewedAt = asked;
      else if (this.#heldByOther()) return;
    }
  }

  async #standDown(led: Promise<void>): Promise<void> {
    const { clock, standDownLimit } = this.#options;
    const late = new AbortController();
    const limit = sleep(clock, standDownLimit, late.signal).then(() => {
      throw new StandDownError(`what was led did not end within ${standDownLimit / 1000} s`);
    });
    limit.catch(() => undefined);
    try {
      await Promise.race([led, limit]);
    } finally {
      late.abort();
    }
  }

  /** Takes or renews the lease. false: it is another's, or the server did not answer. */
  async #try(signal: AbortSignal, limit: number): Promise<boolean> {
    const { clock, onError } = this.#options;
    try {
      return await within(clock, limit, NO_ANSWER, (limited) => this.#acquire(limited), signal);
    } catch (error) {
      if (!isConflict(error) && !signal.aborted) onError?.(error);
      return false;
    }
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { client } = this.#options;
    if (this.#leading && this.#seen) {
      const { record, resourceVersion } = this.#seen;
      this.#seen = null; // unless this succeeds, what is stored is to be read
      this.#observe(await client.update(this.#record(record), resourceVersion, signal));
      return true;
    }
    const stored = await client.get(signal);
    if (stored === null) {
      this.#observe(await client.create(this.#record(null), signal));
      return true;
    }
    this.#observe(stored);
    if (this.#heldByOther()) return false;
    this.#observe(await client.update(this.#record(stored.record), stored.resourceVersion, signal));
    return true;
  }

  #observe(stored: StoredLease): void {
    if (stored.resourceVersion !== this.#seen?.resourceVersion) this.#seenAt = this.#options.clock.now();
    this.#seen = stored;
  }

  #heldByOther(): boolean {
    const record = this.#seen?.record;
    if (!record?.holderIdentity || record.holderIdentity === this.#options.identity) return false;
    return this.#options.clock.now() < this.#seenAt + record.leaseDurationSeconds * 1000;
  }

  #record(before: LeaseRecord | null): LeaseRecord {
    const { identity, leaseDuration, clock } = this.#options;
    const now = microTime(clock.date());
    const mine = before?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.round(leaseDuration / 1000),
      acquireTime: mine && before ? before.acquireTime : now,
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (before && !mine ? 1 : 0),
    };
  }

  /**
   * Gives the lease back, so that the next leader need not wait until it expires; it must after a failure.
   */
  async #release(): Promise<void> {
    const { client, clock, identity, retryPeriod, onError } = this.#options;
    const seen = this.#seen;
    if (seen?.record.holderIdentity !== identity) return;
    const record = { ...this.#record(seen.record), holderIdentity: '', leaseDurationSeconds: 1 };
    try {
      await within(clock, retryPeriod, NO_ANSWER, async (limited) =>
        this.#observe(await client.update(record, seen.resourceVersion, limited)),
      );
    } catch (error) {
      onError?.(error);
    }
  }
}
