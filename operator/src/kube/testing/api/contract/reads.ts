/** Lists and watches. */
import { VIDEO_PUSHES } from '@videopush/resources/kinds';
import { type KubeObject, keyOf } from '@videopush/resources/objects';
import { expect, it } from 'vitest';
import { systemClock } from '../../../clock.ts';
import type { Status } from '../../../errors.ts';
import { CONFIG_MAPS } from '../../../kinds.ts';
import { Reflector } from '../../../reflector.ts';
import { eventsFrom, type Fixture, versionOf, words } from './fixture.ts';

export function readsAndWatches(fixture: Fixture): void {
  const configMaps = (labelSelector?: string, fieldSelector?: string) =>
    fixture.of(CONFIG_MAPS).collection({ namespace: fixture.namespace, labelSelector, fieldSelector });
  const label = (name: string, app: string) =>
    fixture.of(CONFIG_MAPS).apply(
      { metadata: { name, namespace: fixture.namespace, labels: { app } } },
      {
        fieldManager: 'tester',
        signal: fixture.signal,
      },
    );

  it('lists in pages, of one version all of them', async () => {
    for (const name of ['a', 'b', 'c']) await fixture.apply('tester', {}, name);
    const { signal } = fixture;
    const first = await configMaps().list({ limit: 2, signal });
    await fixture.apply('tester', {}, 'd');
    const second = await configMaps().list({ limit: 2, continue: first.continue, signal });
    expect([...first.items, ...second.items].map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
    expect(second.resourceVersion).toBe(first.resourceVersion);
    expect(second.continue).toBeUndefined();
  });

  it('lists objects of its own kinds without saying what they are, and ours with it', async () => {
    await fixture.apply('tester', {});
    await fixture.push();
    const { namespace, signal } = fixture;
    const collections = [CONFIG_MAPS, VIDEO_PUSHES].map((kind) => fixture.of(kind).collection({ namespace }));
    const pages = await Promise.all(collections.map((collection) => collection.list({ limit: 1, signal })));
    expect(pages.map(({ items }) => items[0]?.kind)).toEqual([undefined, 'VideoPush']);
  });

  it('lists and watches what a selector picks', async () => {
    await label('a', 'x');
    await label('b', 'y');
    const { signal } = fixture;
    const page = await configMaps('app=x').list({ limit: 9, signal });
    expect(page.items.map(({ metadata }) => metadata.name)).toEqual(['a']);
    const named = await configMaps(undefined, 'metadata.name=b').list({ limit: 9, signal });
    expect(named.items.map(({ metadata }) => metadata.name)).toEqual(['b']);
    await label('b', 'x'); // comes to fit
    await label('a', 'y'); // ceases to
    await label('a', 'z'); // is of no interest
    await label('c', 'x');
    const events = await eventsFrom(fixture, configMaps('app=x'), page.resourceVersion, 3);
    expect(words(events)).toEqual(['ADDED b', 'DELETED a', 'ADDED c']);
  });

  it('reports the changes since a version', async () => {
    const { resourceVersion } = await configMaps().list({ limit: 9, signal: fixture.signal });
    await fixture.apply('tester', { a: '1' });
    const changed = await fixture.apply('tester', { a: '2' });
    await fixture.of(CONFIG_MAPS).delete({ name: 'a', namespace: fixture.namespace }, {}, fixture.signal);
    const events = await eventsFrom(fixture, configMaps(), resourceVersion, 3);
    expect(words(events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    const [, modified, deleted] = events.map(({ object }) => object as KubeObject);
    expect(modified).toMatchObject({ kind: 'ConfigMap', data: { a: '2' } });
    expect(versionOf(modified as KubeObject)).toBe(versionOf(changed));
    expect(BigInt(versionOf(deleted as KubeObject))).toBeGreaterThan(BigInt(versionOf(changed)));
    const rest = await eventsFrom(fixture, configMaps(), versionOf(changed), 1);
    expect(words(rest)).toEqual(['DELETED a']);
  });

  it('sends a bookmark before a watch ends, with a version that covers changes outside its selector', async () => {
    const { resourceVersion } = await configMaps().list({ limit: 9, signal: fixture.signal });
    await label('a', 'y');
    let elsewhere: KubeObject | undefined;
    const bookmarks = await eventsFrom(fixture, configMaps('app=y'), resourceVersion, 1, async ({ type }) => {
      // No bookmark covers the objects that existed when the watch began.
      if (type === 'ADDED') elsewhere = await label('b', 'x');
      return type === 'BOOKMARK';
    });
    const [covered] = bookmarks.map(({ object }) => BigInt(versionOf(object as KubeObject)));
    expect(covered).toBeGreaterThanOrEqual(BigInt(versionOf(elsewhere as KubeObject)));
  });

  it('says that a version is too old to go on from', async () => {
    const [event] = await eventsFrom(fixture, fixture.of(VIDEO_PUSHES).collection(), '1', 1);
    expect(event?.type).toBe('ERROR');
    expect(event?.object as Status).toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('is followed by a reflector', async () => {
    await fixture.apply('tester', { a: '1' });
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
    const run = reflector.run(AbortSignal.any([stop.signal, fixture.signal]));
    await reflector.synced;
    const written = await fixture.apply('tester', { b: '1' }, 'b');
    await changed.promise;
    expect([...reflector.values()].map(keyOf).sort()).toEqual(
      ['a', 'b'].map((one) => `${fixture.namespace}/${one}`),
    );
    expect(reflector.version).toBe(versionOf(written));
    stop.abort();
    await run;
  });
}
