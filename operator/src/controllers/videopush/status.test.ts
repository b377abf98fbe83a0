import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { describe, expect, it } from 'vitest';
import { sameStatus } from '../shared/status.ts';
import { eventsOf } from './events.ts';
import type { Observation } from './observation.ts';
import { plan } from './plan.ts';
import type { ContainerStatus } from './pods.ts';
import { judgeStatus, type PushStatus } from './status.ts';
import {
  afterPlan,
  FILM,
  factsOf,
  finished,
  NOW,
  notReady,
  observationOf,
  podOfWorkload,
  pushOf,
  READY,
  running,
  serverOf,
  toServer,
  UNREADY,
  withPod,
  withSpec,
} from './testing/observations.ts';

const judge = (observed: Observation): PushStatus =>
  judgeStatus(observed, plan(observed, DEFAULTS).situation, DEFAULTS).status;

const events = (observed: Observation): string[] => {
  const { situation } = plan(observed, DEFAULTS);
  return eventsOf(observed, situation, judgeStatus(observed, situation, DEFAULTS)).map(
    ({ reason }) => reason,
  );
};

const of = ({ conditions = [] }: PushStatus, type: string): string => {
  const found = conditions.find((condition) => condition.type === type);
  return found ? `${found.status} ${found.reason}` : 'absent';
};

/** Ready, Reconciling, Stalled. */
const summary = (observed: Observation): string[] => {
  const status = judge(observed);
  return ['Ready', 'Reconciling', 'Stalled'].map((type) => of(status, type));
};

const live = running(pushOf());
const waiting = (reason: string, message = ''): Partial<ContainerStatus> => ({
  ready: false,
  state: { waiting: { reason, message } },
});
const killed = { terminated: { reason: 'OOMKilled', exitCode: 137 } };

describe('Ready', () => {
  const unschedulable = (message: string) => ({
    status: {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      initContainerStatuses: [],
      containerStatuses: [],
    },
  });
  const missing = 'persistentvolumeclaim "films" not found';

  it.each<[string, Observation, string, string]>([
    [
      'is False while the first pod is being made',
      afterPlan(observationOf(pushOf())),
      'False Pending',
      'Reconciling',
    ],
    [
      'is False while its containers start',
      withPod(live, { decoder: UNREADY, encoder: UNREADY }),
      'False Restarting',
      'Reconciling',
    ],
    ['is True when both roles are ready', live, 'True Running', ''],
    [
      'names a server that does not exist',
      observationOf(pushOf({ outputs: toServer('live') }), { servers: { live: null } }),
      'False MediaServerMissing',
      'Reconciling',
    ],
    [
      'names a node that no pod fits on',
      withPod(live, {}, unschedulable('0/1 nodes are available: 1 Insufficient cpu.')),
      'False Unschedulable',
      'Reconciling',
    ],
    [
      'names a claim that the scheduler misses',
      withPod(live, {}, unschedulable(missing)),
      'False ClaimMissing',
      'Reconciling',
    ],
    [
      'names a claim that does not exist',
      { ...withPod(live, {}, unschedulable('no node')), claim: 'Missing' },
      'False ClaimMissing',
      'Reconciling',
    ],
    [
      'names an image that cannot be had',
      withPod(live, { encoder: waiting('ImagePullBackOff') }),
      'False ImageUnavailable',
      'Reconciling',
    ],
    [
      'names what the kubelet misses',
      withPod(live, { encoder: waiting('CreateContainerConfigError', 'no such key') }),
      'False CreateContainerConfigError',
      'Reconciling',
    ],
    [
      'names a container that ran out of memory',
      withPod(live, { encoder: { ...waiting('CrashLoopBackOff'), lastState: killed } }),
      'False OutOfMemory',
      'Stalled',
    ],
    [
      'takes exit code 137 for a lack of memory too',
      withPod(live, {
        decoder: { ...UNREADY, lastState: { terminated: { reason: 'Error', exitCode: 137 } } },
      }),
      'False OutOfMemory',
      'Stalled',
    ],
    [
      'names a container that ends again and again',
      withPod(live, {
        encoder: { ...waiting('CrashLoopBackOff'), lastState: { terminated: { exitCode: 70 } } },
      }),
      'False CrashLoop',
      'Stalled',
    ],
  ])('the Ready condition of a stream %s', (_, observed, ready, other) => {
    expect(summary(observed)).toEqual([
      ready,
      other === 'Reconciling' ? `True ${ready.split(' ')[1]}` : 'absent',
      other === 'Stalled' ? `True ${ready.split(' ')[1]}` : 'absent',
    ]);
  });

  it('the Ready condition does not believe a pod whose node was given up, unless its workers answer', () => {
    const conditions = [{ type: 'Ready', status: 'False' }];
    const [pod] = live.pods;
    const lost = { ...live, pods: [{ ...pod, status: { ...pod?.status, conditions } } as never] };
    expect(summary(lost)[0]).toBe('False NodeUnreachable');
    expect(summary({ ...lost, workers: { decoder: factsOf(), encoder: factsOf() } })[0]).toBe('True Running');
  });

  it('the Ready condition names the lost node of a pod without successor, not that of a pod that just ends', () => {
    const [pod] = live.pods;
    const metadata = { ...pod?.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' };
    const terminating = (conditions: object[]) => ({
      ...live,
      pods: [
        {
          ...pod,
          metadata,
          spec: { ...pod?.spec, nodeName: 'far' },
          status: { ...pod?.status, conditions },
        } as never,
      ],
    });
    const lost = terminating([{ type: 'Ready', status: 'False' }]);
    expect(summary(lost)[0]).toBe('False NodeUnreachable');
    const ready = judge(lost).conditions?.find(({ type }) => type === 'Ready');
    expect(ready?.message).toContain('kubectl delete node far');
    expect(summary(terminating([{ type: 'Ready', status: 'True' }]))[0]).toBe('False Restarting');
  });

  it('the Ready condition stays True while an encoder that has sent everything waits for its pod to end', () => {
    const done = { ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } };
    expect(summary(withPod(live, { encoder: done }))[0]).toBe('True Running');
    const failed = { ready: false, state: { terminated: { exitCode: 70 } } };
    expect(summary(withPod(live, { encoder: failed }))[0]).not.toBe('True Running');
  });

  it('the Ready condition forgets a lack of memory as soon as the container is well again', () => {
    expect(summary(withPod(live, { encoder: { ...READY, lastState: killed, restartCount: 1 } }))[0]).toBe(
      'True Running',
    );
  });

  it('the Ready condition names a process that is killed repeatedly although its container keeps running', () => {
    const facts = factsOf({ killed: true, young: true, restarts: 3 });
    expect(summary({ ...live, workers: { decoder: null, encoder: facts } })).toEqual([
      'False OutOfMemory',
      'absent',
      'True OutOfMemory',
    ]);
  });

  it('the Ready condition carries over why a worker cannot go on, and Stalled says that waiting will not help', () => {
    const fault = {
      code: 'CredentialsMissing',
      message: 'output main: no password; create the Secret',
      permanent: true,
    };
    const encoder = factsOf({ ready: notReady('CredentialsMissing'), fault });
    expect(summary({ ...live, workers: { decoder: factsOf(), encoder } })).toEqual([
      'False CredentialsMissing',
      'absent',
      'True CredentialsMissing',
    ]);
  });

  it('the Ready condition carries over what a worker waits for', () => {
    const fault = { code: 'SourceNotFound', message: 'the file does not exist', permanent: false };
    const decoder = factsOf({ ready: notReady('SourceNotFound'), fault });
    expect(summary({ ...live, workers: { decoder, encoder: factsOf() } })).toEqual([
      'False SourceNotFound',
      'True SourceNotFound',
      'absent',
    ]);
  });

  it('the Ready condition prefers a fault that needs a person to one that may pass', () => {
    const decoder = factsOf({
      ready: notReady('X'),
      fault: { code: 'SourceTimeout', message: '', permanent: false },
    });
    const encoder = factsOf({
      ready: notReady('Y'),
      fault: { code: 'CredentialsRefused', message: '', permanent: true },
    });
    expect(summary({ ...live, workers: { decoder, encoder } })[0]).toBe('False CredentialsRefused');
  });

  it('the Ready condition blames a missing server when the stream is no longer published', () => {
    const push = pushOf({ outputs: toServer('live') });
    const observed = running(push, DEFAULTS, { servers: { live: serverOf('live') } });
    const gone = { ...observed, servers: { live: null } };
    expect(summary(gone)[0]).toBe('True Running');
    expect(summary(withPod(gone, { encoder: UNREADY }))[0]).toBe('False MediaServerMissing');
  });

  it('the Ready condition says Updating until the Deployment has seen its new template', () => {
    const workloads = live.workloads.map((one) => ({ ...one, metadata: { ...one.metadata, generation: 2 } }));
    expect(summary({ ...live, workloads })).toEqual(['False Updating', 'True Updating', 'absent']);
  });

  it('the Ready condition reports why a Deployment gets no pod', () => {
    const conditions = [
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' },
    ];
    const workloads = live.workloads.map((one) => ({ ...one, status: { ...one.status, conditions } }));
    const status = judge({ ...live, workloads, pods: [] });
    expect(of(status, 'Ready')).toBe('False FailedCreate');
    expect(status.conditions?.[0]?.message).toBe('No pod can be made: exceeded quota');
  });

  it('the Stalled condition reports what the API server refuses', () => {
    const refused = { reason: 'Invalid', message: 'Job "demo-stream" is refused', stalled: true };
    const { status } = judgeStatus(live, { kind: 'Live' }, DEFAULTS, refused);
    expect(of(status, 'Stalled')).toBe('True Invalid');
  });
});

describe('a stream at rest', () => {
  it('a finished stream is ready and complete', () => {
    const observed = finished(running(pushOf({ source: FILM })));
    expect(summary(observed)).toEqual(['True Completed', 'absent', 'absent']);
    const status = judge(observed);
    expect(of(status, 'Complete')).toBe('True Completed');
    expect(status.completionTime).toBe('2026-03-01T11:59:50Z');
  });

  it('a suspended stream is ready once nothing runs', () => {
    const stopping = afterPlan(withSpec(live, { suspend: true }));
    expect(summary(stopping)[0]).toBe('False Terminating');
    expect(summary({ ...stopping, pods: [] })).toEqual(['True Suspended', 'absent', 'absent']);
  });

  it('a stream that begins again with another source is no longer complete', () => {
    const done = afterPlan(finished(running(pushOf({ source: FILM }))));
    const again = withSpec(done, { source: { uri: 'https://films.example/other.mp4' } });
    const status = judge(again);
    expect(of(status, 'Complete')).toBe('False Updating');
    expect(status.completionTime).toBeUndefined();
    expect(status.startTime).toBeUndefined();
  });
});

describe('the other conditions', () => {
  const withFacts = (
    decoder: Parameters<typeof factsOf>[0],
    encoder: Parameters<typeof factsOf>[0],
  ): Observation => ({
    ...live,
    workers: { decoder: factsOf(decoder), encoder: factsOf(encoder) },
  });

  it("SourceConnected and Published follow the pods' readiness when no worker page answered", () => {
    const status = judge(live);
    expect(of(status, 'SourceConnected')).toBe('True Connected');
    expect(of(status, 'Published')).toBe('True Connected');
    expect(of(status, 'Paced')).toBe('Unknown Unknown');
    expect(of(status, 'Complete')).toBe('False Endless');
  });

  it('Published follows the worker page, which is newer than the probes', () => {
    const status = judge(withFacts({}, { ready: notReady('Connecting') }));
    expect(of(status, 'Published')).toBe('False Connecting');
  });

  it('the conditions of a stream do not change when its queue fills and empties', () => {
    const full = judge(withFacts({ ready: { ok: true, code: 'QueueFull', message: '' } }, {}));
    const flowing = judge(withFacts({ ready: { ok: true, code: 'Running', message: '' } }, {}));
    expect(sameStatus(full, flowing)).toBe(true);
  });

  it('Paced calls a push late, and the encoder too slow only when its queue is full', () => {
    expect(of(judge(withFacts({}, { paced: true })), 'Paced')).toBe('True OnTime');
    expect(of(judge(withFacts({}, { paced: false })), 'Paced')).toBe('False Late');
    expect(of(judge(withFacts({}, { paced: false, queueFull: true })), 'Paced')).toBe('False EncoderTooSlow');
  });

  it.each(['SourceTooSlow', 'SourceTooFast'] as const)(
    'Paced is False with the reason %s that its encoder reports',
    (pace) => {
      const off = { paced: false, queueFull: true, sourcePace: pace };
      expect(of(judge(withFacts({}, off)), 'Paced')).toBe(`False ${pace}`);
    },
  );

  it('Paced keeps its value when a worker page fails to answer once', () => {
    const late = afterPlan(withFacts({}, { paced: false }));
    expect(of(judge({ ...late, workers: { decoder: null, encoder: null } }), 'Paced')).toBe('False Late');
  });

  it('SourceConnected and Published are unknown for a pod that does not run', () => {
    const status = judge(
      withPod(live, { decoder: waiting('ContainerCreating'), encoder: waiting('PodInitializing') }),
    );
    expect(of(status, 'SourceConnected')).toBe('Unknown Pending');
    expect(of(status, 'Published')).toBe('Unknown Pending');
  });
});

describe('a status', () => {
  it("a stream's status reports what was asked for and where it runs, and nothing that changes every second", () => {
    expect(judge(live)).toMatchObject({
      observedGeneration: 1,
      source: 'TestSrc2',
      onEnd: 'Repeat',
      outputs: [{ name: 'main', url: 'rtsp://out.example/demo' }],
      podName: 'demo-stream-abcde',
      nodeName: 'node-1',
      startTime: '2026-03-01T12:00:00Z',
      restarts: 0,
    });
  });

  it("a stream's status stays the same when nothing but time has passed", () => {
    const later = { ...live, now: new Date(NOW.getTime() + 3_600_000) };
    expect(sameStatus(live.push.status, judge(later))).toBe(true);
    expect(judge(later)).toEqual(live.push.status);
  });

  it("a stream's status is not written again for a number in a message", () => {
    const silent = (seconds: number): Observation => {
      const fault = { code: 'SourceTimeout', message: `no packet for ${seconds} s`, permanent: false };
      return {
        ...live,
        workers: { decoder: factsOf({ ready: notReady('SourceTimeout'), fault }), encoder: null },
      };
    };
    const first = afterPlan(silent(3));
    const second = { ...silent(13), push: first.push };
    expect(judge(second).conditions).toEqual(first.push.status?.conditions);
  });

  it("a stream's status never lowers its count of restarts", () => {
    const counted = afterPlan({ ...live, restarts: 4 });
    expect(judge({ ...counted, restarts: 1 }).restarts).toBe(4);
  });

  it("a stream's status keeps the time of a change until the next one", () => {
    const down = { ...withPod(live, { encoder: UNREADY }), now: new Date(NOW.getTime() + 5000) };
    const [ready] = judge(down).conditions ?? [];
    expect(ready?.lastTransitionTime).toBe('2026-03-01T12:00:05Z');
  });
});

describe('events', () => {
  const withFault = (code: string): Observation => {
    const fault = { code, message: 'gone', permanent: false };
    return { ...live, workers: { decoder: factsOf({ ready: notReady(code), fault }), encoder: factsOf() } };
  };

  it('an event reports once that a stream is published', () => {
    const placed = afterPlan(observationOf(pushOf()));
    const started = { ...placed, pods: [podOfWorkload(placed.workloads[0] as never)] };
    expect(events(started)).toEqual(['Published']);
    expect(events(afterPlan(started))).toEqual([]);
  });

  it('an event reports once that the source of a stream is lost', () => {
    expect(events(withFault('SourceDisconnected'))).toEqual(['SourceLost']);
    expect(events(afterPlan(withFault('SourceDisconnected')))).toEqual([]);
  });

  it('an event reports once that a stream was restarted', () => {
    expect(events({ ...live, restarts: 1 })).toEqual(['Restarted']);
    expect(events(afterPlan({ ...live, restarts: 1 }))).toEqual([]);
  });

  it('an event reports once what keeps a stream from running', () => {
    const observed = observationOf(pushOf({ outputs: toServer('live') }), { servers: { live: null } });
    expect(events(observed)).toEqual(['MediaServerMissing']);
    expect(events(afterPlan(observed))).toEqual([]);
  });

  it('events report the completion, the suspension and the resumption of a stream', () => {
    expect(events(finished(running(pushOf({ source: FILM }))))).toEqual(['Completed']);
    const stopped = { ...afterPlan(withSpec(live, { suspend: true })), pods: [] };
    expect(events(stopped)).toEqual(['Suspended']);
    expect(events(withSpec(afterPlan(stopped), { suspend: false }))).toEqual(['Resumed']);
  });

  it('an event reports that a finite source starts again when its pod was lost', () => {
    const film = running(pushOf({ source: FILM }));
    const gone = { ...film, pods: [] };
    expect(events(gone)).toEqual(['RestartedFromBeginning']);
    expect(events(withPod(afterPlan(gone), {}, { name: 'demo-stream-other' }))).toEqual(['Published']);
    expect(events(withPod(film, {}, { name: 'demo-stream-other' }))).toEqual(['RestartedFromBeginning']);
  });

  it('no event reports a pod that has ended because everything was sent', () => {
    const film = running(pushOf({ source: FILM }));
    const over = withPod(film, {}, { status: { phase: 'Succeeded' } });
    expect(summary(over)).toEqual(['True Running', 'absent', 'absent']);
    expect(events(over)).toEqual([]);
  });

  it('no event is reported while a stream is being deleted', () => {
    const metadata = { ...live.push.metadata, deletionTimestamp: NOW.toISOString() };
    expect(events({ ...live, push: { ...live.push, metadata } })).toEqual([]);
  });
});
