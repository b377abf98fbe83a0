/** Lists and watches. */
import { VIDEO_PUSHES } from '@videopush/resources/kinds';
import { type KubeObject, keyOf } from '@videopush/resources/objects';
import { expect, it } from 'vitest';
import { systemClock } from '../../../clock.ts';
import type { Status } from '../../../errors.ts';
import { CONFIG_MAPS } from '../../../kinds.ts';
import { Reflector } from '../../../reflector.ts';
import { eventsFrom, versionOf, type World, words } from './world.ts';

export function readsAndWatches(world: World): void {
  const configMaps = (labelSelector?: string, fieldSelector?: string) =>
    world.of(CONFIG_MAPS).collection({ namespace: world.namespace, labelSelector, fieldSelector });
  const label = (name: string, app: string) =>
    world.of(CONFIG_MAPS).apply(
      { metadata: { name, namespace: world.namespace, labels: { app } } },
      {
        fieldManager: 'tester',
        signal: world.signal,
      },
    );

  it('lists in pages, of one version all of them', async () => {
    for (const name of ['a', 'b', 'c']) await world.apply('tester', {}, name);
    const { signal } = world;
    const first = await configMaps().list({ limit: 2, signal });
    await world.apply('tester', {}, 'd');
    const second = await configMaps().list({ limit: 2, continue: first.continue, signal });
    expect([...first.items, ...second.items].map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
    expect(second.resourceVersion).toBe(first.resourceVersion);
    expect(second.continue).toBeUndefined();
  });

  it('lists objects of its own kinds without saying what they are, and ours with it', async () => {
    await world.apply('tester', {});
    await world.push();
    const { namespace, signal } = world;
    const collections = [CONFIG_MAPS, VIDEO_PUSHES].map((kind) => world.of(kind).collection({ namespace }));
    const pages = await Promise.all(collections.map((collection) => collection.list({ limit: 1, signal })));
    expect(pages.map(({ items }) => items[0]?.kind)).toEqual([undefined, 'VideoPush']);
  });

  it('lists and watches what a selector picks', async () => {
    await label('a', 'x');
    await label('b', 'y');
    const { signal } = world;
    const page = await configMaps('app=x').list({ limit: 9, signal });
    expect(page.items.map(({ metadata }) => metadata.name)).toEqual(['a']);
    const named = await configMaps(undefined, 'metadata.name=b').list({ limit: 9, signal });
    expect(named.items.map(({ metadata }) => metadata.name)).toEqual(['b']);
    await label('b', 'x'); // comes to fit
    await label('a', 'y'); // ceases to
    await label('a', 'z'); // is of no interest
    await label('c', 'x');
    const events = await eventsFrom(world, configMaps('app=x'), page.resourceVersion, 3);
    expect(words(events)).toEqual(['ADDED b', 'DELETED a', 'ADDED c']);
  });

  it('tells from a version on what has happened since', async () => {
    const { resourceVersion } = await configMaps().list({ limit: 9, signal: world.signal });
    await world.apply('tester', { a: '1' });
    const changed = await world.apply('tester', { a: '2' });
    await world.of(CONFIG_MAPS).delete({ name: 'a', namespace: world.namespace }, {}, world.signal);
    const events = await eventsFrom(world, configMaps(), resourceVersion, 3);
    expect(words(events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    const [, modified, deleted] = events.map(({ object }) => object as KubeObject);
    expect(modified).toMatchObject({ kind: 'ConfigMap', data: { a: '2' } });
    expect(versionOf(modified as KubeObject)).toBe(versionOf(changed));
    expect(BigInt(versionOf(deleted as KubeObject))).toBeGreaterThan(BigInt(versionOf(changed)));
    const rest = await eventsFrom(world, configMaps(), versionOf(changed), 1);
    expect(words(rest)).toEqual(['DELETED a']);
  });

  it('tells before a watch ends how far it has come with what is not shown', async () => {
    const { resourceVersion } = await configMaps().list({ limit: 9, signal: world.signal });
    await label('a', 'y');
    let elsewhere: KubeObject | undefined;
    const bookmarks = await eventsFrom(world, configMaps('app=y'), resourceVersion, 1, async ({ type }) => {
      // Of what was there when it began, no bookmark tells.
      if (type === 'ADDED') elsewhere = await label('b', 'x');
      return type === 'BOOKMARK';
    });
    const [told] = bookmarks.map(({ object }) => BigInt(versionOf(object as KubeObject)));
    expect(told).toBeGreaterThanOrEqual(BigInt(versionOf(elsewhere as KubeObject)));
  });

  it('says that a version is too old to go on from', async () => {
    const [event] = await eventsFrom(world, world.of(VIDEO_PUSHES).collection(), '1', 1);
    expect(event?.type).toBe('ERROR');
    expect(event?.object as Status).toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('is followed by a reflector', async () => {
    await world.apply('tester', { a: '1' });
    const stop = new AbortController();
    const changed = Promise.withResolvers<void>();
    const reflector = new Reflector({
      name: 'configmaps',
      collection: configMaps(),
      clock: systemClock,
      pageSize: 1,
      onChange: ({ after }) => {
        if ((after as { data?: object } | undefined)?.data && after?.metadata.name === 'b') changed.resolve();
      },
    });
    const run = reflector.run(AbortSignal.any([stop.signal, world.signal]));
    await reflector.synced;
    const written = await world.apply('tester', { b: '1' }, 'b');
    await changed.promise;
    expect([...reflector.values()].map(keyOf).sort()).toEqual(
      ['a', 'b'].map((one) => `${world.namespace}/${one}`),
    );
    expect(reflector.version).toBe(versionOf(written));
    stop.abort();
    await run;
  });
}
