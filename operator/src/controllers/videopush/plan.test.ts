import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { ANNOTATIONS, JETSTREAM_FINALIZER } from '@videopush/resources/builders/names';
import { APPLIED } from '@videopush/resources/builders/origin';
import type { KubeObject } from '@videopush/resources/objects';
import { describe, expect, it } from 'vitest';
import { FOREIGN_RETRY } from '../shared/ownership.ts';
import type { Observation, StoredPush, Workload } from './observation.ts';
import { plan } from './plan.ts';
import {
  afterPlan,
  FILM,
  finished,
  heldByQueue,
  NOW,
  observationOf,
  podOfWorkload,
  pushOf,
  running,
  serverOf,
  stored,
  toServer,
  WITH_NATS,
  withPod,
  withSpec,
} from './testing/observations.ts';

const names = (objects: readonly KubeObject[]): string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

const workload = (observed: Observation, index = 0): Workload => observed.workloads[index] as Workload;
const spec = (object: KubeObject | undefined): Record<string, unknown> =>
  object?.spec as Record<string, unknown>;

describe('a new stream', () => {
  it('a new stream without an end gets its ConfigMap, then a Deployment', () => {
    const { applies, situation } = plan(observationOf(pushOf()), DEFAULTS);
    expect(names(applies)).toEqual(['ConfigMap demo-worker', 'Deployment demo-stream']);
    expect(situation.kind).toBe('Live');
  });

  it('a new stream with an end gets a Job', () => {
    const { applies } = plan(observationOf(pushOf({ source: FILM })), DEFAULTS);
    expect(names(applies)).toEqual(['ConfigMap demo-worker', 'Job demo-stream']);
  });

  it('a new stream in two pods gets its finalizer before the queue can be made', () => {
    const { applies, finalizers } = plan(observationOf(pushOf({ topology: 'Split' })), WITH_NATS);
    expect(finalizers).toEqual([JETSTREAM_FINALIZER]);
    expect(names(applies)).toEqual([
      'ConfigMap demo-worker',
      'Deployment demo-decoder',
      'Deployment demo-encoder',
    ]);
  });

  it('a new stream that is suspended from the beginning starts nothing', () => {
    const { applies, situation } = plan(observationOf(pushOf({ suspend: true })), DEFAULTS);
    expect(names(applies)).toEqual(['ConfigMap demo-worker']);
    expect(situation).toEqual({ kind: 'Suspended', stopped: true });
  });

  it('a new stream that cannot be built is refused with the sentence of the builder, and nothing is applied', () => {
    const { applies, situation } = plan(observationOf(pushOf({ topology: 'Split' })), DEFAULTS);
    expect(applies).toEqual([]);
    expect(situation).toMatchObject({
      kind: 'Refused',
      problem: { reason: 'NATSAddressMissing', stalled: true },
    });
  });
});

describe('a server', () => {
  const push = pushOf({ outputs: toServer('live') });

  it('a stream waits for a server that does not exist', () => {
    const { applies, situation } = plan(observationOf(push, { servers: { live: null } }), DEFAULTS);
    expect(applies).toEqual([]);
    expect(situation).toMatchObject({
      kind: 'Waiting',
      problem: { reason: 'MediaServerMissing', stalled: false },
    });
  });

  it('a stream waits for a server that is not ready', () => {
    const servers = { live: serverOf('live', { ready: false }) };
    expect(plan(observationOf(push, { servers }), DEFAULTS).situation).toMatchObject({
      kind: 'Waiting',
      problem: { message: 'MediaServer "live" is not ready yet' },
    });
  });

  it('a stream waits for a server that does not have its path yet', () => {
    const servers = { live: serverOf('live', { missingPaths: ['demo'] }) };
    expect(plan(observationOf(push, { servers }), DEFAULTS).situation).toMatchObject({
      kind: 'Waiting',
      problem: { reason: 'MediaServerNotReady', message: 'MediaServer "live" does not have path "demo" yet' },
    });
  });

  it('a running stream goes on when its server goes away', () => {
    const observed = running(push, DEFAULTS, { servers: { live: serverOf('live') } });
    for (const servers of [
      { live: null },
      { live: serverOf('live', { ready: false, missingPaths: ['demo'] }) },
    ]) {
      const { applies, deletes, situation } = plan({ ...observed, servers }, DEFAULTS);
      expect([...applies, ...deletes]).toEqual([]);
      expect(situation.kind).toBe('Live');
    }
  });

  it('a stream can be suspended while its server is gone', () => {
    const observed = running(push, DEFAULTS, { servers: { live: serverOf('live') } });
    const { deletes } = plan(withSpec({ ...observed, servers: { live: null } }, { suspend: true }), DEFAULTS);
    expect(names(deletes)).toEqual(['Deployment demo-stream']);
  });

  it('other credentials of a server replace the pod of a stream, and the event says why', () => {
    const observed = running(push, DEFAULTS, { servers: { live: serverOf('live') } });
    const servers = { live: serverOf('live', { publishSecret: 'live-publish-other' }) };
    const { applies, events } = plan({ ...observed, servers }, DEFAULTS);
    expect(names(applies)).toEqual(['ConfigMap demo-worker', 'Deployment demo-stream']);
    expect(events[0]?.note).toBe(
      'A MediaServer has another address or other credentials: the pod is replaced',
    );
  });
});

describe('a running stream', () => {
  it('a running stream that is as desired is left alone', () => {
    const decision = plan(running(pushOf()), DEFAULTS);
    expect(decision.applies).toEqual([]);
    expect(decision.podAnnotations).toEqual([]);
    expect(decision.requeueAfter).toBeUndefined();
  });

  it('a running stream takes over another bit rate by its ConfigMap and an annotation of its pod alone', () => {
    const observed = withSpec(running(pushOf()), { video: { bitrateKbps: 800 } });
    const { applies, podAnnotations, deletes, events } = plan(observed, DEFAULTS);
    expect(names(applies)).toEqual(['ConfigMap demo-worker']);
    expect(deletes).toEqual([]);
    expect(
      podAnnotations.map(({ pod, annotations }) => [pod.metadata.name, Object.keys(annotations)]),
    ).toEqual([['demo-stream-abcde', [ANNOTATIONS.encoderConfig]]]);
    expect(events.map(({ note }) => note)).toEqual([
      'spec.video.bitrateKbps changed: the encoder goes on with it, its pod and the decoder stay',
    ]);
  });

  it('the pod of a running stream is annotated once with another bit rate', () => {
    const observed = withSpec(running(pushOf()), { video: { bitrateKbps: 800 } });
    const { podAnnotations } = plan(observed, DEFAULTS);
    const [annotated] = podAnnotations.map(({ pod, annotations }) => ({
      ...pod,
      metadata: { ...pod.metadata, annotations },
    }));
    const later = { ...afterPlan(observed), pods: annotated ? [annotated] : [] };
    expect(plan(later, DEFAULTS)).toMatchObject({ applies: [], podAnnotations: [], events: [] });
  });

  it('a running stream is replaced for another source, and the event says which field', () => {
    const observed = withSpec(running(pushOf()), { source: { testPattern: { width: 640 } } });
    const { applies, events } = plan(observed, DEFAULTS);
    expect(names(applies)).toEqual(['ConfigMap demo-worker', 'Deployment demo-stream']);
    expect(events[0]?.note).toMatch(/^spec\.source\.testPattern\S* changed: the pod is replaced$/);
  });

  it('a running stream with an end is deleted and recreated for another source, since a Job cannot be changed', () => {
    const observed = withSpec(running(pushOf({ source: FILM })), {
      source: { uri: 'https://films.example/other.mp4' },
    });
    const first = plan(observed, DEFAULTS);
    expect(first.situation.kind).toBe('Clearing');
    expect(names(first.deletes)).toEqual(['Job demo-stream']);
    expect(first.applies).toEqual([]);

    const waiting = afterPlan(observed);
    expect(plan(waiting, DEFAULTS)).toMatchObject({
      situation: { kind: 'Clearing' },
      applies: [],
      deletes: [],
    });

    const second = plan({ ...waiting, pods: [] }, DEFAULTS);
    expect(names(second.applies)).toEqual(['ConfigMap demo-worker', 'Job demo-stream']);
    expect(second.events[0]?.note).toBe(
      'spec.source.uri changed: the stream starts again from the beginning',
    );
  });

  it('a running stream is not touched by labels and annotations of its resource', () => {
    const observed = running(pushOf());
    const metadata = {
      ...observed.push.metadata,
      labels: { team: 'news' },
      annotations: { note: 'Grüße 你好' },
    };
    expect(plan({ ...observed, push: { ...observed.push, metadata } }, DEFAULTS).applies).toEqual([]);
  });

  it('a running stream moves to two pods only when its earlier pod has ended', () => {
    const observed = withSpec(running(pushOf(), WITH_NATS), { topology: 'Split' });
    expect(names(plan(observed, WITH_NATS).deletes)).toEqual(['Deployment demo-stream']);
    const { applies, finalizers } = plan({ ...afterPlan(observed, WITH_NATS), pods: [] }, WITH_NATS);
    expect(finalizers).toEqual([JETSTREAM_FINALIZER]);
    expect(names(applies)).toEqual([
      'ConfigMap demo-worker',
      'Deployment demo-decoder',
      'Deployment demo-encoder',
    ]);
  });

  it('a running stream that moves back to one pod leaves no queue behind', () => {
    const observed = withSpec(running(heldByQueue(pushOf({ topology: 'Split' })), WITH_NATS), {
      topology: 'SamePod',
    });
    const { jetStreamDeletes, finalizers } = plan({ ...afterPlan(observed, WITH_NATS), pods: [] }, WITH_NATS);
    expect(jetStreamDeletes).toMatchObject([{ address: 'nats://queue:4222' }]);
    expect(finalizers).toEqual([]);
  });

  it('a running stream goes on when its new specification cannot be used', () => {
    const observed = withSpec(running(pushOf()), { source: { uri: 'file:///film.mp4' } });
    const { situation, applies, deletes } = plan(observed, DEFAULTS);
    expect(situation).toMatchObject({ kind: 'Refused', problem: { reason: 'Invalid' } });
    expect([...applies, ...deletes]).toEqual([]);
  });
});

describe('suspension', () => {
  it('suspension scales the Deployment of a stream to zero replicas', () => {
    const { applies } = plan(withSpec(running(pushOf()), { suspend: true }), DEFAULTS);
    expect(spec(applies.at(-1))).toMatchObject({ replicas: 0 });
  });

  it('suspension suspends the Job of a stream without deleting it', () => {
    const { applies, deletes } = plan(
      withSpec(running(pushOf({ source: FILM })), { suspend: true }),
      DEFAULTS,
    );
    expect(deletes).toEqual([]);
    expect(spec(applies.at(-1))).toMatchObject({ suspend: true });
  });

  it('a stream counts as suspended when no pod is left', () => {
    const observed = afterPlan(withSpec(running(pushOf()), { suspend: true }));
    expect(plan(observed, DEFAULTS).situation).toEqual({ kind: 'Suspended', stopped: false });
    expect(plan({ ...observed, pods: [] }, DEFAULTS).situation).toEqual({ kind: 'Suspended', stopped: true });
  });

  it('a resumed stream runs in the same workload as before', () => {
    const suspended = {
      ...afterPlan(withSpec(running(pushOf({ source: FILM })), { suspend: true })),
      pods: [],
    };
    const { applies, deletes } = plan(withSpec(suspended, { suspend: false }), DEFAULTS);
    expect(deletes).toEqual([]);
    expect(spec(applies.at(-1))).toMatchObject({ suspend: false });
  });
});

describe('a completed stream', () => {
  const done = finished(running(pushOf({ source: FILM })));

  it.each<[string, Observation]>([
    ['as it is', done],
    [
      'with other labels',
      { ...done, push: { ...done.push, metadata: { ...done.push.metadata, labels: { a: 'b' } } } },
    ],
    ['with another bit rate', withSpec(done, { video: { bitrateKbps: 800 } })],
    ['when it is suspended', withSpec(done, { suspend: true })],
    ['whose Job somebody has deleted', { ...afterPlan(done), workloads: [], pods: [] }],
  ])('a completed stream stays completed %s', (_, observed) => {
    expect(plan(observed, DEFAULTS)).toMatchObject({
      situation: { kind: 'Completed' },
      applies: [],
      deletes: [],
    });
  });

  it('a completed stream begins again with another source', () => {
    const observed = withSpec(afterPlan(done), { source: { uri: 'https://films.example/other.mp4' } });
    expect(names(plan(observed, DEFAULTS).deletes)).toEqual(['Job demo-stream']);
    const cleared = afterPlan(observed);
    expect(names(plan(cleared, DEFAULTS).applies)).toEqual(['ConfigMap demo-worker', 'Job demo-stream']);
  });

  it('a completed stream in two pods ends its decoder, then its queue', () => {
    const split = finished(running(heldByQueue(pushOf({ source: FILM, topology: 'Split' })), WITH_NATS));
    const first = plan(split, WITH_NATS);
    expect(names(first.applies)).toEqual(['Deployment demo-decoder']);
    expect(spec(first.applies[0])).toMatchObject({ replicas: 0 });
    expect(first.jetStreamDeletes).toEqual([]);

    const idle = afterPlan(split, WITH_NATS);
    expect(plan(idle, WITH_NATS).jetStreamDeletes).toEqual([]);
    const second = plan({ ...idle, pods: [] }, WITH_NATS);
    expect(second.jetStreamDeletes).toHaveLength(1);
    expect(second.finalizers).toEqual([]);
  });
});

describe('foreign objects and edits', () => {
  const foreign = (kind: string, name: string, owner?: object): Workload => ({
    kind,
    metadata: { name, namespace: 'tv', uid: 'x', ...(owner && { ownerReferences: [owner as never] }) },
  });

  it("a foreign object that has the name of a stream's child is left alone and reported", () => {
    const { applies, deletes, situation, requeueAfter } = plan(
      observationOf(pushOf(), { workloads: [foreign('Deployment', 'demo-stream')] }),
      DEFAULTS,
    );
    expect([...applies, ...deletes]).toEqual([]);
    expect(situation).toMatchObject({ kind: 'Refused', problem: { reason: 'NameTaken', stalled: true } });
    expect(requeueAfter).toBe(FOREIGN_RETRY);
  });

  it('a foreign object does not matter when the stream does not need its name', () => {
    const observed = observationOf(pushOf(), { workloads: [foreign('Job', 'demo-encoder')] });
    expect(plan(observed, DEFAULTS).applies).toHaveLength(2);
  });

  it('a stream waits while objects of an earlier resource of its name are being deleted', () => {
    const owner = {
      apiVersion: 'videopush.dev/v1alpha1',
      kind: 'VideoPush',
      name: 'demo',
      uid: 'old',
      controller: true,
    };
    const observed = observationOf(pushOf(), { workloads: [foreign('Deployment', 'demo-stream', owner)] });
    expect(plan(observed, DEFAULTS)).toMatchObject({
      situation: { kind: 'Clearing' },
      applies: [],
      deletes: [],
    });
  });

  it("a field that somebody changed in a stream's child is restored, with an event", () => {
    const observed = running(pushOf());
    const changed = { ...workload(observed), spec: { ...workload(observed).spec, replicas: 3 } };
    const { applies, events } = plan({ ...observed, workloads: [changed] }, DEFAULTS);
    expect(names(applies)).toEqual(['Deployment demo-stream']);
    expect(events).toMatchObject([{ type: 'Warning', reason: 'DriftReverted' }]);
  });

  it("fields that somebody added to a stream's child are kept", () => {
    const observed = running(pushOf());
    const { metadata } = workload(observed);
    const annotations = { ...metadata.annotations, 'other.example/note': 'x' };
    const changed = { ...workload(observed), metadata: { ...metadata, annotations } };
    expect(plan({ ...observed, workloads: [changed] }, DEFAULTS).applies).toEqual([]);
  });

  it('a child of a stream that somebody deleted is created again', () => {
    const observed = running(pushOf());
    expect(names(plan({ ...observed, workloads: [], pods: [] }, DEFAULTS).applies)).toEqual([
      'Deployment demo-stream',
    ]);
  });
});

describe('a new version of the operator', () => {
  const newer = { ...DEFAULTS, images: { ...DEFAULTS.images, worker: 'videopush/worker:9.9.9' } };

  it('a new version of the operator does not take a running stream off the air', () => {
    expect(plan(running(pushOf()), newer).applies).toEqual([]);
  });

  it('a new version of the operator comes into effect with the next change of the stream', () => {
    const observed = withSpec(running(pushOf()), { video: { bitrateKbps: 800 } });
    expect(names(plan(observed, newer).applies)).toEqual(['ConfigMap demo-worker', 'Deployment demo-stream']);
  });

  it('a new version of the operator comes into effect for a stream that has been unwell for a minute', () => {
    const waiting = { ready: false, state: { waiting: { reason: 'ImagePullBackOff' } } };
    const observed = afterPlan(withPod(running(pushOf()), { decoder: waiting, encoder: waiting }));
    expect(plan(observed, newer).applies).toEqual([]);
    const later = { ...observed, now: new Date(NOW.getTime() + 61_000) };
    expect(names(plan(later, newer).applies)).toEqual(['ConfigMap demo-worker', 'Deployment demo-stream']);
  });
});

describe('deletion', () => {
  const deleted = (observed: Observation, secondsAgo: number): Observation => {
    const deletionTimestamp = new Date(NOW.getTime() - secondsAgo * 1000).toISOString();
    return {
      ...observed,
      push: { ...observed.push, metadata: { ...observed.push.metadata, deletionTimestamp } },
    };
  };
  const split = running(heldByQueue(pushOf({ topology: 'Split' })), WITH_NATS);

  it('the deletion of a stream in one pod is left to the owner references', () => {
    const { deletes, applies, finalizers } = plan(deleted(running(pushOf()), 1), DEFAULTS);
    expect([deletes, applies, finalizers]).toEqual([[], [], undefined]);
  });

  it('the deletion of a split stream ends its pods before its queue, which a decoder would create again', () => {
    const first = plan(deleted(split, 1), WITH_NATS);
    expect(names(first.deletes)).toEqual(['Deployment demo-decoder', 'Deployment demo-encoder']);
    expect(first.finalizers).toBeUndefined();
    const second = plan(deleted({ ...split, workloads: [], pods: [] }, 5), WITH_NATS);
    expect(second.jetStreamDeletes).toHaveLength(1);
    expect(second.finalizers).toEqual([]);
  });

  it('the deletion of a split stream gives its queue up after five minutes, with an event', () => {
    const { jetStreamDeletes, finalizers, events } = plan(
      deleted({ ...split, workloads: [], pods: [] }, 301),
      WITH_NATS,
    );
    expect(jetStreamDeletes).toEqual([]);
    expect(finalizers).toEqual([]);
    expect(events).toMatchObject([{ reason: 'QueueOrphaned' }]);
  });

  it('the deletion of a split stream does not wait for ever for pods of a lost node', () => {
    const lost = split.pods.map((pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'x' } }));
    expect(
      plan(deleted({ ...split, workloads: [], pods: lost }, 91), WITH_NATS).jetStreamDeletes,
    ).toHaveLength(1);
  });
});

it('every object that is applied carries the hash of its content', () => {
  const { applies } = plan(observationOf(pushOf({ topology: 'Split' })), WITH_NATS);
  for (const { metadata } of applies) expect(metadata.annotations?.[APPLIED]).toMatch(/^[0-9a-f]{16}$/);
});

it('a terminating pod delays a new Job, and one of a lost node only for a while', () => {
  const push: StoredPush = pushOf({ source: FILM });
  const job = stored({ kind: 'Job', metadata: { name: 'demo-stream', namespace: 'tv' } });
  const ending = (secondsAgo: number) =>
    podOfWorkload(
      job,
      {},
      { metadata: { deletionTimestamp: new Date(NOW.getTime() - secondsAgo * 1000).toISOString() } },
    );
  expect(plan(observationOf(push, { pods: [ending(5)] }), DEFAULTS).situation.kind).toBe('Clearing');
  expect(plan(observationOf(push, { pods: [ending(61)] }), DEFAULTS).applies).toHaveLength(2);
});
