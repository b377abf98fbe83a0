import { describe, expect, it } from 'vitest';
import { ApiError } from '../kube/errors.ts';
import { ManualClock } from '../kube/testing/manual-clock.ts';
import { Controller, type Outcome, type Reconcile } from './controller.ts';
import { TerminalError } from './errors.ts';
import { WorkQueue } from './work-queue.ts';

/** A controller that runs while `body` does. */
async function running(
  reconcile: Reconcile,
  body: (fixture: {
    clock: ManualClock;
    queue: WorkQueue;
    outcomes: Outcome[];
    failures: unknown[];
  }) => Promise<void>,
  workers = 2,
): Promise<void> {
  const clock = new ManualClock();
  const queue = new WorkQueue({ clock, jitter: 0 });
  const outcomes: Outcome[] = [];
  const failures: unknown[] = [];
  const observer = {
    ended: (outcome: Outcome) => outcomes.push(outcome),
    failed: (_key: string, error: unknown) => failures.push(error),
  };
  const controller = new Controller({ name: 'Test', queue, reconcile, clock, workers, observer });
  const stop = new AbortController();
  const run = controller.run(stop.signal);
  try {
    await body({ clock, queue, outcomes, failures });
  } finally {
    stop.abort();
    await run;
  }
}

it('a successful reconcile is not repeated', () =>
  running(
    async () => undefined,
    async ({ clock, queue, outcomes }) => {
      queue.add('ns/a');
      await clock.advance(3_600_000);
      expect(outcomes).toEqual(['success']);
    },
  ));

it('a reconcile may ask to be called again', () =>
  running(
    async () => ({ requeueAfterMilliseconds: 10_000 }),
    async ({ clock, queue, outcomes }) => {
      queue.add('ns/a');
      await clock.advance(35_000);
      expect(outcomes).toEqual(Array(4).fill('requeue_after'));
    },
  ));

describe('an error', () => {
  it('an error of a reconcile is reported, and the reconcile is tried again with growing delays', () =>
    running(
      async () => {
        throw new Error('no route');
      },
      async ({ clock, queue, outcomes, failures }) => {
        queue.add('ns/a');
        await clock.advance(5 + 10 + 20);
        expect(outcomes).toEqual(['error', 'error', 'error', 'error']);
        expect(failures[0]).toMatchObject({ message: 'no route' });
      },
    ));

  it('an error that no retry fixes waits for a change of the object', () =>
    running(
      async () => {
        throw new TerminalError('no such codec');
      },
      async ({ clock, queue, outcomes }) => {
        queue.add('ns/a');
        await clock.advance(3_600_000);
        expect(outcomes).toEqual(['terminal_error']);
        queue.add('ns/a');
        await clock.advance(0);
        expect(outcomes).toEqual(['terminal_error', 'terminal_error']);
      },
    ));

  it('an error that names its delay is retried after it', () =>
    running(
      async () => {
        throw new ApiError('apply', 429, {}, '7');
      },
      async ({ clock, queue, outcomes }) => {
        queue.add('ns/a');
        await clock.advance(6_999);
        expect(outcomes).toEqual(['error']);
        await clock.advance(1);
        expect(outcomes).toEqual(['error', 'error']);
      },
    ));

  it('a conflict is retried without counting as a failure', () => {
    let calls = 0;
    return running(
      async () => {
        if (++calls === 1) throw new ApiError('apply', 409, { reason: 'Conflict' });
        return undefined;
      },
      async ({ clock, queue, outcomes, failures }) => {
        queue.add('ns/a');
        await clock.advance(10);
        expect(outcomes).toEqual(['requeue', 'success']);
        expect(failures).toEqual([]);
      },
    );
  });
});

it('a reconcile that hangs is ended at its deadline, and others go on meanwhile', () =>
  running(
    (key, signal) =>
      key === 'ns/stuck'
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut'))))
        : Promise.resolve(undefined),
    async ({ clock, queue, outcomes, failures }) => {
      queue.add('ns/stuck');
      queue.add('ns/a');
      await clock.advance(59_000);
      expect(outcomes).toEqual(['success']);
      await clock.advance(1_000);
      expect(failures).toMatchObject([{ message: 'Test ns/stuck: not done within 60 s' }]);
    },
  ));

it('stopping the controller ends the reconcile under way and keeps its key', async () => {
  let left: WorkQueue | undefined;
  await running(
    (_, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    async ({ clock, queue }) => {
      left = queue;
      queue.add('ns/a');
      await clock.advance(0);
      expect(queue.depth).toBe(0);
    },
  );
  expect(left?.depth).toBe(1);
});
