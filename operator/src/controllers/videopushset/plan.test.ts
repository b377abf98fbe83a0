import type { VideoPushSet } from '@videopush/resources';
import { LABELS } from '@videopush/resources/builders/names';
import { stamped } from '@videopush/resources/builders/origin';
import { buildMembers } from '@videopush/resources/builders/videopushset';
import type { KubeObject } from '@videopush/resources/objects';
import { describe, expect, it } from 'vitest';
import { DriftDetector } from '../shared/drift.ts';
import type { Observation, StoredMember, StoredSet } from './observation.ts';
import { listOf, plan } from './plan.ts';
import { judgeStatus, type SetStatus, standing } from './status.ts';

const NOW = new Date('2026-03-01T12:00:00Z');

function setOf(replicas: number, count = 3): StoredSet {
  return {
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'VideoPushSet',
    metadata: { name: 'wall', namespace: 'tv', uid: 'set-uid', generation: 2 },
    spec: {
      replicas,
      range: { first: 0, count },
      template: {
        spec: {
          source: { testPattern: {} },
          outputs: [{ name: 'main', serverRef: { name: 'live' }, path: 'wall/$(name)' }],
        },
      },
    },
  } as StoredSet;
}

const membersOf = (set: StoredSet): KubeObject[] =>
  (buildMembers(set as VideoPushSet) as unknown as KubeObject[]).map(stamped);

type Words = { ready?: string; reason?: string; message?: string; stalled?: boolean };

/** The member as the cluster keeps it. */
function stored(member: KubeObject, words: Words = {}): StoredMember {
  const { ready = 'True', reason = 'Running', message = '', stalled = false } = words;
  const condition = (type: string, status: string) => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: '2026-03-01T11:00:00Z',
    observedGeneration: 1,
  });
  const status = {
    conditions: [condition('Ready', ready), ...(stalled ? [condition('Stalled', 'True')] : [])],
  };
  return structuredClone({
    ...member,
    metadata: { ...member.metadata, uid: `uid-${member.metadata.name}`, generation: 1 },
    status,
  }) as StoredMember;
}

function observationOf(set: StoredSet, members: readonly StoredMember[]): Observation {
  const detector = new DriftDetector();
  const names = new Map(members.map((member) => [member.metadata.name, member]));
  const desired = membersOf(set);
  return {
    set,
    desired,
    stored: new Map(
      desired.flatMap(({ metadata: { name } }) => {
        const found = names.get(name);
        return found ? [[name, found] as const] : [];
      }),
    ),
    owned: members.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === 'set-uid'),
    judge: (desired, stored) => detector.judge(desired, stored, 0),
    now: NOW,
  };
}

const full = (set: StoredSet, words: Words[] = []): Observation =>
  observationOf(
    set,
    membersOf(set).map((member, index) => stored(member, words[index])),
  );

const names = (objects: readonly KubeObject[]): string[] => objects.map(({ metadata }) => metadata.name);
const status = (observed: Observation): SetStatus => judgeStatus(observed, plan(observed), null).status;
const summary = (observed: Observation): string[] =>
  ['Ready', 'Reconciling', 'Stalled'].map((type) => {
    const found = status(observed).conditions?.find((condition) => condition.type === type);
    return found ? `${found.status} ${found.reason}` : 'absent';
  });

describe('the streams of a set', () => {
  it('a set creates a stream for each of its first sources, as many as replicas says', () => {
    const { applies, deletes, events } = plan(observationOf(setOf(2), []));
    expect(names(applies)).toEqual(['wall-0', 'wall-1']);
    expect(deletes).toEqual([]);
    expect(events).toEqual([
      { type: 'Normal', reason: 'Created', action: 'Apply', note: 'Created 2 streams: wall-0, wall-1' },
    ]);
  });

  it('a set leaves its streams alone when they are as desired', () => {
    expect(plan(full(setOf(3)))).toMatchObject({ applies: [], deletes: [], events: [] });
  });

  it('a set deletes its streams beyond replicas, the last ones first', () => {
    const set = setOf(12, 12);
    const members = full(set).owned;
    expect(names(plan(observationOf(setOf(9, 12), members)).deletes)).toEqual([
      'wall-11',
      'wall-10',
      'wall-9',
    ]);
  });

  it('a set deletes the stream whose source left the list, and the others keep their identity', () => {
    const list = (...sources: string[]): StoredSet => {
      const set = setOf(9);
      const { range: _, ...spec } = set.spec;
      return {
        ...set,
        spec: { ...spec, sources: sources.map((name) => ({ name, source: { testPattern: {} } })) },
      } as StoredSet;
    };
    const before = full(list('lobby', 'yard', 'gate')).owned;
    const { applies, deletes } = plan(observationOf(list('lobby', 'gate', 'roof'), before));
    expect(names(applies)).toEqual(['wall-roof']);
    expect(names(deletes)).toEqual(['wall-yard']);
  });

  it('a set changes its streams when its template changes', () => {
    const set = setOf(2);
    const changed = structuredClone(set);
    changed.spec.template.spec.video = { bitrateKbps: 900 };
    const { applies, events } = plan(observationOf(changed, full(set).owned));
    expect(names(applies)).toEqual(['wall-0', 'wall-1']);
    expect(events.map(({ reason }) => reason)).toEqual(['Updated']);
  });

  it('a set restores a stream that somebody edited', () => {
    const set = setOf(1);
    const [member] = full(set).owned as [StoredMember];
    const edited = { ...member, spec: { ...(member.spec as object), suspend: true, outputs: [] } };
    expect(names(plan(observationOf(set, [edited as StoredMember])).applies)).toEqual(['wall-0']);
  });

  it("a set does not take over a foreign stream that has a member's name", () => {
    const set = setOf(1);
    const mine = stored(membersOf(set)[0] as KubeObject);
    const foreign = { ...mine, metadata: { ...mine.metadata, ownerReferences: [] } };
    const observed = observationOf(set, [foreign]);
    expect(plan(observed)).toMatchObject({ applies: [], taken: ['wall-0'] });
    expect(summary(observed)).toEqual(['False NameTaken', 'absent', 'True NameTaken']);
  });

  it('a set waits while the streams of an earlier set of its name are being deleted', () => {
    const set = setOf(1);
    const mine = stored(membersOf(set)[0] as KubeObject);
    const [owner] = mine.metadata.ownerReferences ?? [];
    const old = { ...mine, metadata: { ...mine.metadata, ownerReferences: [{ ...owner, uid: 'old' }] } };
    const observed = observationOf(set, [old as StoredMember]);
    expect(plan(observed)).toMatchObject({ applies: [], taken: [], clearing: ['wall-0'] });
    expect(summary(observed)).toEqual(['False Updating', 'True Updating', 'absent']);
  });

  it('a set neither deletes again nor revives a stream that is being deleted', () => {
    const set = setOf(1);
    const [member] = full(set).owned as [StoredMember];
    const leaving = {
      ...member,
      metadata: { ...member.metadata, deletionTimestamp: '2026-03-01T11:59:00Z' },
    };
    expect(plan(observationOf(set, [leaving]))).toMatchObject({ applies: [], clearing: ['wall-0'] });
    expect(plan(observationOf(setOf(0), [leaving]))).toMatchObject({ applies: [], deletes: [] });
  });

  it('a set may have a thousand streams', () => {
    const set = setOf(1000, 1000);
    const observed = full(set);
    expect(plan(observed)).toMatchObject({ applies: [], deletes: [] });
    expect(status(observed)).toMatchObject({ replicas: 1000, readyReplicas: 1000 });
  });
});

describe('the status of a set', () => {
  it("a set's status counts all and the ready streams, and holds the selector of their pods for autoscalers", () => {
    expect(status(full(setOf(3), [{}, { ready: 'False', reason: 'Starting' }]))).toMatchObject({
      observedGeneration: 2,
      replicas: 3,
      readyReplicas: 2,
      selector: `${LABELS.set}=wall`,
    });
  });

  it("a set's status does not count a stream as ready for an earlier specification", () => {
    const set = setOf(1);
    const [member] = full(set).owned as [StoredMember];
    const newer = { ...member, metadata: { ...member.metadata, generation: 2 } };
    expect(status(observationOf(set, [newer])).readyReplicas).toBe(0);
  });

  it.each<[string, Observation, string[]]>([
    ['all are ready', full(setOf(3)), ['True Running', 'absent', 'absent']],
    ['none is asked for', full(setOf(0)), ['True Running', 'absent', 'absent']],
    ['some are being made', observationOf(setOf(3), []), ['False Updating', 'True Updating', 'absent']],
    [
      'one is on its way',
      full(setOf(2), [{}, { ready: 'False', reason: 'SourceNotFound' }]),
      ['False MembersNotReady', 'True MembersNotReady', 'absent'],
    ],
    [
      'one needs a person',
      full(setOf(2), [{}, { ready: 'False', stalled: true }]),
      ['False MembersStalled', 'absent', 'True MembersStalled'],
    ],
    [
      'one needs a person and another is on its way',
      full(setOf(2), [{ ready: 'False' }, { ready: 'False', stalled: true }]),
      ['False MembersNotReady', 'True MembersNotReady', 'absent'],
    ],
  ])("a set's status says whether %s", (_, observed, expected) => {
    expect(summary(observed)).toEqual(expected);
  });

  it("a set's status names the first stream that is not well, and why", () => {
    const observed = full(setOf(3), [
      {},
      { ready: 'False', reason: 'SourceNotFound', message: 'The file does not exist' },
    ]);
    const message = status(observed).conditions?.[0]?.message;
    expect(message).toBe('2 of 3 streams are ready; wall-1: SourceNotFound: The file does not exist');
  });
});

it("a set reconciles a stream's change again only when more than a message differs", () => {
  const [member] = membersOf(setOf(1)) as [KubeObject];
  const same = standing(stored(member, { message: 'one' }));
  expect(standing(stored(member, { message: 'two' }))).toBe(same);
  expect(standing(stored(member, { ready: 'False' }))).not.toBe(same);
});

it('a long list of streams is cut to a few names and a number', () => {
  const members = membersOf(setOf(8, 8));
  expect(listOf(members)).toBe('8 streams: wall-0, wall-1, wall-2, wall-3, wall-4 and 3 more');
  expect(listOf(members.slice(0, 1))).toBe('1 stream: wall-0');
});
