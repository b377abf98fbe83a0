/** Reads everything that a decision about one stream needs. A missing object is a value, not an error. */

import type { MediaServer, VideoPush } from '@videopush/resources';
import { CONDITIONS, REASONS } from '@videopush/resources/builders/conditions';
import { serverCredentials } from '@videopush/resources/builders/credentials';
import { outputPath } from '@videopush/resources/builders/endpoints';
import { publishSecret } from '@videopush/resources/builders/mediaserver';
import { childName, DECODER, ENCODER } from '@videopush/resources/builders/names';
import { configName, runsToEnd } from '@videopush/resources/builders/videopush';
import { MEDIA_SERVERS } from '@videopush/resources/kinds';
import { type KubeObject, keyOf, objectKey, type ResourceKind, typed } from '@videopush/resources/objects';
import { CONFIG_MAPS, DEPLOYMENTS, JOBS, PERSISTENT_VOLUME_CLAIMS } from '../../kube/kinds.ts';
import type { ControlContext } from '../shared/context.ts';
import type { DriftDetector } from '../shared/drift.ts';
import type { RestartCounter, RestartSample } from '../workers/restart-counter.ts';
import type { SourceJumps } from '../workers/source-jumps.ts';
import type { Role, WorkerFacts } from '../workers/worker-facts.ts';
import type { PollTarget, WorkerPoller } from '../workers/worker-poller.ts';
import type { StreamIndexes } from './indexes.ts';
import type { Observation, ObservedServer, StoredPush, Workload } from './observation.ts';
import { containerOf, containerStatus, type Pod, podOf, roleView } from './pods.ts';

export interface Lookup {
  context: ControlContext;
  indexes: StreamIndexes;
  applied: DriftDetector;
  poller: WorkerPoller;
  restarts: RestartCounter;
  jumps: SourceJumps;
}

const ROLES: readonly Role[] = ['decoder', 'encoder'];
const PORTS: Record<Role, number> = { decoder: DECODER.port, encoder: ENCODER.port };

export async function observe(push: StoredPush, lookup: Lookup, signal: AbortSignal): Promise<Observation> {
  const { context, indexes, applied, poller } = lookup;
  const key = keyOf(push);
  const pods = indexes.pods.get(key).filter(isWorkloadPod) as Pod[];
  poller.follow(key, pollTargets(pods));
  const facts = (role: Role) => {
    const pod = podOf(pods, role);
    return pod && poller.facts(key, pod.metadata.uid ?? '', role);
  };
  const workers = { decoder: facts('decoder'), encoder: facts('encoder') };
  const [config, ...workloads] = await Promise.all(
    children(push).map(({ kind, name }) => find(kind, name, push, context, signal)),
  );
  return Object.freeze({
    push,
    servers: await findServers(push, context, signal),
    config: config ?? null,
    workloads: workloads.filter((object) => object !== null) as Workload[],
    pods,
    workers,
    claim: await findClaim(push, pods, context, signal),
    restarts: lookup.restarts.count(
      push.metadata.uid,
      push.status?.restarts ?? 0,
      restartSamples(pods, workers),
    ),
    jumps: newJumps(push, pods, workers.decoder, lookup.jumps),
    judge: (desired: KubeObject, stored: KubeObject | null) =>
      applied.judge(desired, stored, context.clock.now()),
    now: context.clock.date(),
  });
}

/** The labels alone prove nothing: a pod of ours is one that a workload has made. */
function isWorkloadPod({ metadata: { ownerReferences = [] } }: KubeObject): boolean {
  return ownerReferences.some(
    ({ controller, kind }) => controller && (kind === 'Job' || kind === 'ReplicaSet'),
  );
}

/** The ConfigMap first, then every workload that a stream of this name has had in any of its shapes. */
function children({ metadata: { name } }: StoredPush): { kind: ResourceKind; name: string }[] {
  return [
    { kind: CONFIG_MAPS, name: configName(name) },
    { kind: JOBS, name: childName(name, 'stream') },
    { kind: DEPLOYMENTS, name: childName(name, 'stream') },
    { kind: DEPLOYMENTS, name: childName(name, 'decoder') },
    { kind: JOBS, name: childName(name, 'encoder') },
    { kind: DEPLOYMENTS, name: childName(name, 'encoder') },
  ];
}

/**
 * Reads the object from the store, or from the API server when somebody else owns it: the store lacks these.
 */
async function find(
  kind: ResourceKind,
  name: string,
  push: StoredPush,
  context: ControlContext,
  signal: AbortSignal,
): Promise<KubeObject | null> {
  const { namespace } = push.metadata;
  const known = context.store(kind).get(objectKey(namespace, name));
  if (known) return typed(known, kind);
  if (push.metadata.deletionTimestamp || !isDesiredShape(kind, name, push)) return null;
  const other = await context.resource(kind).find({ namespace, name }, signal);
  return other && typed(other, kind);
}

/** Whether the stream as it is asked for now has a child of that kind and name: only those can be taken. */
function isDesiredShape(kind: ResourceKind, name: string, push: StoredPush): boolean {
  if (kind === CONFIG_MAPS) return true;
  const split = push.spec.topology === 'Split';
  if (split && name === childName(push.metadata.name, 'decoder')) return kind === DEPLOYMENTS;
  if (name !== childName(push.metadata.name, split ? 'encoder' : 'stream')) return false;
  return kind === (runsToEnd(push as VideoPush) ? JOBS : DEPLOYMENTS);
}

async function findServers(
  push: StoredPush,
  context: ControlContext,
  signal: AbortSignal,
): Promise<Observation['servers']> {
  const names = new Set(push.spec.outputs.flatMap(({ serverRef }) => serverRef?.name ?? []));
  const found: Record<string, ObservedServer | null> = {};
  for (const name of names) {
    const server = context.store(MEDIA_SERVERS).get(objectKey(push.metadata.namespace, name));
    found[name] = server ? await seenServer(server as unknown as MediaServer, push, context, signal) : null;
  }
  return found;
}

async function seenServer(
  server: MediaServer,
  push: StoredPush,
  { paths, key }: ControlContext,
  signal: AbortSignal,
): Promise<ObservedServer> {
  const { name, uid = '' } = server.metadata;
  const external = server.spec.type === 'External';
  const mine = push.spec.outputs.filter(({ serverRef }) => serverRef?.name === name);
  const desired = mine.map((output) => outputPath(push as unknown as VideoPush, output));
  const ready = server.status?.conditions?.some(
    ({ type, status }) => type === CONDITIONS.ready && status === 'True',
  );
  return {
    server,
    ready: ready === true,
    missingPaths: external ? [] : desired.filter((path) => !paths.get(uid, path)),
    publishSecret: external
      ? undefined
      : publishSecret({ server, credentials: serverCredentials(await key(signal), server) }),
  };
}

/** Asked only while the source's volume may be what keeps the pod from a node. */
async function findClaim(
  push: StoredPush,
  pods: readonly Pod[],
  context: ControlContext,
  signal: AbortSignal,
): Promise<Observation['claim']> {
  const name = push.spec.source.persistentVolumeClaim?.claimName;
  const { problem } = roleView(pods, 'decoder', null);
  if (name === undefined || problem?.reason !== REASONS.unschedulable) return null;
  const place = { namespace: push.metadata.namespace, name };
  const claim = await context.resource(PERSISTENT_VOLUME_CLAIMS).find(place, signal);
  return claim ? 'Present' : 'Missing';
}

/** The status pages of the roles that run now. */
function pollTargets(pods: readonly Pod[]): PollTarget[] {
  return ROLES.flatMap((role) => {
    const pod = podOf(pods, role);
    const ip = pod?.status?.podIP;
    const status = pod && containerStatus(pod, role);
    if (!pod || !ip || !status?.state?.running) return [];
    const host = ip.includes(':') ? `[${ip}]` : ip;
    const url = `http://${host}:${PORTS[role]}/status`;
    return [{ podUid: pod.metadata.uid ?? '', role, url, stamp: `${status.ready} ${status.restartCount}` }];
  });
}

function newJumps(
  { metadata: { uid } }: StoredPush,
  pods: readonly Pod[],
  facts: WorkerFacts | null,
  jumps: SourceJumps,
): Observation['jumps'] {
  if (!facts) return [];
  const id = `${podOf(pods, 'decoder')?.metadata.uid}/${facts.startTime}`;
  return jumps.grown(uid, { id, counts: facts.jumps, young: facts.young });
}

function restartSamples(pods: readonly Pod[], workers: Observation['workers']): RestartSample[] {
  return pods.flatMap((pod) =>
    ROLES.filter((role) => containerOf(pod, role)).flatMap((role) => {
      const id = `${pod.metadata.uid}/${role}`;
      const restarts = containerStatus(pod, role)?.restartCount ?? 0;
      // The count of the worker's supervisor starts at 0 with each start of the container.
      const own = podOf(pods, role) === pod ? (workers[role]?.restarts ?? null) : null;
      return [
        { id, count: restarts },
        { id: `${id}/${restarts}`, count: own },
      ];
    }),
  );
}
