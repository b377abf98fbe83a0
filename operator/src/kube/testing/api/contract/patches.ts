/** Merge patches. */

import type { KubeObject } from '@videopush/resources/objects';
import { expect, it } from 'vitest';
import { isNotFound, isOtherObject } from '../../../errors.ts';
import { CONFIG_MAPS } from '../../../kinds.ts';
import { dataOwners, type Entry, type Fixture, failure, versionOf } from './fixture.ts';

export function patches(fixture: Fixture): void {
  const patch = (content: object, fieldManager = 'one'): Promise<KubeObject> =>
    fixture
      .of(CONFIG_MAPS)
      .patch({ name: 'a', namespace: fixture.namespace }, content, { fieldManager, signal: fixture.signal });

  it('patches just what is said, and null takes away', async () => {
    const { metadata } = await fixture.apply('two', { a: '1', b: '1' });
    const object = await patch({ metadata: { uid: metadata.uid }, data: { b: null, c: '1' } });
    expect(object).toMatchObject({ kind: 'ConfigMap', metadata: { uid: metadata.uid } });
    expect(object.data).toEqual({ a: '1', c: '1' });
    expect(dataOwners(object)).toEqual(['one: c', 'two: a']);
  });

  it('gives a field to who patches it, its own manager by another operation too', async () => {
    await fixture.apply('one', { a: '1' });
    const object = await patch({ data: { a: '2' } });
    const entries = object.metadata.managedFields as Entry[];
    expect(entries.map(({ manager, operation }) => `${manager} ${operation}`)).toEqual(['one Update']);
    expect(dataOwners(object)).toEqual(['one: a']);
    expect(versionOf(await patch({ data: { a: '2' } }))).toBe(versionOf(object));
  });

  it('patches neither what is gone nor its successor', async () => {
    const content = { metadata: { uid: crypto.randomUUID() }, data: { a: '2' } };
    expect(isNotFound(await failure(patch(content)))).toBe(true);
    await fixture.apply('one', { a: '1' });
    const error = await failure(patch(content));
    expect([error.code, error.reason, isOtherObject(error)]).toEqual([422, 'Invalid', true]);
  });
}
