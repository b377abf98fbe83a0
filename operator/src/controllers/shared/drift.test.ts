import { stamped } from '@videopush/resources/builders/origin';
import type { KubeObject } from '@videopush/resources/objects';
import { describe, expect, it } from 'vitest';
import { contains, DriftDetector, FIGHT_INTERVAL } from './drift.ts';

describe('an object is as desired', () => {
  it.each<[string, unknown, unknown]>([
    ['when it has more fields', { a: 1, b: 2 }, { a: 1 }],
    ['when an unset field is missing', {}, { a: undefined }],
    ['when an empty part was left out', {}, { a: {}, b: [] }],
    [
      'when a list of named things has one more',
      { c: [{ name: 'x', v: 1 }, { name: 'y' }] },
      { c: [{ name: 'y' }] },
    ],
    [
      'when mounts of one volume come in another order',
      [
        { name: 'v', mountPath: '/b' },
        { name: 'v', mountPath: '/a' },
      ],
      [
        { name: 'v', mountPath: '/a' },
        { name: 'v', mountPath: '/b' },
      ],
    ],
  ])('an object counts as desired %s', (_, stored, desired) => expect(contains(stored, desired)).toBe(true));

  it.each<[string, unknown, unknown]>([
    ['when a value differs', { a: 1 }, { a: 2 }],
    ['when a field is missing', {}, { a: 1 }],
    ['when a named thing is missing', { c: [{ name: 'x' }] }, { c: [{ name: 'y' }] }],
    ['when a plain list is longer', { args: ['a', 'b'] }, { args: ['a'] }],
    ['when it is another type', { a: 'x' }, { a: { b: 1 } }],
  ])('an object does not count as desired %s', (_, stored, desired) =>
    expect(contains(stored, desired)).toBe(false),
  );
});

describe('the detector', () => {
  const object = (spec: unknown): KubeObject => ({
    kind: 'Deployment',
    metadata: { name: 'x', namespace: 'ns' },
    spec,
  });
  const desired = stamped(object({ cpu: '1000m', replicas: 1 }));
  const answer = { ...desired, spec: { cpu: '1', replicas: 1 } };

  it('the drift detector applies an object that is missing', () => {
    expect(new DriftDetector().judge(desired, null, 0)).toEqual({ act: 'apply', why: 'missing' });
  });

  it('the drift detector leaves an object alone that is stored as desired', () => {
    expect(new DriftDetector().judge(desired, desired, 0)).toEqual({ act: 'none' });
  });

  it('the drift detector accepts objects of a list that lack their kind', () => {
    const { kind: _, ...listed } = desired;
    expect(new DriftDetector().judge(desired, listed as KubeObject, 0)).toEqual({ act: 'none' });
  });

  it('the drift detector applies an object whose desired content changed, even when it only shrank', () => {
    const less = stamped(object({ replicas: 1 }));
    expect(new DriftDetector().judge(less, desired, 0)).toEqual({ act: 'apply', why: 'changed' });
  });

  it('the drift detector learns how the API server writes a value', () => {
    const detector = new DriftDetector();
    expect(detector.judge(desired, answer, 0)).toEqual({ act: 'apply', why: 'unsure' });
    detector.remember(desired, answer, 0);
    expect(detector.judge(desired, answer, 1)).toEqual({ act: 'none' });
    expect(detector.judge(desired, answer, FIGHT_INTERVAL * 2)).toEqual({ act: 'none' });
  });

  it('the drift detector restores what somebody changed, at most every five seconds', () => {
    const detector = new DriftDetector();
    detector.remember(desired, desired, 0);
    const changed = { ...desired, spec: { cpu: '1000m', replicas: 3 } };
    expect(detector.judge(desired, changed, 1000)).toEqual({
      act: 'wait',
      milliseconds: FIGHT_INTERVAL - 1000,
    });
    expect(detector.judge(desired, changed, FIGHT_INTERVAL)).toEqual({ act: 'apply', why: 'drift' });
  });

  it('the drift detector restores a removed hash at most every five seconds', () => {
    const detector = new DriftDetector();
    detector.remember(desired, desired, 0);
    const spoilt = { ...desired, metadata: { ...desired.metadata, annotations: {} } };
    expect(detector.judge(desired, spoilt, 1)).toMatchObject({ act: 'wait' });
    expect(detector.judge(desired, spoilt, FIGHT_INTERVAL)).toEqual({ act: 'apply', why: 'drift' });
  });
});
