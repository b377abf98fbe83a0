/** Observations for tables of tests: a stream in a cluster that carries out each plan at once. */

import type { MediaServer, VideoPush } from '@videopush/resources';
import { DEFAULTS, type Defaults } from '@videopush/resources/builders/defaults';
import { childLabels, JETSTREAM_FINALIZER } from '@videopush/resources/builders/names';
import type { KubeObject } from '@videopush/resources/objects';
import { DriftDetector } from '../../shared/drift.ts';
import { sameObject } from '../../shared/ownership.ts';
import { NO_JUMPS } from '../../workers/source-jumps.ts';
import type { Role, WorkerFacts } from '../../workers/worker-facts.ts';
import type { Plan } from '../decision.ts';
import type { Observation, ObservedServer, StoredPush, Workload } from '../observation.ts';
import { plan } from '../plan.ts';
import type { ContainerStatus, Pod } from '../pods.ts';
import { judgeStatus } from '../status.ts';

export const NOW = new Date('2026-03-01T12:00:00Z');
export const UID = 'push-uid';
export const WITH_NATS: Defaults = { ...DEFAULTS, natsAddress: 'nats://queue:4222' };

type Spec = VideoPush['spec'];

export const FILM: Spec['source'] = { uri: 'https://films.example/trailer.mp4' };

export function pushOf(spec: Partial<Spec> = {}, more: Partial<StoredPush> = {}): StoredPush {
  return {
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'VideoPush',
    spec: {
      source: { testPattern: {} },
      outputs: [{ name: 'main', url: 'rtsp://out.example/demo' }],
      ...spec,
    },
    ...more,
    metadata: { name: 'demo', namespace: 'tv', uid: UID, generation: 1, ...more.metadata },
  };
}

/** The detector of each observation, which remembers the objects when a plan is carried out. */
const DETECTORS = new WeakMap<Observation['judge'], DriftDetector>();
const LONG_AGO = -60_000;

export function observationOf(push: StoredPush, more: Partial<Observation> = {}): Observation {
  const detector = new DriftDetector();
  const judge: Observation['judge'] = (desired, stored) => detector.judge(desired, stored, 0);
  DETECTORS.set(judge, detector);
  return {
    push,
    servers: {},
    config: null,
    workloads: [],
    pods: [],
    workers: { decoder: null, encoder: null },
    claim: null,
    restarts: 0,
    jumps: [],
    judge,
    now: NOW,
    ...more,
  };
}

export const withSpec = (observed: Observation, spec: Partial<Spec>): Observation => ({
  ...observed,
  push: {
    ...observed.push,
    spec: { ...observed.push.spec, ...spec },
    metadata: { ...observed.push.metadata, generation: (observed.push.metadata.generation ?? 0) + 1 },
  },
});

/** What the plan says has been done, and the status written. */
export function afterPlan(
  observed: Observation,
  defaults: Defaults = DEFAULTS,
  decision: Plan = plan(observed, defaults),
): Observation {
  const gone = (object: KubeObject): boolean =>
    decision.deletes.some((deleted) => sameObject(deleted, object));
  const applied = decision.applies.map((object) => stored(object));
  for (const object of decision.applies)
    DETECTORS.get(observed.judge)?.remember(object, stored(object), LONG_AGO);
  const rest = observed.workloads.filter(
    (one) => !gone(one) && !applied.some((other) => sameObject(one, other)),
  );
  const config = applied.find(({ kind }) => kind === 'ConfigMap') ?? observed.config;
  const finalizers = decision.finalizers ? [...decision.finalizers] : observed.push.metadata.finalizers;
  const { status } = judgeStatus(observed, decision.situation, defaults);
  const metadata = { ...observed.push.metadata, ...(finalizers && { finalizers }) };
  return {
    ...observed,
    push: { ...observed.push, metadata, status } as StoredPush,
    config,
    workloads: [...rest, ...applied.filter(({ kind }) => kind !== 'ConfigMap')] as Workload[],
  };
}

/** The object as the API server stores it. */
export function stored(object: KubeObject): Workload {
  const { name } = object.metadata;
  const status = object.kind === 'Deployment' ? { observedGeneration: 1, updatedReplicas: 1 } : undefined;
  return {
    ...object,
    metadata: { ...object.metadata, uid: `${object.kind}-${name}`, generation: 1 },
    ...(status && { status }),
  } as Workload;
}

/** A stream whose objects exist and whose pod runs, connected to its source and its output. */
export function running(
  push: StoredPush,
  defaults: Defaults = DEFAULTS,
  more: Partial<Observation> = {},
): Observation {
  const placed = afterPlan(observationOf(push, more), defaults);
  const pods = placed.workloads.map((workload) => podOfWorkload(workload));
  return afterPlan({ ...placed, pods }, defaults);
}

export const READY: Partial<ContainerStatus> = { ready: true, state: { running: {} } };
export const UNREADY: Partial<ContainerStatus> = { ready: false, state: { running: {} } };

const rolesOf = ({ metadata: { name } }: KubeObject): Role[] => {
  if (name.endsWith('-decoder')) return ['decoder'];
  return name.endsWith('-encoder') ? ['encoder'] : ['decoder', 'encoder'];
};

/** `state`: of its containers by role; what is left out is ready. */
export function podOfWorkload(
  workload: KubeObject,
  state: Partial<Record<Role, Partial<ContainerStatus>>> = {},
  more: { metadata?: object; status?: object; name?: string } = {},
): Pod {
  const roles = rolesOf(workload);
  const { kind = '', metadata } = workload;
  const name = more.name ?? `${metadata.name}-abcde`;
  const owner =
    kind === 'Job'
      ? { kind, name: metadata.name, uid: metadata.uid ?? '' }
      : { kind: 'ReplicaSet', name: `${metadata.name}-5d4f`, uid: `rs-${metadata.name}` };
  const component = roles.length === 2 ? 'stream' : (roles[0] as Role);
  const statuses = roles.map(
    (role): ContainerStatus => ({ name: role, restartCount: 0, ...(state[role] ?? READY) }),
  );
  const containers = roles.map((role) => ({ name: role, image: 'videopush/worker:0.1.0' }));
  return {
    kind: 'Pod',
    spec: { nodeName: 'node-1', initContainers: containers.slice(0, -1), containers: containers.slice(-1) },
    metadata: {
      name,
      namespace: 'tv',
      uid: `uid-${name}`,
      creationTimestamp: '2026-03-01T11:59:00Z',
      labels: childLabels('demo', component),
      ownerReferences: [{ apiVersion: 'v1', controller: true, ...owner }],
      ...more.metadata,
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.5',
      initContainerStatuses: statuses.slice(0, -1),
      containerStatuses: statuses.slice(-1),
      ...more.status,
    },
  };
}

/** The observation with the pod of its first workload in another state. */
export function withPod(
  observed: Observation,
  state: Parameters<typeof podOfWorkload>[1],
  more: Parameters<typeof podOfWorkload>[2] = {},
): Observation {
  return { ...observed, pods: [podOfWorkload(observed.workloads[0] as Workload, state, more)] };
}

export function factsOf(more: Partial<WorkerFacts> = {}): WorkerFacts {
  return {
    startTime: '2026-03-01T11:59:10Z',
    restarts: 0,
    ready: { ok: true, code: 'Connected', message: 'every output is connected' },
    fault: null,
    paced: true,
    sourcePace: null,
    jumps: NO_JUMPS,
    queueFull: false,
    queueCapacity: 20,
    ended: false,
    killed: false,
    young: false,
    ...more,
  };
}

export const notReady = (code: string, message = code): WorkerFacts['ready'] => ({
  ok: false,
  code,
  message,
});

export function serverOf(name: string, more: Partial<ObservedServer> = {}): ObservedServer {
  const server = {
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'MediaServer',
    metadata: { name, namespace: 'tv', uid: `server-${name}` },
    spec: {},
  } as MediaServer;
  return { server, ready: true, missingPaths: [], publishSecret: `${name}-publish-abc`, ...more };
}

export const toServer = (name: string): Spec['outputs'] => [{ name: 'main', serverRef: { name } }];

/** The Job of a finite stream has sent everything. */
export function finished(observed: Observation): Observation {
  const workloads = observed.workloads.map((workload) =>
    workload.kind === 'Job'
      ? {
          ...workload,
          status: {
            conditions: [{ type: 'Complete', status: 'True' }],
            completionTime: '2026-03-01T11:59:50Z',
          },
        }
      : workload,
  );
  const over = observed.pods.map((pod) =>
    pod.metadata.name.includes('decoder') ? pod : { ...pod, status: { ...pod.status, phase: 'Succeeded' } },
  );
  return { ...observed, workloads, pods: over };
}

/** A split stream with its finalizer. */
export const heldByQueue = (push: StoredPush): StoredPush => ({
  ...push,
  metadata: { ...push.metadata, finalizers: [JETSTREAM_FINALIZER] },
});
