/** Kubernetes objects as they travel: raw JSON, so that no field is lost that this program does not know. */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  creationTimestamp?: string;
  deletionTimestamp?: string;
  managedFields?: unknown[];
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** One kind of object: where an API server keeps it. */
export interface ResourceKind {
  /** '' for the core group */
  group: string;
  version: string;
  kind: string;
  plural: string;
  /** default true */
  namespaced?: boolean;
}

/** `group/version`, or the version alone of the core group. */
export const apiVersionOf = ({ group, version }: Pick<ResourceKind, 'group' | 'version'>): string =>
  group ? `${group}/${version}` : version;

/**
 * The object with its kind and version, which objects of a list lack; owner references and events need them.
 */
export const typed = <T extends object>(object: T, kind: ResourceKind): T => ({
  ...object,
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
});

/** namespace/name, or the name alone of what has no namespace. */
export const objectKey = (namespace: string | undefined, name: string): string =>
  namespace ? `${namespace}/${name}` : name;

export const keyOf = ({ metadata }: { metadata: Pick<ObjectMeta, 'namespace' | 'name'> }): string =>
  objectKey(metadata.namespace, metadata.name);

/** What a ConfigMap says under `key`; undefined when it does not exist, or does not say it. */
export const configText = (config: KubeObject | null, key: string): string | undefined =>
  (config as { data?: Record<string, string> } | null)?.data?.[key];

/** The object without the fields that are undefined: JSON has no word for them. */
export function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
