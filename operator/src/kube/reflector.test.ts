import { keyOf } from '@videopush/resources/objects';
import { describe, expect, it } from 'vitest';
import { seeded, testSeed } from '../../../test/support/random.ts';
import { count } from '../../../test/support/repetitions.ts';
import { ApiError } from './errors.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import { FakeCollection } from './testing/fake-collection.ts';
import { ManualClock } from './testing/manual-clock.ts';

interface Fixture {
  clock: ManualClock;
  server: FakeCollection;
  reflector: Reflector;
  /** the reported changes, such as '+ns/a', '~ns/a', '-ns/a'; in brackets when they came with a list */
  news: string[];
  errors: unknown[];
}

/** A reflector that runs while `body` does. */
async function following(
  body: (fixture: Fixture) => Promise<void>,
  options: Partial<ReflectorOptions> = {},
): Promise<void> {
  const clock = new ManualClock();
  const server = new FakeCollection();
  const news: string[] = [];
  const errors: unknown[] = [];
  const reflector = new Reflector({
    name: 'things',
    collection: server,
    clock,
    onChange: ({ before, after }, initial) => {
      const sign = before && after ? '~' : after ? '+' : '-';
      const word = sign + keyOf((after ?? before) as never);
      news.push(initial ? `(${word})` : word);
    },
    onError: (error) => errors.push(error),
    ...options,
  });
  const stop = new AbortController();
  server.put('a');
  const run = reflector.run(stop.signal);
  try {
    await reflector.synced;
    await clock.advance(0);
    await body({ clock, server, reflector, news, errors });
  } finally {
    stop.abort();
    await run;
  }
}

const copy = (reflector: Reflector) =>
  Object.fromEntries([...reflector.values()].map((object) => [keyOf(object), object.spec]));

it('the reflector lists, then follows each change', () =>
  following(async ({ clock, server, reflector, news }) => {
    server.put('b');
    server.put('a', { x: 1 });
    server.remove('b');
    await clock.advance(0);
    expect(news).toEqual(['(+ns/a)', '+ns/b', '~ns/a', '-ns/b']);
    expect(copy(reflector)).toEqual({ 'ns/a': { x: 1 } });
    expect(reflector.get('ns/a')?.metadata).not.toHaveProperty('managedFields');
  }));

it('the reflector reads a long list page by page', async () => {
  await following(
    async ({ clock, server, reflector }) => {
      server.cut();
      for (let i = 0; i < 10; i++) server.put(`n${i}`);
      server.expire();
      await clock.advance(5_000);
      expect(Object.keys(copy(reflector))).toHaveLength(11);
      expect(server.lists).toBe(1 + 4);
    },
    { pageSize: 3 },
  );
});

describe('a watch that', () => {
  it('a watch that ends in order is opened again at once, from where it ended', () =>
    following(async ({ clock, server, news }) => {
      await clock.advance(60_000);
      server.bookmark();
      await clock.advance(0);
      server.cut();
      server.put('b');
      await clock.advance(0);
      expect(news).toEqual(['(+ns/a)', '+ns/b']);
      expect([server.lists, server.watches]).toEqual([1, 2]);
    }));

  it('a watch that breaks is opened again after a while, and nothing is missed', () =>
    following(async ({ clock, server, news, errors }) => {
      server.cut(new TypeError('terminated'));
      server.put('b');
      await clock.advance(2_000);
      expect(news).toEqual(['(+ns/a)', '+ns/b']);
      expect([server.lists, server.watches]).toEqual([1, 2]);
      expect(errors).toMatchObject([{ message: 'terminated' }]);
    }));

  it('a watch that is too old lists again, and reports what changed meanwhile as one step each', () =>
    following(async ({ clock, server, news, reflector }) => {
      server.put('b');
      await clock.advance(0);
      server.cut(new TypeError('terminated'));
      server.put('c');
      server.put('c', { again: true });
      server.remove('b');
      server.expire();
      await clock.advance(5_000);
      expect(news.slice(2)).toEqual(['(-ns/b)', '(+ns/c)']);
      expect(copy(reflector)).toEqual(server.contents);
    }));

  it('a watch that falls silent is given up after three and a half minutes, and nothing is missed', () =>
    following(async ({ clock, server, news, reflector }) => {
      server.mute = true;
      server.put('b');
      await clock.advance(100_000);
      expect(reflector.silentSeconds).toBe(100);
      expect(news).toEqual(['(+ns/a)']);
      server.mute = false;
      await clock.advance(115_000);
      expect(news).toEqual(['(+ns/a)', '+ns/b']);
    }));

  it('a watch that ends at once each time does not become a hot loop', () =>
    following(async ({ clock, server }) => {
      const cut = () => {
        server.cut();
        return clock.advance(100);
      };
      for (let i = 0; i < 100; i++) await cut();
      expect(server.watches).toBeLessThan(10);
    }));
});

describe('an API server that', () => {
  it('an API server that is down is asked again more and more seldom, and never faster than it wants', () =>
    following(async ({ clock, server, errors }) => {
      server.faults.watch.push(...Array.from({ length: 100 }, () => new ApiError('watch', 503)));
      server.cut(new TypeError('terminated'));
      await clock.advance(300_000);
      expect(server.watches).toBeGreaterThan(5);
      expect(server.watches).toBeLessThan(20);
      expect(errors.length).toBe(server.watches); // the cut, and each watch but the first
    }));

  it('an API server that asks for patience is left alone for as long as it says', () =>
    following(async ({ clock, server }) => {
      server.faults.watch.push(new ApiError('watch', 429, {}, '20'));
      server.cut(new TypeError('terminated'));
      await clock.advance(2_000);
      expect(server.watches).toBe(2);
      await clock.advance(18_000);
      expect(server.watches).toBe(2);
      await clock.advance(5_000);
      expect(server.watches).toBe(3);
    }));
});

it('the reflector lists everything again from time to time, in case something was missed', () =>
  following(async ({ clock, server }) => {
    for (let minute = 0; minute < 15; minute++) {
      await clock.advance(60_000);
      server.bookmark();
    }
    await clock.advance(0);
    server.cut();
    await clock.advance(5_000);
    expect(server.lists).toBe(2);
  }));

it("the reflector ends with the server's state, whatever happens on the way", async () => {
  const random = seeded(testSeed());
  console.log(`seed ${random.seed}`);
  await following(async ({ clock, server, reflector, news }) => {
    const trouble = [
      () => server.cut(),
      () => server.cut(new TypeError('terminated')),
      () => server.expire(),
      () => server.bookmark(),
      () => server.faults.watch.push(new ApiError('watch', 500)),
      () => server.faults.list.push(new ApiError('list', 429, {}, '1')),
      () => server.cut(new ApiError('watch', 410, { reason: 'Expired' })),
    ];
    for (let step = 0; step < count(200, 10_000); step++) {
      const name = `n${random.integer(0, 19)}`;
      if (random.integer(0, 2) === 0) server.remove(name);
      else server.put(name, { step });
      if (random.integer(0, 3) === 0) random.pick(trouble)();
      await clock.advance(random.integer(0, 2_999));
    }
    server.faults.list.length = server.faults.watch.length = 0;
    await clock.advance(300_000);
    expect(copy(reflector)).toEqual(server.contents);
    const known = new Set<string>();
    for (const word of news.map((text) => text.replace(/[()]/g, ''))) {
      const key = word.slice(1);
      expect(known.has(key), word).toBe(word[0] !== '+');
      if (word[0] === '-') known.delete(key);
      else known.add(key);
    }
    expect(known).toEqual(new Set(Object.keys(server.contents)));
  });
});
