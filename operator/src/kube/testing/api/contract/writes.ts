/** Writes of whole objects, and deletions. */
import { VIDEO_PUSHES } from '@videopush/resources/kinds';
import { expect, it } from 'vitest';
import { isConflict, isNotFound } from '../../../errors.ts';
import { CONFIG_MAPS, EVENTS, LEASES } from '../../../kinds.ts';
import { eventsFrom, type Fixture, failure, versionOf, words } from './fixture.ts';

export function writes(fixture: Fixture): void {
  it('answers NotFound for an object that does not exist', async () => {
    const place = { name: 'none', namespace: fixture.namespace };
    const error = await failure(fixture.of(CONFIG_MAPS).get(place, fixture.signal));
    expect(isNotFound(error)).toBe(true);
    expect(await fixture.of(CONFIG_MAPS).find(place, fixture.signal)).toBeNull();
    const deleted = await failure(fixture.of(CONFIG_MAPS).delete(place, {}, fixture.signal));
    expect(deleted.reason).toBe('NotFound');
  });

  it('creates once', async () => {
    const object = { metadata: { name: 'a', namespace: fixture.namespace } };
    const { metadata } = await fixture.of(CONFIG_MAPS).create(object, fixture.signal);
    expect(metadata).toMatchObject({
      uid: expect.any(String),
      creationTimestamp: expect.stringMatching(/Z$/),
    });
    const error = await failure(fixture.of(CONFIG_MAPS).create(object, fixture.signal));
    expect([error.code, error.reason]).toEqual([409, 'AlreadyExists']);
  });

  it('creates nothing in a namespace that does not exist', async () => {
    const object = { metadata: { name: 'a', namespace: `${fixture.namespace}-none` } };
    const error = await failure(fixture.of(CONFIG_MAPS).create(object, fixture.signal));
    expect(error.reason).toBe('NotFound');
  });

  it('replaces only the newest version', async () => {
    const first = await fixture.apply('tester', { a: '1' });
    const second = await fixture.of(CONFIG_MAPS).replace({ ...first, data: { a: '2' } }, fixture.signal);
    expect(second).toMatchObject({ data: { a: '2' } });
    const error = await failure(
      fixture.of(CONFIG_MAPS).replace({ ...first, data: { a: '3' } }, fixture.signal),
    );
    expect([isConflict(error), error.reason]).toEqual([true, 'Conflict']);
  });

  it('keeps leases and events with times of a microsecond', async () => {
    const { namespace, signal } = fixture;
    const at = '2026-01-31T12:00:00.123456Z';
    const lease = await fixture.of(LEASES).create(
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
    const stored = await fixture.of(EVENTS).create(event, signal);
    const series = { count: 2, lastObservedTime: at };
    expect(await fixture.of(EVENTS).replace({ ...stored, series }, signal)).toMatchObject({
      eventTime: at,
      series,
    });
  });
}

export function deletions(fixture: Fixture): void {
  const place = () => ({ name: 'a', namespace: fixture.namespace });

  it('deletes, and what comes after is another object', async () => {
    const first = await fixture.apply('one', {});
    await fixture.of(CONFIG_MAPS).delete(place(), { uid: first.metadata.uid }, fixture.signal);
    expect(await fixture.of(CONFIG_MAPS).find(place(), fixture.signal)).toBeNull();
    expect((await fixture.apply('one', {})).metadata.uid).not.toBe(first.metadata.uid);
  });

  it('deletes only the very object that is meant', async () => {
    await fixture.apply('one', {});
    const uid = crypto.randomUUID();
    const error = await failure(fixture.of(CONFIG_MAPS).delete(place(), { uid }, fixture.signal));
    expect([isConflict(error), error.reason]).toEqual([true, 'Conflict']);
  });

  it('keeps what has a finalizer until that is gone', async () => {
    const pushes = fixture.of(VIDEO_PUSHES);
    const options = { fieldManager: 'one', signal: fixture.signal };
    const where = { name: 'p', namespace: fixture.namespace };
    await fixture.push();
    const held = await pushes.apply({ metadata: { ...where, finalizers: ['videopush.dev/test'] } }, options);
    await pushes.delete(where, { uid: held.metadata.uid }, fixture.signal);
    const marked = await pushes.get(where, fixture.signal);
    expect(marked.metadata).toMatchObject({
      deletionTimestamp: expect.stringMatching(/Z$/),
      finalizers: ['videopush.dev/test'],
      generation: 2,
    });
    await pushes.delete(where, {}, fixture.signal);
    expect(versionOf(await pushes.get(where, fixture.signal))).toBe(versionOf(marked));
    const deletion = eventsFrom(
      fixture,
      pushes.collection({ namespace: fixture.namespace }),
      versionOf(marked),
      1,
    );
    await pushes.apply({ metadata: { ...where, uid: held.metadata.uid ?? '' } }, options);
    expect(words(await deletion)).toEqual(['DELETED p']);
    expect(await pushes.find(where, fixture.signal)).toBeNull();
  });
}
