import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { describe, expect, it } from 'vitest';
import { eventsOf } from './events.ts';
import type { Observation } from './observation.ts';
import { plan } from './plan.ts';
import { judgeStatus, type Outcome, type ServerStatus } from './status.ts';
import {
  answered,
  observationOf,
  pathsOf,
  podOf,
  running,
  serverOf,
  settled,
  withStatus,
} from './testing/observations.ts';

const judge = (observed: Observation, outcome: Partial<Outcome> = {}): ServerStatus =>
  judgeStatus(
    observed,
    plan(observed, DEFAULTS).situation,
    { refused: null, missingPaths: [], ...outcome },
    DEFAULTS,
  ).status;

/** Ready, Reconciling, Stalled. */
const summary = (status: ServerStatus): string[] =>
  ['Ready', 'Reconciling', 'Stalled'].map((type) => {
    const found = status.conditions?.find((condition) => condition.type === type);
    return found ? `${found.status} ${found.reason}` : 'absent';
  });

const starting = settled(observationOf(serverOf()));
const waiting = (reason: string, more: object = {}) =>
  podOf({ ready: false, state: { waiting: { reason, message: 'no such key' } }, ...more });
const crashed = (terminated: object) => ({
  status: {
    containerStatuses: [
      { ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated } },
    ],
  },
});
const unschedulable = (message: string) =>
  podOf({
    status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] },
  });

describe('Ready', () => {
  it.each<[string, Observation, string, 'Reconciling' | 'Stalled' | '']>([
    ['is False while there is no pod', starting, 'False Pending', 'Reconciling'],
    [
      'is False while the pod starts',
      { ...starting, pod: podOf({ ready: false }) },
      'False Starting',
      'Reconciling',
    ],
    ['is True when the server answers', running(serverOf()), 'True Available', ''],
    [
      'is True for a server that runs elsewhere',
      observationOf(serverOf({ type: 'External', endpoints: [] })),
      'True External',
      '',
    ],
    [
      'names an image that cannot be had',
      { ...starting, pod: waiting('ErrImagePull') },
      'False ImageUnavailable',
      'Reconciling',
    ],
    [
      'names a pod that no node takes',
      { ...starting, pod: unschedulable('0/1 nodes are available') },
      'False Unschedulable',
      'Reconciling',
    ],
    [
      'names a claim that does not exist',
      { ...starting, pod: unschedulable('persistentvolumeclaim "films" not found') },
      'False ClaimMissing',
      'Reconciling',
    ],
    [
      'needs a person when the server ends again and again',
      { ...starting, pod: podOf(crashed({ exitCode: 1 })) },
      'False CrashLoop',
      'Stalled',
    ],
    [
      'distinguishes a lack of memory from other crashes',
      { ...starting, pod: podOf(crashed({ exitCode: 137, reason: 'Error' })) },
      'False OutOfMemory',
      'Stalled',
    ],
    [
      'is False when the pod is ready and its API does not answer',
      running(serverOf(), [], { api: { state: 'Silent', error: 'ETIMEDOUT', milliseconds: 0 } }),
      'False ServerAPIUnavailable',
      'Reconciling',
    ],
    [
      'refuses what cannot be run',
      observationOf(serverOf({ type: 'MkvServer' }), { credentials: null }),
      'False ServerTypeRefused',
      'Stalled',
    ],
  ])('the Ready condition of a server %s', (_, observed, ready, other) => {
    const [is, reconciling, stalled] = summary(judge(observed));
    expect(is).toBe(ready);
    expect(reconciling === 'absent').toBe(other !== 'Reconciling');
    expect(stalled === 'absent').toBe(other !== 'Stalled');
  });

  it('the Ready condition of a server stays True for 3 s without an answer, and not for 15 s', () => {
    const well = withStatus(running(serverOf()));
    const silent = (milliseconds: number): Observation => ({
      ...well,
      api: { state: 'Silent', error: 'no answer within 3 s', milliseconds },
    });
    expect(summary(judge(silent(3_000)))[0]).toBe('True Available');
    expect(summary(judge(silent(15_000)))[0]).toBe('False ServerAPIUnavailable');
  });

  it('the Ready condition of a server waits for a path that the server does not have yet', () => {
    const status = judge(running(serverOf(), pathsOf('a')), { missingPaths: ['a'] });
    expect(summary(status)[0]).toBe('False Updating');
    expect(status.conditions?.[0]?.message).toBe('The server does not have path "a" yet');
  });

  it('the Ready condition of a server reports what the API server refused', () => {
    const refused = { reason: 'Invalid', message: 'Service "live-media" is refused', stalled: true };
    expect(summary(judge(running(serverOf()), { refused }))).toEqual([
      'False Invalid',
      'absent',
      'True Invalid',
    ]);
  });

  it('the Ready condition says Restarting when the server was ready before', () => {
    const observed = withStatus(running(serverOf()));
    expect(summary(judge({ ...observed, pod: podOf({ ready: false }) }))[0]).toBe('False Restarting');
  });
});

describe('where a server is found', () => {
  it('a server has only endpoints inside of the cluster by default', () => {
    expect(judge(running(serverOf({ protocols: ['RTSP', 'HLS'] }))).endpoints).toEqual([
      { protocol: 'RTSP', url: 'rtsp://live-media.tv.svc.cluster.local:8554' },
      { protocol: 'HLS', url: 'http://live-media.tv.svc.cluster.local:8888' },
    ]);
  });

  const withService = (spec: Parameters<typeof serverOf>[0], service: object): Observation => {
    const observed = running(serverOf({ protocols: ['RTSP'], ...spec }));
    const children = observed.children.map((child) =>
      child.metadata.name === 'live-media' && child.kind === 'Service' ? { ...child, ...service } : child,
    );
    return { ...observed, children };
  };
  const nodePort = { spec: { ports: [{ name: 'rtsp', port: 8554, nodePort: 31000 }] } };
  const balancer = { status: { loadBalancer: { ingress: [{ ip: '198.51.100.7' }] } } };

  it.each<[string, Observation, string | undefined]>([
    [
      'by the node of its pod',
      withService({ service: { type: 'NodePort' } }, nodePort),
      'rtsp://192.0.2.10:31000',
    ],
    [
      'by the name that it is given, and the node port',
      withService({ service: { type: 'NodePort' }, externalHost: 'media.example' }, nodePort),
      'rtsp://media.example:31000',
    ],
    [
      'by its load balancer',
      withService({ service: { type: 'LoadBalancer' } }, balancer),
      'rtsp://198.51.100.7:8554',
    ],
    [
      'not by a load balancer that has no address yet',
      withService({ service: { type: 'LoadBalancer' } }, {}),
      undefined,
    ],
    [
      'by the name that somebody gave it',
      withService({ externalHost: 'media.example' }, {}),
      'rtsp://media.example:8554',
    ],
  ])('a server is reached from outside %s', (_, observed, url) => {
    expect(judge(observed).endpoints?.[0]?.externalURL).toBe(url);
  });

  it('the status of a server names the Secrets that hold its users', () => {
    const { secrets } = judge(running(serverOf({ authentication: { read: 'Generated' } })));
    expect(secrets?.publish).toMatch(/^live-publish-/);
    expect(secrets?.read).toMatch(/^live-read-/);
    expect(judge(running(serverOf({ authentication: { publish: 'None' } }))).secrets).toBeUndefined();
  });
});

describe('events', () => {
  const change = (before: Observation, after: Observation): string[] => {
    const observed = {
      ...after,
      server: { ...after.server, ...(before.server.status && { status: before.server.status }) },
    };
    const outcome = { refused: null, missingPaths: [] };
    const { ready } = judgeStatus(observed, plan(observed, DEFAULTS).situation, outcome, DEFAULTS);
    return eventsOf(observed.server.status, ready).map(({ type, reason }) => `${type} ${reason}`);
  };

  it('events report that a server became ready, and that it went away', () => {
    const well = running(serverOf());
    const gone = { ...starting, pod: null };
    expect(change(withStatus(starting), well)).toEqual(['Normal Available']);
    expect(change(withStatus(well), gone)).toEqual(['Warning Pending']);
    expect(change(withStatus(well), well)).toEqual([]);
  });

  it('events do not report the steps before the first start of a server', () => {
    expect(change(observationOf(serverOf()), starting)).toEqual([]);
    expect(change(withStatus(starting), { ...starting, pod: podOf({ ready: false }) })).toEqual([]);
  });

  it('events report an image that a server waits for in vain', () => {
    expect(change(withStatus(starting), { ...starting, pod: waiting('ErrImagePull') })).toEqual([
      'Warning ImageUnavailable',
    ]);
  });
});

it('the status of a server stays the same when its readers come and go', () => {
  const observed = withStatus(running(serverOf(), pathsOf('a')));
  const api = answered({
    name: 'a',
    named: true,
    online: true,
    readers: 40,
    bytesReceived: 9,
    bytesSent: 99,
  });
  expect(judge({ ...observed, api })).toEqual(observed.server.status);
});
