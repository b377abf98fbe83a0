/** Merge patches. */

import type { KubeObject } from '@videopush/resources/objects';
import { expect, it } from 'vitest';
import { isNotFound, isOtherObject } from '../../../errors.ts';
import { CONFIG_MAPS } from '../../../kinds.ts';
import { dataOwners, type Entry, failure, versionOf, type World } from './world.ts';

export function patches(world: World): void {
  const patch = (content: object, fieldManager = 'one'): Promise<KubeObject> =>
    world
      .of(CONFIG_MAPS)
      .patch({ name: 'a', namespace: world.namespace }, content, { fieldManager, signal: world.signal });

  it('patches just what is said, and null takes away', async () => {
    const { metadata } = await world.apply('two', { a: '1', b: '1' });
    const object = await patch({ metadata: { uid: metadata.uid }, data: { b: null, c: '1' } });
    expect(object).toMatchObject({ kind: 'ConfigMap', metadata: { uid: metadata.uid } });
    expect(object.data).toEqual({ a: '1', c: '1' });
    expect(dataOwners(object)).toEqual(['one: c', 'two: a']);
  });

  it('gives a field to who patches it, its own manager by another operation too', async () => {
    await world.apply('one', { a: '1' });
    const object = await patch({ data: { a: '2' } });
    const entries = object.metadata.managedFields as Entry[];
    expect(entries.map(({ manager, operation }) => `${manager} ${operation}`)).toEqual(['one Update']);
    expect(dataOwners(object)).toEqual(['one: a']);
    expect(versionOf(await patch({ data: { a: '2' } }))).toBe(versionOf(object));
  });

  it('patches neither what is gone nor its successor', async () => {
    const content = { metadata: { uid: crypto.randomUUID() }, data: { a: '2' } };
    expect(isNotFound(await failure(patch(content)))).toBe(true);
    await world.apply('one', { a: '1' });
    const error = await failure(patch(content));
    expect([error.code, error.reason, isOtherObject(error)]).toEqual([422, 'Invalid', true]);
  });
}
