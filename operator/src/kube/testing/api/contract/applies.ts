/** Server-side apply. */
import { expect, it } from 'vitest';
import { isOtherObject } from '../../../errors.ts';
import { CONFIG_MAPS, SERVICES } from '../../../kinds.ts';
import { dataOwners, type Fixture, failure, versionOf } from './fixture.ts';

export function applies(fixture: Fixture): void {
  it('creates, and keeps who owns what', async () => {
    const object = await fixture.apply('one', { a: '1', b: '1' });
    expect(object).toMatchObject({ data: { a: '1', b: '1' } });
    expect(dataOwners(object)).toEqual(['one: a,b']);
  });

  it('takes a field away that its only owner no longer wants', async () => {
    await fixture.apply('one', { a: '1', b: '1', c: '1' });
    await fixture.apply('two', { b: '1' });
    const object = await fixture.apply('one', { a: '1' });
    expect(object.data).toEqual({ a: '1', b: '1' });
    expect(dataOwners(object)).toEqual(['one: a', 'two: b']);
  });

  it('leaves alone what nobody applied', async () => {
    const created = await fixture
      .of(CONFIG_MAPS)
      .create({ metadata: { name: 'a', namespace: fixture.namespace }, data: { z: '1' } }, fixture.signal);
    const object = await fixture.apply('one', { a: '1' });
    expect(object.metadata.uid).toBe(created.metadata.uid);
    expect(object.data).toEqual({ a: '1', z: '1' });
  });

  it('refuses to change what somebody else owns, unless it is forced to', async () => {
    await fixture.apply('one', { a: '1', b: '1' });
    const error = await failure(fixture.applyGently('two', { a: '2' }));
    expect([error.code, error.reason]).toEqual([409, 'Conflict']);
    expect(error.message).toContain('Apply failed with 1 conflict: conflict with "one": .data.a');
    expect((await fixture.applyGently('two', { a: '1' })).data).toEqual({ a: '1', b: '1' });
    const forced = await fixture.apply('two', { a: '2' });
    expect(forced.data).toEqual({ a: '2', b: '1' });
    expect(dataOwners(forced)).toEqual(['one: b', 'two: a']);
  });

  it('gives a field to who replaces it', async () => {
    const first = await fixture.apply('one', { a: '1', b: '1' });
    const object = await fixture
      .of(CONFIG_MAPS)
      .replace({ ...first, data: { a: '2', b: '1' } }, fixture.signal);
    expect(dataOwners(object)).toHaveLength(2);
    expect(dataOwners(object)).toContain('one: b');
    const error = await failure(fixture.applyGently('one', { a: '1', b: '1' }));
    expect(error.message).toContain('.data.a');
  });

  it('writes nothing when nothing is new', async () => {
    const first = await fixture.apply('one', { a: '1' });
    expect(versionOf(await fixture.apply('one', { a: '1' }))).toBe(versionOf(first));
    // Owning it too is something new.
    expect(versionOf(await fixture.apply('two', { a: '1' }))).not.toBe(versionOf(first));
  });

  it('merges lists by their keys', async () => {
    const { namespace, signal } = fixture;
    const port = (name: string, port: number) => ({ name, port, protocol: 'TCP' });
    const apply = (fieldManager: string, ports: object[]) =>
      fixture
        .of(SERVICES)
        .apply({ metadata: { name: 's', namespace }, spec: { ports } }, { fieldManager, signal });
    await apply('one', [port('a', 1), port('b', 2)]);
    await apply('two', [port('c', 3)]);
    const after = await apply('one', [port('b', 2)]);
    const { ports } = after.spec as { ports: { name: string }[] };
    expect(ports.map(({ name }) => name).sort()).toEqual(['b', 'c']);
  });

  it('merges annotations, finalizers and owners of several managers', async () => {
    const { namespace, signal } = fixture;
    const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: uid, uid });
    const apply = (fieldManager: string, metadata: object) =>
      fixture
        .of(CONFIG_MAPS)
        .apply({ metadata: { name: 'm', namespace, ...metadata } }, { fieldManager, signal });
    await apply('one', { annotations: { a: '1' }, finalizers: ['x.dev/a'], ownerReferences: [owner('u-1')] });
    await apply('two', { annotations: { b: '1' }, finalizers: ['x.dev/b'], ownerReferences: [owner('u-2')] });
    const { metadata } = await apply('one', { annotations: {} });
    expect(metadata).toMatchObject({ annotations: { b: '1' }, finalizers: ['x.dev/b'] });
    expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual(['u-2']);
    await apply('two', {});
  });

  it('does not bring back an object of another uid', async () => {
    const metadata = { name: 'a', namespace: fixture.namespace, uid: crypto.randomUUID() };
    const options = { fieldManager: 'one', signal: fixture.signal };
    const missing = await failure(fixture.of(CONFIG_MAPS).apply({ metadata }, options));
    expect(missing.code).toBe(409);
    await fixture.apply('one', {});
    const other = await failure(fixture.of(CONFIG_MAPS).apply({ metadata }, options));
    expect([other.code, other.reason]).toEqual([422, 'Invalid']);
    expect(other.message).toContain('metadata.uid');
    expect(isOtherObject(other)).toBe(true);
  });
}
