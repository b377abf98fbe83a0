/**
 * The faults that the fake API server makes on order, as the operator's own
 * reflector and transport meet them.
 */

import type { KubeObject } from '@videopush/resources/objects';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../../../../../test/support/until.ts';
import { ApiError, isGone } from '../../errors.ts';
import { CONFIG_MAPS, SECRETS } from '../../kinds.ts';
import { Reflector } from '../../reflector.ts';
import { Resource } from '../../resource.ts';
import { HttpTransport } from '../../transport.ts';
import { WriteGate } from '../../write-gate.ts';
import { SkippingClock } from '../skipping-clock.ts';
import { FakeApiServer } from './server.ts';

const LIMIT = 5_000;
const signal = AbortSignal.timeout(60_000);
const options = { fieldManager: 'tester', signal };

let server: FakeApiServer;
let transport: HttpTransport;
let configMaps: Resource;
let secrets: Resource;

beforeEach(async () => {
  server = await FakeApiServer.start();
  transport = new HttpTransport({ server: server.url, userAgent: 'videopush-test/1' });
  const gate = new WriteGate();
  gate.open();
  configMaps = new Resource(CONFIG_MAPS, transport, gate);
  secrets = new Resource(SECRETS, transport, gate);
});

afterEach(async () => {
  transport.close();
  await server.close();
});

const put = (name: string, more: object = {}): Promise<KubeObject> =>
  configMaps.apply({ metadata: { name, namespace: 'default', ...more } }, options);

const asked = (method: string): number =>
  server.answered.filter((request) => request.method === method).length;

interface Fixture {
  clock: SkippingClock;
  reflector: Reflector;
  errors: unknown[];
  names: () => string[];
}

/** A reflector that follows all ConfigMaps while `body` runs. */
async function following(body: (fixture: Fixture) => Promise<void>): Promise<void> {
  const clock = new SkippingClock();
  const errors: unknown[] = [];
  const reflector = new Reflector({
    name: 'configmaps',
    collection: configMaps.collection(),
    clock,
    onChange: () => undefined,
    onError: (error) => errors.push(error),
  });
  const names = () => [...reflector.values()].map(({ metadata }) => metadata.name).sort();
  const stop = new AbortController();
  const run = reflector.run(stop.signal);
  try {
    await body({ clock, reflector, errors, names });
  } finally {
    stop.abort();
    await run;
  }
}

/** The reflector has the object that is written now. */
const hears = async ({ names }: Fixture, name: string): Promise<void> => {
  await put(name);
  await until(`${name} is heard of`, () => names().includes(name), LIMIT);
};

it('the fake API server asks for patience, and the reflector waits as long', async () => {
  server.refuse({ code: 429, times: 1, retryAfter: 20 });
  await following(async (fixture) => {
    const [error] = await until('it is refused', () => fixture.errors.length > 0 && fixture.errors, LIMIT);
    expect(error).toMatchObject({ code: 429, retryAfter: 20_000 });
    fixture.clock.skip(19_000);
    expect(asked('GET')).toBe(1);
    fixture.clock.skip(1_000);
    await fixture.reflector.synced;
    await hears(fixture, 'a');
  });
});

it('the fake API server fails as often as ordered, whatever is asked', async () => {
  server.refuse({ code: 503, times: 2 });
  for (const _ of [1, 2]) await expect(put('a')).rejects.toMatchObject({ code: 503 });
  expect((await put('a')).metadata.uid).toBeDefined();
});

it('the fake API server breaks watches off, and the reflector goes on from where it was', () =>
  following(async (fixture) => {
    await fixture.reflector.synced;
    await hears(fixture, 'a');
    server.dropWatches();
    await until('the watch is missed', () => fixture.errors.length > 0, LIMIT);
    fixture.clock.skip(2_000);
    await hears(fixture, 'b');
    expect([asked('GET'), asked('WATCH')]).toEqual([1, 2]);
    expect(fixture.names()).toEqual(['a', 'b']);
  }));

it('the fake API server falls silent, and the reflector does not wait for it for ever', () =>
  following(async (fixture) => {
    await fixture.reflector.synced;
    await hears(fixture, 'a');
    server.stallWatches();
    await put('b');
    fixture.clock.skip(210_000);
    const [error] = await until(
      'the silence is noticed',
      () => fixture.errors.length > 0 && fixture.errors,
      LIMIT,
    );
    expect(`${error}`).toContain('nothing was heard of the watch for 210 s');
    expect(fixture.names()).toEqual(['a']);
    fixture.clock.skip(2_000);
    await hears(fixture, 'c');
    expect(fixture.names()).toEqual(['a', 'b', 'c']);
  }));

it('the fake API server forgets past changes, and the reflector lists again', () =>
  following(async (fixture) => {
    await fixture.reflector.synced;
    await hears(fixture, 'a');
    server.dropWatches();
    await until('the watch is missed', () => fixture.errors.length > 0, LIMIT);
    await put('b');
    await configMaps.delete({ name: 'a', namespace: 'default' }, {}, signal);
    server.compact();
    fixture.clock.skip(2_000);
    await until('it is listed again', () => `${fixture.names()}` === 'b', LIMIT);
    expect(asked('GET')).toBe(2);
    await hears(fixture, 'c');
  }));

it('the fake API server refuses the next page of a list that it has forgotten', async () => {
  for (const name of ['a', 'b']) await put(name);
  const collection = configMaps.collection();
  const first = await collection.list({ limit: 1, signal });
  server.compact();
  const next = collection.list({ limit: 1, continue: first.continue, signal });
  await expect(next).rejects.toSatisfy(isGone);
});

it('the fake API server deletes what a deleted object owned, and what that owned', async () => {
  const owner = ({ metadata: { name, uid = '' } }: KubeObject) => ({
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }],
  });
  const first = await put('first');
  const second = await put('second', owner(first));
  await put('third', owner(second));
  await put('other');
  const place = { name: 'shared', namespace: 'default' };
  const other = await put('owner');
  const both = [...owner(first).ownerReferences, ...owner(other).ownerReferences];
  await secrets.create({ metadata: { ...place, ownerReferences: both } }, signal);
  await configMaps.delete({ name: 'first', namespace: 'default' }, {}, signal);
  const left = await configMaps.collection().list({ limit: 9, signal });
  expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['other', 'owner']);
  expect(await secrets.find(place, signal)).not.toBeNull();
});

it('the fake API server refuses paths, patches and selectors that it does not know', async () => {
  const ask = (path: string, more: object = {}) => transport.json({ path, signal, ...more });
  await expect(ask('/api/v1/gadgets')).rejects.toThrow(ApiError);
  const patch = { method: 'PATCH' as const, body: {}, contentType: 'application/json-patch+json' };
  await expect(ask('/api/v1/namespaces/default/configmaps/a', patch)).rejects.toMatchObject({ code: 415 });
  await expect(ask('/api/v1/configmaps?fieldSelector=data.a%3D1')).rejects.toMatchObject({ code: 400 });
});
