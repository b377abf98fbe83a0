import { describe, expect, it } from 'vitest';
import { ManualClock } from '../kube/testing/manual-clock.ts';
import { LOW_PRIORITY, type QueueOptions, WorkQueue } from './work-queue.ts';

function make(options: Partial<QueueOptions> = {}) {
  const clock = new ManualClock();
  return { clock, queue: new WorkQueue({ clock, jitter: 0, ...options }) };
}

/** All keys that are ready now, each finished at once. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const key = (await queue.take()) as string;
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe('order', () => {
  it('the work queue gives out keys in the order of arrival', async () => {
    const { queue } = make();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    expect(await drain(queue)).toEqual(['a', 'b', 'c']);
  });

  it('live changes overtake the initial list in the work queue, also for a key that was in it', async () => {
    const { queue } = make();
    for (const key of ['a', 'b', 'c']) queue.add(key, LOW_PRIORITY);
    queue.add('live');
    queue.add('c');
    expect(await drain(queue)).toEqual(['c', 'live', 'a', 'b']);
  });
});

describe('a key', () => {
  it('a key waits once in the work queue however often it is added', async () => {
    const { queue } = make();
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(1);
  });

  it('a key is never taken twice at once, and comes once more after done() when it was added meanwhile', async () => {
    const { queue } = make();
    queue.add('a');
    expect(await queue.take()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(await drain(queue)).toEqual(['a']);
  });

  it('a key that comes again keeps the highest priority that it was added with', async () => {
    const { queue } = make();
    queue.add('a');
    await queue.take();
    queue.add('a', LOW_PRIORITY);
    queue.add('a', 5);
    queue.add('b');
    queue.done('a');
    expect(await drain(queue)).toEqual(['a', 'b']);
  });
});

describe('delays', () => {
  it('a delayed key comes at its time and not before', async () => {
    const { clock, queue } = make();
    queue.addAfter('a', 100);
    await clock.advance(99);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await drain(queue)).toEqual(['a']);
  });

  it('a key that was delayed several times comes at the earliest time', async () => {
    const { clock, queue } = make();
    queue.addAfter('a', 100);
    queue.addAfter('a', 500);
    queue.addAfter('a', 50);
    await clock.advance(50);
    expect(await drain(queue)).toEqual(['a']);
    await clock.advance(1000);
    expect(queue.depth).toBe(0);
  });

  it('a delayed key comes at once after an add()', async () => {
    const { clock, queue } = make();
    queue.addAfter('a', 100);
    queue.add('a');
    expect(await drain(queue)).toEqual(['a']);
    await clock.advance(1000);
    expect(queue.depth).toBe(0);
  });
});

describe('after failures', () => {
  it('a failing key waits twice as long each time, up to the limit, and a success resets it', async () => {
    const { clock, queue } = make({ base: 10, most: 40 });
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      const began = clock.now();
      queue.addRateLimited('a');
      while (queue.depth === 0) await clock.advance(1);
      waits.push(clock.now() - began);
      await drain(queue);
    }
    expect(waits).toEqual([10, 20, 40, 40]);
    queue.forget('a');
    expect(queue.failures('a')).toBe(0);
  });

  it('a failing key does not slow another, but all retries together keep to the rate', async () => {
    const { clock, queue } = make({ base: 1, rate: 10, burst: 3 });
    for (let i = 0; i < 5; i++) queue.addRateLimited(`key${i}`);
    await clock.advance(1);
    expect(await drain(queue)).toHaveLength(3);
    await clock.advance(99);
    expect(await drain(queue)).toEqual(['key3']);
    await clock.advance(100);
    expect(await drain(queue)).toEqual(['key4']);
  });

  it('a failing key waits for the delay that was asked for', async () => {
    const { clock, queue } = make({ base: 1 });
    queue.addRateLimited('a', 500);
    await clock.advance(499);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  });
});

describe('takers', () => {
  it('two takers of the work queue get a key of their own each', async () => {
    const { queue } = make();
    const both = Promise.all([queue.take(), queue.take()]);
    queue.add('a');
    queue.add('b');
    expect((await both).toSorted()).toEqual(['a', 'b']);
  });

  it('a waiting taker returns without a key when the queue closes or its signal is aborted', async () => {
    const { clock, queue } = make();
    const gone = new AbortController();
    const waiting = [queue.take(gone.signal), queue.take()];
    gone.abort();
    expect(await waiting[0]).toBeUndefined();
    queue.addAfter('a', 10);
    queue.close();
    expect(await waiting[1]).toBeUndefined();
    expect(clock.pending).toBe(0);
    queue.add('b');
    expect(await queue.take()).toBeUndefined();
  });
});

describe('metrics', () => {
  it("the work queue's metrics show waiting time, working time and age", async () => {
    const seen: [string, number][] = [];
    const { clock, queue } = make({
      observer: {
        added: () => seen.push(['added', 0]),
        taken: (seconds) => seen.push(['taken', seconds]),
        done: (seconds) => seen.push(['done', seconds]),
        retried: () => seen.push(['retried', 0]),
      },
    });
    queue.add('a');
    await clock.advance(2000);
    await queue.take();
    await clock.advance(3000);
    expect([queue.unfinishedSeconds, queue.longestRunningSeconds]).toEqual([3, 3]);
    queue.done('a');
    queue.addRateLimited('a');
    expect(seen).toEqual([
      ['added', 0],
      ['taken', 2],
      ['done', 3],
      ['retried', 0],
    ]);
    expect([queue.unfinishedSeconds, queue.longestRunningSeconds]).toEqual([0, 0]);
  });
});
