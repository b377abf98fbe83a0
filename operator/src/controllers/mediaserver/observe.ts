/**
 * Reads everything that a decision about one media server needs. A missing object is a value, not an error.
 */

import type { MediaServer, VideoPush } from '@videopush/resources';
import { type ServerCredentials, serverCredentials } from '@videopush/resources/builders/credentials';
import {
  apiServiceName,
  kindName,
  type ServerApi,
  type ServerPath,
  serverPaths,
  serviceName,
} from '@videopush/resources/builders/mediaserver';
import { childName } from '@videopush/resources/builders/names';
import { type KubeObject, keyOf, objectKey, type ResourceKind, typed } from '@videopush/resources/objects';
import { CONFIG_MAPS, DEPLOYMENTS, SERVICES } from '../../kube/kinds.ts';
import type { ControlContext } from '../shared/context.ts';
import type { DriftDetector } from '../shared/drift.ts';
import type { ServerIndexes } from './indexes.ts';
import type { LingeringPaths } from './kinds/index.ts';
import type { ApiView, Observation, StoredServer } from './observation.ts';
import { apiAddress, currentPod, type ServerPod } from './pod.ts';

export interface Lookup {
  context: ControlContext;
  indexes: ServerIndexes;
  applied: DriftDetector;
  api: ServerApi;
  lingering: LingeringPaths;
  /** when the API of a pod last answered, or was first asked: by the pod's uid, monotonic */
  heardAt: Map<string, number>;
  createdSecrets: (server: StoredServer) => ReadonlySet<string>;
}

export async function observe(
  server: StoredServer,
  lookup: Lookup,
  signal: AbortSignal,
): Promise<Observation> {
  const { context, indexes, applied, lingering } = lookup;
  const resource = server as MediaServer;
  const key = keyOf(server);
  const elsewhere = kindName(server) === undefined;
  const credentials = elsewhere ? null : serverCredentials(await context.key(signal), resource);
  const pod = currentPod(indexes.podsByServer.get(key) as ServerPod[]);
  const api: ApiView = credentials ? await ask(pod, credentials, lookup, signal) : { state: 'Unasked' };
  const desired = serverPaths(resource, indexes.pushesByServer.get(key) as unknown as VideoPush[]);
  const kept = lingering.keep(server.metadata.uid, desired, onlineBy(api), context.clock.now());
  return Object.freeze({
    server,
    paths: [...desired, ...kept].sort(byName),
    lingering: kept.length > 0,
    credentials,
    children: await findChildren(server, elsewhere, context, signal),
    pod,
    api,
    createdSecrets: lookup.createdSecrets(server),
    judge: (object: KubeObject, stored: KubeObject | null) =>
      applied.judge(object, stored, context.clock.now()),
    now: context.clock.date(),
  });
}

async function ask(
  pod: ServerPod | null,
  { operator }: ServerCredentials,
  { api, context, heardAt }: Lookup,
  signal: AbortSignal,
): Promise<ApiView> {
  const host = apiAddress(pod);
  const podUid = pod?.metadata.uid ?? '';
  if (host === undefined) return { state: 'Unasked' };
  const since = heardAt.get(podUid) ?? context.clock.now();
  try {
    const paths = await api.list({ host, account: operator }, signal);
    heardAt.set(podUid, context.clock.now());
    return { state: 'Answered', paths };
  } catch (error) {
    if (signal.aborted) throw error;
    heardAt.set(podUid, since);
    return { state: 'Silent', error: (error as Error).message, milliseconds: context.clock.now() - since };
  }
}

function onlineBy(api: ApiView): (path: string) => boolean | undefined {
  if (api.state !== 'Answered') return () => undefined;
  const online = new Set(api.paths.filter((path) => path.online).map(({ name }) => name));
  return (path) => online.has(path);
}

const byName = (a: ServerPath, b: ServerPath): number => (a.name < b.name ? -1 : Number(a.name > b.name));

/**
 * Reads the children from the stores, and from the API server those that somebody else owns: stores lack
 * these.
 */
async function findChildren(
  server: StoredServer,
  elsewhere: boolean,
  context: ControlContext,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const { namespace } = server.metadata;
  const found = await Promise.all(
    children(server).map(async ([kind, name]) => {
      const known = context.store(kind).get(objectKey(namespace, name));
      const other =
        known || elsewhere ? known : await context.resource(kind).find({ namespace, name }, signal);
      return other ? typed(other, kind) : [];
    }),
  );
  return found.flat();
}

const children = ({ metadata: { name } }: StoredServer): [ResourceKind, string][] => [
  [CONFIG_MAPS, childName(name, 'media-config')],
  [DEPLOYMENTS, serviceName(name)],
  [SERVICES, serviceName(name)],
  [SERVICES, apiServiceName(name)],
];
