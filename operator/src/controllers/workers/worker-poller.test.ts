import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../kube/testing/manual-clock.ts';
import { readFacts } from './worker-facts.ts';
import { type FetchPage, type PollTarget, WorkerPoller } from './worker-poller.ts';

const page = (more: object = {}): unknown => ({
  role: 'encoder',
  startTime: '2026-01-01T00:00:00Z',
  restarts: 0,
  uptimeSeconds: 100,
  ready: { ok: true, code: 'Connected', message: 'every output is connected' },
  error: null,
  paced: { ok: true, source: null, lateShare: 0 },
  snapshot: { ended: false, queue: { depth: 3, capacity: 20 } },
  ...more,
});

const target = (pod: string, stamp = 'true 0'): PollTarget => ({
  podUid: pod,
  role: 'encoder',
  url: `http://${pod}:9091/status`,
  stamp,
});

function setUp(fetch: FetchPage, concurrency = 4) {
  const clock = new ManualClock();
  const news: string[] = [];
  const poller = new WorkerPoller({ clock, fetch, concurrency, onNews: (key) => news.push(key) });
  return { clock, news, poller };
}

describe('the poller', () => {
  it('the poller asks at once, then every ten seconds, and reports only what is new', async () => {
    let asked = 0;
    let body = page();
    const { clock, news, poller } = setUp(async () => {
      asked++;
      return body;
    });
    poller.follow('tv/demo', [target('a')]);
    await clock.advance(0);
    expect([asked, news]).toEqual([1, ['tv/demo']]);
    expect(poller.facts('tv/demo', 'a', 'encoder')?.ready.ok).toBe(true);
    await clock.advance(30_000);
    expect(asked).toBe(4);
    expect(news).toHaveLength(1);
    body = page({ paced: { ok: false, lateShare: 0.4 } });
    await clock.advance(10_000);
    expect(news).toHaveLength(2);
  });

  it('the poller asks again at once when readiness or restarts changed, and not without a change', async () => {
    let asked = 0;
    const { clock, poller } = setUp(async () => {
      asked++;
      return page();
    });
    poller.follow('tv/demo', [target('a')]);
    poller.follow('tv/demo', [target('a')]);
    await clock.advance(0);
    expect(asked).toBe(1);
    poller.follow('tv/demo', [target('a', 'false 1')]);
    await clock.advance(0);
    expect(asked).toBe(2);
    expect(clock.pending).toBe(1);
  });

  it('the poller asks more often while a stream is unwell', async () => {
    let asked = 0;
    const { clock, poller } = setUp(async () => {
      asked++;
      return page({ ready: { ok: false, code: 'Connecting', message: '' } });
    });
    poller.follow('tv/demo', [target('a')]);
    await clock.advance(9_000);
    expect(asked).toBe(4);
  });

  it('the poller treats a page that does not answer in time as one without facts', async () => {
    const { clock, poller, news } = setUp(
      (_, signal) =>
        new Promise((__, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    poller.follow('tv/demo', [target('a')]);
    await clock.advance(2_000);
    expect(poller.facts('tv/demo', 'a', 'encoder')).toBeNull();
    expect(news).toEqual([]);
  });

  it('the poller asks a thousand streams with one timer each and at most eight requests at a time', async () => {
    let now = 0;
    let most = 0;
    const { clock, poller, news } = setUp(async () => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      now--;
      return page();
    }, 8);
    for (let index = 0; index < 1000; index++) poller.follow(`tv/s${index}`, [target(`p${index}`)]);
    await clock.advance(100);
    expect(most).toBeLessThanOrEqual(8);
    expect(news).toHaveLength(1000);
    expect(clock.pending).toBe(1000);
  });

  it('the poller forgets a stream that has no pods, and everything when another process leads', async () => {
    const { clock, poller } = setUp(async () => page());
    poller.follow('tv/a', [target('a')]);
    poller.follow('tv/b', [target('b')]);
    await clock.advance(0);
    poller.follow('tv/a', []);
    expect(poller.size).toBe(1);
    poller.clear();
    expect([poller.size, clock.pending]).toEqual([0, 0]);
  });

  it('the poller ignores the answer of a pod that no longer belongs to the stream', async () => {
    const answers = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
    let asked = 0;
    const { clock, poller } = setUp(() => (answers[asked++] as PromiseWithResolvers<unknown>).promise);
    poller.follow('tv/demo', [target('a')]);
    await clock.advance(0);
    poller.follow('tv/demo', [target('b')]);
    await clock.advance(0);
    answers[0]?.resolve(page());
    await clock.advance(0);
    expect(poller.facts('tv/demo', 'a', 'encoder')).toBeNull();
  });
});

describe('the facts of a page', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', []],
    ['another role', page({ role: 'decoder' })],
  ])('the facts of a worker page are null for %s', (_, body) =>
    expect(readFacts(body, 'encoder')).toBeNull(),
  );

  it('the facts of a malformed worker page fall back to unknown values', () => {
    const facts = readFacts(
      { role: 'encoder', ready: 3, error: { code: 'no reason!', message: {} }, restarts: -1 },
      'encoder',
    );
    expect(facts).toMatchObject({
      ready: { ok: false, code: 'Unknown', message: '' },
      fault: { code: 'Unknown', message: '', permanent: false },
      restarts: 0,
      paced: null,
      sourcePace: null,
      jumps: { forward: 0, backward: 0, outlier: 0 },
      queueCapacity: null,
    });
  });

  it('the facts of a worker that cannot use its configuration say so', () => {
    const error = { ok: false, code: 'ConfigInvalid', message: 'queue.path: is missing' };
    const facts = readFacts({ version: 1, phase: 'Failed', ready: error, error, snapshot: null }, 'decoder');
    expect(facts?.fault).toEqual({
      code: 'ConfigInvalid',
      message: 'queue.path: is missing',
      permanent: true,
    });
  });

  it('the facts of a worker page do not change with the seconds in a message', () => {
    const silent = (seconds: number) =>
      page({
        ready: {
          ok: false,
          code: 'SourceStalled',
          message: `the source has given no frame for ${seconds} s`,
        },
      });
    expect(readFacts(silent(7), 'encoder')).toEqual(readFacts(silent(8), 'encoder'));
  });

  it('the facts of a worker page call a queue full when four fifths of its places are taken', () => {
    const depth = (depth: number) =>
      readFacts(page({ snapshot: { queue: { depth, capacity: 20 } } }), 'encoder')?.queueFull;
    expect([depth(15), depth(16), depth(20)]).toEqual([false, true, true]);
  });
});
