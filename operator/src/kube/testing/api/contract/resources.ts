/** What a schema says, the status, and generations. */
import { VIDEO_PUSHES } from '@videopush/resources/kinds';
import { expect, it } from 'vitest';
import { isNotFound } from '../../../errors.ts';
import { DEPLOYMENTS } from '../../../kinds.ts';
import { type Entry, type Fixture, failure, OUTPUT, PUSH_SPEC, versionOf } from './fixture.ts';

export function resources(fixture: Fixture): void {
  const applyStatus = (status: object) =>
    fixture
      .of(VIDEO_PUSHES)
      .apply(
        { metadata: { name: 'p', namespace: fixture.namespace }, status },
        { fieldManager: 'status', subresource: 'status', signal: fixture.signal },
      );
  const condition = (type: string, status: string) => ({
    ...{ type, status, reason: 'Test', message: '', lastTransitionTime: '2026-01-31T12:00:00Z' },
  });

  it('fills in defaults, which nobody owns', async () => {
    const options = { fieldManager: 'one', signal: fixture.signal };
    const object = { metadata: { name: 'p', namespace: fixture.namespace }, spec: PUSH_SPEC };
    const stored = await fixture.of(VIDEO_PUSHES).apply(object, options);
    expect(stored.spec).toMatchObject({ topology: 'SamePod', suspend: false });
    const [entry] = stored.metadata.managedFields as Entry[];
    expect(JSON.stringify(entry?.fieldsV1)).not.toContain('f:suspend');
    expect(versionOf(await fixture.of(VIDEO_PUSHES).apply(object, options))).toBe(versionOf(stored));
  });

  it('refuses unknown fields and what does not fit the schema', async () => {
    const unknown = await failure(fixture.push({ ...PUSH_SPEC, colour: 'red' }));
    expect([unknown.code, unknown.reason]).toEqual([400, 'BadRequest']);
    expect(unknown.message).toContain('unknown field "spec.colour"');
    const wrong = await failure(fixture.push({ ...PUSH_SPEC, topology: 'Sideways' }));
    expect([wrong.code, wrong.reason]).toEqual([422, 'Invalid']);
    const missing = await failure(fixture.push({ outputs: [OUTPUT] }));
    expect(missing.code).toBe(422);
    const twice = await failure(fixture.push({ ...PUSH_SPEC, outputs: [OUTPUT, OUTPUT] }));
    expect(twice.code).toBe(422);
  });

  it('refuses an apply with an unknown field', async () => {
    const error = await failure(
      fixture
        .of(VIDEO_PUSHES)
        .apply(
          { metadata: { name: 'p', namespace: fixture.namespace }, spec: { ...PUSH_SPEC, colour: 'red' } },
          { fieldManager: 'one', signal: fixture.signal },
        ),
    );
    expect(error.message).toContain('.spec.colour: field not declared in schema');
  });

  it('keeps the status apart', async () => {
    const pushes = fixture.of(VIDEO_PUSHES);
    const created = await pushes.create(
      { metadata: { name: 'p', namespace: fixture.namespace }, spec: PUSH_SPEC, status: { restarts: 7 } },
      fixture.signal,
    );
    expect(created.status).toBeUndefined();
    const written = await applyStatus({ restarts: 1, conditions: [condition('Ready', 'True')] });
    expect(written).toMatchObject({ spec: created.spec, status: { restarts: 1 } });
    const replaced = await pushes.replace({ ...written, status: { restarts: 9 } }, fixture.signal);
    expect(replaced.status).toMatchObject({ restarts: 1 });
    expect(versionOf(replaced)).toBe(versionOf(written));
    const entries = written.metadata.managedFields as Entry[];
    expect(entries.find(({ manager }) => manager === 'status')).toMatchObject({
      operation: 'Apply',
      subresource: 'status',
    });
    const error = await failure(
      pushes.apply(
        { metadata: { name: 'none', namespace: fixture.namespace }, status: {} },
        { fieldManager: 'status', subresource: 'status', signal: fixture.signal },
      ),
    );
    expect(isNotFound(error)).toBe(true);
  });

  it('takes conditions away that the status no longer has', async () => {
    await fixture.push();
    await applyStatus({ conditions: [condition('Ready', 'False'), condition('Stalled', 'True')] });
    const { status } = await applyStatus({ conditions: [condition('Ready', 'True')] });
    const { conditions } = status as { conditions: object[] };
    expect(conditions).toEqual([condition('Ready', 'True')]);
  });

  it('counts generations by what is specified', async () => {
    const created = await fixture.push();
    expect(created.metadata.generation).toBe(1);
    expect((await applyStatus({ restarts: 1 })).metadata.generation).toBe(1);
    const pushes = fixture.of(VIDEO_PUSHES);
    const options = { fieldManager: 'one', signal: fixture.signal };
    const metadata = { name: 'p', namespace: fixture.namespace, labels: { a: 'b' } };
    expect((await pushes.apply({ metadata }, options)).metadata.generation).toBe(1);
    const suspended = await pushes.apply({ metadata, spec: { suspend: true } }, options);
    expect(suspended.metadata.generation).toBe(2);
    expect((await pushes.apply({ metadata, spec: { suspend: true } }, options)).metadata.generation).toBe(2);
  });

  it('counts generations of Deployments and not of ConfigMaps', async () => {
    const { namespace, signal } = fixture;
    const labels = { app: 'd' };
    const deployment = (replicas: number, image: string, cpu = '1000m') => ({
      metadata: { name: 'd', namespace },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'c', image, resources: { limits: { cpu } } }] },
        },
      },
    });
    const options = { fieldManager: 'one', signal };
    const deployments = fixture.of(DEPLOYMENTS);
    const first = await deployments.apply(deployment(1, 'a'), options);
    expect(first.metadata.generation).toBe(1);
    expect(JSON.stringify(first.spec)).toContain('"limits":{"cpu":"1"}');
    expect(versionOf(await deployments.apply(deployment(1, 'a', '1'), options))).toBe(versionOf(first));
    expect((await deployments.apply(deployment(2, 'a'), options)).metadata.generation).toBe(2);
    expect((await fixture.apply('one', { a: '1' })).metadata.generation).toBeUndefined();
  });
}
