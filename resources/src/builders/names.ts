/**
 * Every name that the operator gives: labels, annotations, field managers, children, folders in a pod.
 * All of it is API.
 */
import { createHash } from 'node:crypto';

export const GROUP = 'videopush.dev';

export const LABELS = {
  /** what an object is for: stream, media-server */
  name: 'app.kubernetes.io/name',
  /** the resource that it belongs to */
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  partOf: 'app.kubernetes.io/part-of',
  managedBy: 'app.kubernetes.io/managed-by',
  /** on VideoPushes of a set: the set, and which of its sources */
  set: `${GROUP}/set`,
  source: `${GROUP}/source`,
} as const;

export const ANNOTATIONS = {
  /** on pod templates: a change of the decoder's configuration replaces the pod */
  decoderConfig: `${GROUP}/decoder-config`,
  /**
   * on running pods: written when the encoder's configuration changed, so that
   * kubelet brings the file at once
   */
  encoderConfig: `${GROUP}/encoder-config`,
  /** on workloads: hash of the template as it was applied, and the fields of spec that it came from */
  template: `${GROUP}/template`,
  /** on a stream's ConfigMap: hashes of the fields of spec that its objects came from */
  specFields: `${GROUP}/spec-fields`,
  /** on pod templates of a media server: hash of the settings that it takes only at its start */
  serverSettings: `${GROUP}/server-settings`,
  /** on running pods of a media server: written when its file changed, so that kubelet brings it at once */
  serverFile: `${GROUP}/server-file`,
} as const;

export const FIELD_MANAGER = 'videopush-operator';
/**
 * Field manager of a set's members. Their finalizers belong to FIELD_MANAGER, since an apply removes what its
 * manager no longer names.
 */
export const SET_FIELD_MANAGER = 'videopush-operator-set';
export const STATUS_FIELD_MANAGER = 'videopush-operator-status';
/** of events */
export const REPORTING_CONTROLLER = `${GROUP}/operator`;
/** on VideoPushes whose frame queue is a JetStream stream: deleted with them */
export const JETSTREAM_FINALIZER = `${GROUP}/jetstream`;

/** Where things are in a stream's containers. */
export const POD_PATHS = {
  config: '/etc/videopush',
  ring: '/ring',
  temporary: '/tmp',
  volumes: '/volumes',
  sourceCredentials: '/credentials/source',
  outputCredentials: '/credentials/outputs',
  outputUrls: '/credentials/urls',
  sourceAuthorities: '/credentials/source-ca',
  outputAuthorities: '/credentials/outputs-ca',
} as const;

/** Names of containers and of their ports, and the keys of the ConfigMap. */
export const DECODER = { container: 'decoder', port: 9090, key: 'decoder.json' } as const;
export const ENCODER = { container: 'encoder', port: 9091, key: 'encoder.json' } as const;

/** The longest name of an object of ours, and of what a label may hold. */
const MOST = 63;
/**
 * Pods get up to 17 more characters from their workload ("-", 10 of a hash, "-", 5 at
 * random), and make a host name of it.
 */
const MAX_CHILD = MOST - 17;

/**
 * The name of a child, the same every time: OWNER-SUFFIX, cut with a hash of the whole name in its tail where
 * that is too long for a pod's host name.
 */
export function childName(owner: string, suffix: string): string {
  const whole = `${owner}-${suffix}`;
  if (whole.length <= MAX_CHILD) return whole;
  const tail = `-${shortHash(owner, 6)}-${suffix}`;
  return `${owner.slice(0, MAX_CHILD - tail.length).replace(/[-.]+$/, '')}${tail}`;
}

/** The first `digits` of the text's SHA-256 in hexadecimal. */
export function shortHash(text: string, digits = 10): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

/** Hash of a value's JSON, independent of the order of its keys. */
export function contentHash(value: unknown): string {
  return shortHash(canonicalJson(value), 16);
}

/** JSON with the keys of every object in order. `indent`: spaces, for a person to read. */
export function canonicalJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, (_, item: unknown) => sorted(item), indent);
}

function sorted(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
}

export type Component = 'stream' | 'decoder' | 'encoder' | 'media-server';

/** Labels of a child of the resource `owner`. Those of selectors are the first two and never change. */
export function childLabels(owner: string, component: Component): Record<string, string> {
  return {
    ...selectorLabels(owner, component),
    [LABELS.component]: component,
    [LABELS.partOf]: 'videopush',
    [LABELS.managedBy]: FIELD_MANAGER,
  };
}

/** What finds the pods of a workload. */
export function selectorLabels(owner: string, component: Component): Record<string, string> {
  const kind = component === 'media-server' ? 'videopush-media-server' : `videopush-${component}`;
  return { [LABELS.name]: kind, [LABELS.instance]: owner };
}

/** The JetStream stream of a VideoPush: one for each resource that has its name. */
export function jetStreamName(namespace: string, name: string, uid: string): string {
  const whole = `videopush-${namespace}-${name}`.replaceAll('.', '_');
  return `${whole}-${shortHash(uid, 8)}`;
}
