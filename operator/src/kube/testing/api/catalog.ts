/** The kinds that the fake API server serves: those of the operator, ours as crds/ defines them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResourceKind } from '@videopush/resources/objects';
import { Ajv, type ErrorObject } from 'ajv';
import { parse } from 'yaml';
import * as kinds from '../../kinds.ts';
import { modelType, resourceType, type Schema, type Type } from './types.ts';

export interface Cause {
  field: string;
  message: string;
}

export interface ServedKind extends ResourceKind {
  type: Type;
  /** has the subresource */
  status: boolean;
  /** counts the changes of its specification in metadata.generation */
  generation: boolean;
  /** what may be selected by beside name and namespace */
  selectableFields: readonly string[];
  /** of a custom resource */
  custom?: { schema: Schema; problems: (object: unknown) => Cause[] };
}

interface Definition {
  spec: {
    group: string;
    names: { kind: string; plural: string };
    scope: string;
    versions: {
      name: string;
      schema: { openAPIV3Schema: Schema };
      subresources?: { status?: object };
      selectableFields?: { jsonPath: string }[];
    }[];
  };
}

const CRDS = join(import.meta.dirname, '..', '..', '..', '..', '..', 'crds');

const builtin = (kind: ResourceKind, more: Partial<ServedKind> = {}): ServedKind => ({
  ...kind,
  type: modelType(kind === kinds.EVENTS ? 'EventsV1Event' : `V1${kind.kind}`),
  status: false,
  generation: false,
  selectableFields: [],
  ...more,
});

/** Schemas are compiled once for all servers of a process. */
let known: ServedKind[] | undefined;

export function servedKinds(): readonly ServedKind[] {
  known ??= [
    builtin(kinds.CONFIG_MAPS),
    builtin(kinds.EVENTS),
    builtin(kinds.LEASES),
    builtin(kinds.SECRETS, { selectableFields: ['type'] }),
    builtin(kinds.SERVICES, { status: true }),
    builtin(kinds.NAMESPACES, { status: true }),
    builtin(kinds.NODES, { status: true }),
    builtin(kinds.PERSISTENT_VOLUME_CLAIMS, { status: true }),
    builtin(kinds.PODS, { status: true, selectableFields: ['spec.nodeName', 'status.phase'] }),
    builtin(kinds.DEPLOYMENTS, { status: true, generation: true }),
    builtin(kinds.JOBS, { status: true, generation: true }),
    builtin(kinds.CUSTOM_RESOURCE_DEFINITIONS, { status: true, generation: true }),
    ...readdirSync(CRDS)
      .filter((file) => file.endsWith('.yaml'))
      .flatMap((file) => custom(parse(readFileSync(join(CRDS, file), 'utf8')) as Definition)),
  ];
  return known;
}

function custom({ spec: { group, names, scope, versions } }: Definition): ServedKind[] {
  return versions.map(
    ({ name, schema: { openAPIV3Schema: schema }, subresources, selectableFields = [] }) => ({
      group,
      version: name,
      kind: names.kind,
      plural: names.plural,
      namespaced: scope === 'Namespaced',
      type: resourceType(schema),
      status: subresources?.status !== undefined,
      generation: true,
      selectableFields: selectableFields.map(({ jsonPath }) => jsonPath.slice(1)),
      custom: { schema, problems: problemsBy(schema) },
    }),
  );
}

/** All that a schema says, but for the rules in CEL: those are tested where they are. */
function problemsBy(schema: Schema): (object: unknown) => Cause[] {
  const ajv = new Ajv({
    strict: false, // Kubernetes' own keywords
    allErrors: true,
    formats: { int32: true, int64: true, 'date-time': true },
  });
  const validate = ajv.compile(schema);
  return (object) => (validate(object) ? [] : (validate.errors ?? []).map(causeOf));
}

const causeOf = ({ instancePath, message = 'does not fit its schema' }: ErrorObject): Cause => ({
  field: instancePath.slice(1).replaceAll('/', '.'),
  message: `Invalid value: ${message}`,
});
