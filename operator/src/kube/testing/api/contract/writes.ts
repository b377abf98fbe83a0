/** Writes of whole objects, and deletions. */
import { VIDEO_PUSHES } from '@videopush/resources/kinds';
import { expect, it } from 'vitest';
import { isConflict, isNotFound } from '../../../errors.ts';
import { CONFIG_MAPS, EVENTS, LEASES } from '../../../kinds.ts';
import { eventsFrom, failure, versionOf, type World, words } from './world.ts';

export function writes(world: World): void {
  it('knows nothing of what is not there', async () => {
    const place = { name: 'none', namespace: world.namespace };
    const error = await failure(world.of(CONFIG_MAPS).get(place, world.signal));
    expect(isNotFound(error)).toBe(true);
    expect(await world.of(CONFIG_MAPS).find(place, world.signal)).toBeNull();
    const deleted = await failure(world.of(CONFIG_MAPS).delete(place, {}, world.signal));
    expect(deleted.reason).toBe('NotFound');
  });

  it('creates once', async () => {
    const object = { metadata: { name: 'a', namespace: world.namespace } };
    const { metadata } = await world.of(CONFIG_MAPS).create(object, world.signal);
    expect(metadata).toMatchObject({
      uid: expect.any(String),
      creationTimestamp: expect.stringMatching(/Z$/),
    });
    const error = await failure(world.of(CONFIG_MAPS).create(object, world.signal));
    expect([error.code, error.reason]).toEqual([409, 'AlreadyExists']);
  });

  it('creates nothing in a namespace that is not there', async () => {
    const object = { metadata: { name: 'a', namespace: `${world.namespace}-none` } };
    const error = await failure(world.of(CONFIG_MAPS).create(object, world.signal));
    expect(error.reason).toBe('NotFound');
  });

  it('replaces only the newest version', async () => {
    const first = await world.apply('tester', { a: '1' });
    const second = await world.of(CONFIG_MAPS).replace({ ...first, data: { a: '2' } }, world.signal);
    expect(second).toMatchObject({ data: { a: '2' } });
    const error = await failure(world.of(CONFIG_MAPS).replace({ ...first, data: { a: '3' } }, world.signal));
    expect([isConflict(error), error.reason]).toEqual([true, 'Conflict']);
  });

  it('keeps leases and events with times of a microsecond', async () => {
    const { namespace, signal } = world;
    const at = '2026-01-31T12:00:00.123456Z';
    const lease = await world.of(LEASES).create(
      {
        metadata: { name: 'l', namespace },
        spec: { holderIdentity: 'me', renewTime: at, leaseTransitions: 0 },
      },
      signal,
    );
    expect(lease.spec).toMatchObject({ renewTime: at });
    const event = {
      metadata: { name: 'e', namespace },
      ...{ eventTime: at, reportingController: 'videopush.dev/operator', reportingInstance: 'me' },
      ...{ type: 'Normal', reason: 'Published', action: 'Publish', note: 'so it is' },
      regarding: { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace },
    };
    const stored = await world.of(EVENTS).create(event, signal);
    const series = { count: 2, lastObservedTime: at };
    expect(await world.of(EVENTS).replace({ ...stored, series }, signal)).toMatchObject({
      eventTime: at,
      series,
    });
  });
}

export function deletions(world: World): void {
  const place = () => ({ name: 'a', namespace: world.namespace });

  it('deletes, and what comes after is another object', async () => {
    const first = await world.apply('one', {});
    await world.of(CONFIG_MAPS).delete(place(), { uid: first.metadata.uid }, world.signal);
    expect(await world.of(CONFIG_MAPS).find(place(), world.signal)).toBeNull();
    expect((await world.apply('one', {})).metadata.uid).not.toBe(first.metadata.uid);
  });

  it('deletes only the very object that is meant', async () => {
    await world.apply('one', {});
    const uid = crypto.randomUUID();
    const error = await failure(world.of(CONFIG_MAPS).delete(place(), { uid }, world.signal));
    expect([isConflict(error), error.reason]).toEqual([true, 'Conflict']);
  });

  it('keeps what has a finalizer until that is gone', async () => {
    const pushes = world.of(VIDEO_PUSHES);
    const options = { fieldManager: 'one', signal: world.signal };
    const where = { name: 'p', namespace: world.namespace };
    await world.push();
    const held = await pushes.apply({ metadata: { ...where, finalizers: ['videopush.dev/test'] } }, options);
    await pushes.delete(where, { uid: held.metadata.uid }, world.signal);
    const marked = await pushes.get(where, world.signal);
    expect(marked.metadata).toMatchObject({
      deletionTimestamp: expect.stringMatching(/Z$/),
      finalizers: ['videopush.dev/test'],
      generation: 2,
    });
    await pushes.delete(where, {}, world.signal);
    expect(versionOf(await pushes.get(where, world.signal))).toBe(versionOf(marked));
    const told = eventsFrom(world, pushes.collection({ namespace: world.namespace }), versionOf(marked), 1);
    await pushes.apply({ metadata: { ...where, uid: held.metadata.uid ?? '' } }, options);
    expect(words(await told)).toEqual(['DELETED p']);
    expect(await pushes.find(where, world.signal)).toBeNull();
  });
}
