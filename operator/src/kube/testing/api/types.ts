/**
 * What the fake API server knows of the shape of objects: enough to refuse unknown fields and wrong types,
 * and to merge lists as server-side apply does. Kinds of Kubernetes are described by the
 * models of @kubernetes/client-node, ours by their CRD.
 */
import * as models from '@kubernetes/client-node';

/**
 * How two versions of a list become one: as a whole, or item by item under the values of keys, or as a set.
 */
export type ListMerge = 'atomic' | 'set' | { keys: readonly string[]; defaults?: Record<string, unknown> };

export type Type =
  | { type: 'any' }
  | { type: 'scalar'; wants: string; accepts: (value: unknown) => boolean; quantity?: boolean }
  | { type: 'struct'; field: (name: string) => Type | undefined; atomic?: boolean }
  | { type: 'map'; item: Type; atomic?: boolean }
  | { type: 'list'; item: Type; merge: ListMerge };

const ANY: Type = { type: 'any' };

const scalar = (wants: string, accepts: (value: unknown) => boolean): Type => ({
  type: 'scalar',
  wants,
  accepts,
});
const STRING = scalar('string', (value) => typeof value === 'string');
const INTEGER = scalar('integer', (value) => Number.isInteger(value));
const NUMBER = scalar('number', (value) => typeof value === 'number');
const BOOLEAN = scalar('boolean', (value) => typeof value === 'boolean');
const INT_OR_STRING = scalar(
  'integer or string',
  (value) => Number.isInteger(value) || typeof value === 'string',
);
const TIME = scalar(
  'time such as 2026-01-31T12:00:00Z',
  (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value),
);
const MICRO_TIME = scalar(
  'time such as 2026-01-31T12:00:00.000000Z',
  (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/.test(value),
);
const QUANTITY: Type = {
  type: 'scalar',
  wants: 'quantity',
  accepts: (value) =>
    typeof value === 'number' ||
    (typeof value === 'string' && /^[+-]?[0-9.]+([eE]?[a-zA-Z0-9]*)$/.test(value)),
  quantity: true,
};

const map = (...keys: string[]): ListMerge => ({ keys });

/**
 * Lists of Kubernetes' own types that are merged item by item, as the x-kubernetes-list-* keywords of its
 * OpenAPI document define.
 */
const LISTS: Readonly<Record<string, ListMerge>> = {
  'V1ObjectMeta.finalizers': 'set',
  'V1ObjectMeta.ownerReferences': map('uid'),
  'V1PodSpec.containers': map('name'),
  'V1PodSpec.initContainers': map('name'),
  'V1PodSpec.ephemeralContainers': map('name'),
  'V1PodSpec.volumes': map('name'),
  'V1PodSpec.imagePullSecrets': map('name'),
  'V1PodSpec.hostAliases': map('ip'),
  'V1PodSpec.topologySpreadConstraints': map('topologyKey', 'whenUnsatisfiable'),
  'V1PodSpec.resourceClaims': map('name'),
  'V1Container.env': map('name'),
  'V1Container.volumeMounts': map('mountPath'),
  'V1Container.volumeDevices': map('devicePath'),
  'V1Container.ports': { keys: ['containerPort', 'protocol'], defaults: { protocol: 'TCP' } },
  'V1ResourceRequirements.claims': map('name'),
  'V1PodStatus.conditions': map('type'),
  'V1PodStatus.podIPs': map('ip'),
  'V1PodStatus.hostIPs': 'atomic',
  'V1DeploymentStatus.conditions': map('type'),
  'V1ServiceSpec.ports': { keys: ['port', 'protocol'], defaults: { protocol: 'TCP' } },
  'V1ServiceStatus.conditions': map('type'),
  'V1PersistentVolumeClaimStatus.conditions': map('type'),
  'V1NamespaceStatus.conditions': map('type'),
  'V1NodeStatus.conditions': map('type'),
  'V1NodeStatus.addresses': map('type'),
  'V1CustomResourceDefinitionStatus.conditions': map('type'),
};

/** Structs and maps of Kubernetes' own types that are one value to server-side apply. */
const ATOMIC = new Set([
  'V1LabelSelector',
  'V1LocalObjectReference',
  'V1ObjectReference',
  'V1OwnerReference',
  'V1SecretKeySelector',
  'V1ConfigMapKeySelector',
  'V1ObjectFieldSelector',
  'V1ResourceFieldSelector',
  'V1TypedLocalObjectReference',
  'V1NodeSelector',
  'V1NodeSelectorTerm',
  'V1ServiceSpec.selector',
  'V1PodSpec.nodeSelector',
  'V1ScopedResourceSelectorRequirement',
]);

const QUANTITIES = new Set([
  'V1ResourceRequirements.limits',
  'V1ResourceRequirements.requests',
  'V1VolumeResourceRequirements.limits',
  'V1VolumeResourceRequirements.requests',
  'V1EmptyDirVolumeSource.sizeLimit',
  'V1PersistentVolumeClaimStatus.capacity',
  'V1NodeStatus.capacity',
  'V1NodeStatus.allocatable',
]);

interface Attribute {
  baseName: string;
  type: string;
  format: string;
}

const known = new Map<string, Type>();

/** The type of a model of @kubernetes/client-node, such as V1Pod. */
export function modelType(name: string): Type {
  const before = known.get(name);
  if (before) return before;
  if (name === 'V1JSONSchemaProps') return ANY;
  const model = (models as unknown as Record<string, { getAttributeTypeMap?: () => Attribute[] }>)[name];
  if (!model?.getAttributeTypeMap) throw new Error(`there is no model ${name}`);
  const fields = new Map(model.getAttributeTypeMap().map((attribute) => [attribute.baseName, attribute]));
  const type: Type = {
    type: 'struct',
    atomic: ATOMIC.has(name),
    field: (field) => {
      const attribute = fields.get(field);
      return attribute && attributeType(`${name}.${field}`, attribute.type, attribute.format);
    },
  };
  known.set(name, type);
  return type;
}

function attributeType(place: string, word: string, format: string): Type {
  if (QUANTITIES.has(place)) return word.startsWith('{') ? { type: 'map', item: QUANTITY } : QUANTITY;
  const list = /^Array<(.*)>$/.exec(word);
  if (list?.[1])
    return { type: 'list', item: attributeType('', list[1], format), merge: LISTS[place] ?? 'atomic' };
  const values = /^\{ \[key: string\]: (.*); \}$/.exec(word);
  if (values?.[1])
    return { type: 'map', item: attributeType('', values[1], format), atomic: ATOMIC.has(place) };
  switch (word) {
    case 'string':
      return STRING;
    case 'number':
      return format.startsWith('int') ? INTEGER : NUMBER;
    case 'boolean':
      return BOOLEAN;
    case 'Date':
      return TIME;
    case 'V1MicroTime':
      return MICRO_TIME;
    case 'IntOrString':
      return INT_OR_STRING;
    case 'any':
    case 'object':
      return ANY;
    default:
      return modelType(word);
  }
}

/** A structural schema of a CRD. */
export type Schema = Readonly<Record<string, unknown>>;

/** The type of a custom resource: metadata is that of all objects, the rest is what its schema says. */
export function resourceType(schema: Schema): Type {
  const own = schemaType(schema);
  return {
    type: 'struct',
    field: (name) => {
      if (name === 'metadata') return modelType('V1ObjectMeta');
      if (name === 'apiVersion' || name === 'kind') return STRING;
      return own.type === 'struct' ? own.field(name) : undefined;
    },
  };
}

function schemaType(schema: Schema): Type {
  if (schema['x-kubernetes-int-or-string']) return INT_OR_STRING;
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const atomic = schema['x-kubernetes-map-type'] === 'atomic';
  switch (schema.type) {
    case 'object': {
      const { properties, additionalProperties } = schema as Record<
        string,
        Record<string, Schema> | undefined
      >;
      if (!properties && additionalProperties && typeof additionalProperties === 'object')
        return { type: 'map', item: schemaType(additionalProperties), atomic };
      const fields = new Map(
        Object.entries(properties ?? {}).map(([name, item]) => [name, schemaType(item)]),
      );
      return { type: 'struct', field: (name) => fields.get(name) ?? (open ? ANY : undefined), atomic };
    }
    case 'array':
      return { type: 'list', item: schemaType(schema.items as Schema), merge: mergeOf(schema) };
    case 'integer':
      return INTEGER;
    case 'number':
      return NUMBER;
    case 'boolean':
      return BOOLEAN;
    case 'string':
      return STRING;
    default:
      return ANY;
  }
}

function mergeOf(schema: Schema): ListMerge {
  const keys = schema['x-kubernetes-list-map-keys'] as readonly string[] | undefined;
  switch (schema['x-kubernetes-list-type']) {
    case 'map': {
      const fields = ((schema.items as Schema).properties ?? {}) as Record<string, Schema>;
      const found = (keys ?? []).filter((key) => fields[key]?.default !== undefined);
      const defaults = Object.fromEntries(found.map((key) => [key, fields[key]?.default]));
      return { keys: keys ?? [], defaults };
    }
    case 'set':
      return 'set';
    default:
      return 'atomic';
  }
}
