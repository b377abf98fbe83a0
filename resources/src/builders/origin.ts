/**
 * What the objects of a stream carry beside their content so that the operator, looking at them later, knows
 * what they came from: the last touch before they are applied or printed. Pure.
 */
import type { KubeObject } from '../objects.ts';
import { type Defaults, VERSION } from './defaults.ts';
import type { ServerContext } from './mediaserver/context.ts';
import { ANNOTATIONS, contentHash, GROUP } from './names.ts';
import type { StreamContext } from './videopush/context.ts';

/**
 * On each object that is applied: hash of its content, which also shows fields that are no longer desired.
 */
export const APPLIED = `${GROUP}/applied`;
/**
 * On a stream's ConfigMap and a server's Deployment: what beside the resource's own specification its
 * objects came from, as two hashes.
 */
export const ORIGIN = `${GROUP}/origin`;

/**
 * What an installation and the servers of a stream contributed; of a server's own
 * objects, the server's specification.
 */
export interface Origin {
  installation: string;
  servers: string;
}

/** Also the resources of our own kinds. */
interface Annotated {
  metadata: { annotations?: Record<string, string> };
}

interface Whole {
  config: KubeObject;
  workloads: KubeObject[];
}

/**
 * The objects as they are applied: the ConfigMap names its origin, each carries the hash of its content,
 * workloads that of their pods too.
 */
export function finishObjects<Objects extends Whole>(objects: Objects, origin: Origin): Objects {
  const config = annotated(objects.config, { [ORIGIN]: JSON.stringify(origin) });
  const workloads = objects.workloads.map((workload) => {
    const { template } = (workload as { spec?: { template?: unknown } }).spec ?? {};
    return stamped(annotated(workload, { [ANNOTATIONS.template]: contentHash(template) }));
  });
  return { ...objects, config: stamped(config), workloads };
}

/**
 * What a stream's objects depend on. Of its servers it leaves out what changes without effect on them, such
 * as status.
 */
export function originOf({ defaults, servers }: Pick<StreamContext, 'defaults' | 'servers'>): Origin {
  const used = Object.entries(servers).map(([name, { server, publishSecret }]) => ({
    name,
    publishSecret,
    type: server.spec.type,
    endpoints: server.spec.endpoints,
  }));
  return { installation: installationOf(defaults), servers: contentHash(used) };
}

export const serverOrigin = ({ server, defaults }: Pick<ServerContext, 'server' | 'defaults'>): Origin => ({
  installation: installationOf(defaults),
  servers: contentHash(server.spec),
});

const installationOf = (defaults: Defaults): string => contentHash({ ...defaults, version: VERSION });

/** The origin with which the object was applied; null when the object does not carry it. */
export function readOrigin(config: KubeObject | null | undefined): Origin | null {
  try {
    const value = JSON.parse(config?.metadata.annotations?.[ORIGIN] ?? '') as Origin | null;
    return typeof value?.installation === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** The object with its hash on it. */
export const stamped = <T extends Annotated>(object: T): T =>
  annotated(object, { [APPLIED]: contentHash(object) });

/** Hash of the pod template that a workload was applied with; empty when it does not carry it. */
export const templateHash = ({ metadata }: KubeObject): string =>
  metadata.annotations?.[ANNOTATIONS.template] ?? '';

function annotated<T extends Annotated>(object: T, more: Record<string, string>): T {
  const annotations = { ...object.metadata.annotations, ...more };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
