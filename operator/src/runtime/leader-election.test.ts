import { describe, expect, it } from 'vitest';
import { microTime } from '../kube/clock.ts';
import { ApiError } from '../kube/errors.ts';
import type { LeaseClient, LeaseRecord, StoredLease } from '../kube/lease.ts';
import { ManualClock } from '../kube/testing/manual-clock.ts';
import { LeaderElection, StandDownError } from './leader-election.ts';

/** A lease in memory; `down` makes every call hang until its signal is aborted. */
class Store implements LeaseClient {
  stored: StoredLease | null = null;
  down = false;
  #version = 0;

  async get(signal: AbortSignal): Promise<StoredLease | null> {
    await this.#answer(signal);
    return this.stored;
  }

  async create(record: LeaseRecord, signal: AbortSignal): Promise<StoredLease> {
    await this.#answer(signal);
    if (this.stored) throw new ApiError('create', 409, { reason: 'AlreadyExists' });
    return this.#store(record);
  }

  async update(record: LeaseRecord, resourceVersion: string, signal: AbortSignal): Promise<StoredLease> {
    await this.#answer(signal);
    if (this.stored?.resourceVersion !== resourceVersion)
      throw new ApiError('update', 409, { reason: 'Conflict' });
    return this.#store(record);
  }

  #store(record: LeaseRecord): StoredLease {
    this.stored = { record, resourceVersion: `${++this.#version}` };
    return this.stored;
  }

  #answer(signal: AbortSignal): Promise<void> {
    if (!this.down) return Promise.resolve();
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }
}

interface Candidate {
  election: LeaderElection;
  terms: number;
  stop(): Promise<void>;
  run: Promise<void>;
}

function candidate(identity: string, clock: ManualClock, client: LeaseClient, stubborn = false): Candidate {
  const election = new LeaderElection({ client, clock, identity });
  const stop = new AbortController();
  const self: Candidate = {
    election,
    terms: 0,
    run: election.run(stop.signal, (signal) => {
      self.terms++;
      return new Promise((resolve) => {
        if (!stubborn) signal.addEventListener('abort', () => resolve());
      });
    }),
    async stop() {
      stop.abort();
      await clock.advance(0);
      await self.run;
    },
  };
  return self;
}

it('a timestamp of the lease has six digits of a second, as the API server demands', () => {
  expect(microTime(new Date(Date.UTC(2026, 0, 1, 12, 0, 0, 7)))).toBe('2026-01-01T12:00:00.007000Z');
});

describe('of two', () => {
  it('one of two candidates leads, and goes on leading', async () => {
    const clock = new ManualClock();
    const store = new Store();
    const a = candidate('a', clock, store);
    await clock.advance(0);
    const b = candidate('b', clock, store);
    await clock.advance(120_000);
    expect([a.election.leading, b.election.leading, a.terms, b.terms]).toEqual([true, false, 1, 0]);
    expect(store.stored?.record).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0 });
    await a.stop();
    await b.stop();
  });

  it('the other candidate takes over within 3 s when the leader stops in order', async () => {
    const clock = new ManualClock();
    const store = new Store();
    const a = candidate('a', clock, store);
    await clock.advance(0);
    const b = candidate('b', clock, store);
    await clock.advance(30_000);
    await a.stop();
    expect(store.stored?.record).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(3_000);
    expect(b.election.leading).toBe(true);
    expect(store.stored?.record.leaseTransitions).toBeGreaterThan(0);
    await b.stop();
  });

  it('the other candidate takes over within 18 s when the leader is gone, whatever the calendar says', async () => {
    const clock = new ManualClock();
    const store = new Store();
    const long = { holderIdentity: 'dead', leaseDurationSeconds: 15, leaseTransitions: 3 };
    const future = '2030-01-01T00:00:00.000000Z';
    await store.create({ ...long, acquireTime: future, renewTime: future }, new AbortController().signal);
    const b = candidate('b', clock, store);
    await clock.advance(14_900);
    expect(b.election.leading).toBe(false);
    await clock.advance(3_100);
    expect(b.election.leading).toBe(true);
    expect(store.stored?.record.leaseTransitions).toBe(4);
    await b.stop();
  });
});

/** One that has led for five seconds when its API server falls silent. */
async function cutOff(stubborn = false): Promise<{ clock: ManualClock; store: Store; a: Candidate }> {
  const clock = new ManualClock();
  const store = new Store();
  const a = candidate('a', clock, store, stubborn);
  await clock.advance(5_000);
  store.down = true;
  return { clock, store, a };
}

describe('a leader that cannot renew', () => {
  it('a leader that cannot renew stands down before another may lead, competes again, and leads again', async () => {
    const { clock, store, a } = await cutOff();
    await clock.advance(10_000);
    expect([a.election.leading, a.terms]).toEqual([false, 1]);
    store.down = false;
    await clock.advance(20_000);
    expect([a.election.leading, a.terms]).toEqual([true, 2]);
    await a.stop();
  });

  it('a leader survives a gap in renewals that is shorter than its deadline', async () => {
    const { clock, store, a } = await cutOff();
    await clock.advance(5_000);
    store.down = false;
    await clock.advance(60_000);
    expect([a.election.leading, a.terms]).toEqual([true, 1]);
    await a.stop();
  });

  it('a leader that cannot renew and does not end in time ends its process', async () => {
    const { clock, a } = await cutOff(true);
    const run = expect(a.run).rejects.toThrow(StandDownError);
    await clock.advance(20_000);
    await run;
  });
});
