/**
 * The schemas as a validator, in the API server's words as far as they say what to write instead. Stricter in
 * one point: the API server prunes unknown fields, this refuses them (like kubectl does).
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Schema } from './kinds.ts';

export interface Fault {
  /** `spec.outputs[0].url`; '' for the document */
  field: string;
  message: string;
}

/** Fills in the schema's defaults, in place, and returns what is wrong with the value, or undefined. */
export type SchemaCheck = (value: unknown) => Fault | undefined;

export function schemaCheck(schema: Schema): SchemaCheck {
  const ajv = new Ajv({
    strict: false, // Kubernetes' own keywords
    verbose: true, // errors carry the schema that they broke
    useDefaults: true,
    formats: { int32: true, int64: true, 'date-time': true },
  });
  const validate: ValidateFunction = ajv.compile(closed(schema));
  return (value) => {
    if (!validate(value)) return explain(validate.errors ?? []);
    return twins(schema, value, '');
  };
}

/** Objects with named properties take no others (metadata is the API machinery's and stays open). */
function closed(schema: Schema, open = false): Schema {
  const out: Record<string, unknown> = { ...schema };
  if (isSchema(schema.properties)) {
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, item]) => [
        name,
        closed(item as Schema, name === 'metadata'),
      ]),
    );
    if (!open || !('name' in schema.properties)) out.additionalProperties = false;
  }
  if (isSchema(schema.items)) out.items = closed(schema.items);
  if (isSchema(schema.additionalProperties)) out.additionalProperties = closed(schema.additionalProperties);
  return out;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}

/** Lists whose entries have a key, or are a set, hold each once: a keyword that JSON Schema has not. */
function twins(schema: Schema, value: unknown, field: string): Fault | undefined {
  if (Array.isArray(value)) {
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      const key = keyOf(schema, item);
      const place = `${field}[${index}]`;
      if (key !== undefined && seen.has(key)) return { field: place, message: `Duplicate value: ${key}` };
      if (key !== undefined) seen.add(key);
      const below = isSchema(schema.items) ? twins(schema.items, item, place) : undefined;
      if (below) return below;
    }
    return undefined;
  }
  if (!isSchema(value) || !isSchema(schema.properties)) return undefined;
  for (const [name, item] of Object.entries(value)) {
    const below = schema.properties[name];
    const fault = isSchema(below) ? twins(below, item, field === '' ? name : `${field}.${name}`) : undefined;
    if (fault) return fault;
  }
  return undefined;
}

function keyOf(schema: Schema, item: unknown): string | undefined {
  if (schema['x-kubernetes-list-type'] === 'set') return JSON.stringify(item);
  const keys = schema['x-kubernetes-list-map-keys'] as readonly string[] | undefined;
  if (!keys || !isSchema(item)) return undefined;
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, item[key]])));
}

function explain([error]: readonly ErrorObject[]): Fault {
  if (!error) return { field: '', message: 'does not fit its schema' };
  const field = fieldPath(error.instancePath);
  const within = (name: string): string => (field === '' ? name : `${field}.${name}`);
  const { params } = error;
  if (error.keyword === 'additionalProperties') {
    const known = Object.keys((error.parentSchema?.properties ?? {}) as object).join(', ');
    return {
      field: within(params.additionalProperty as string),
      message: `is not a known field; known are ${known}`,
    };
  }
  if (error.keyword === 'required') {
    return { field: within(params.missingProperty as string), message: 'Required value' };
  }
  return { field, message: wording(error) };
}

function wording({ keyword, params, data, message, parentSchema }: ErrorObject): string {
  switch (keyword) {
    case 'type':
      return `must be of type ${parentSchema?.['x-kubernetes-int-or-string'] ? 'integer or string' : params.type}`;
    case 'enum':
      return `Unsupported value: ${JSON.stringify(data)}: supported values: ${quoted(params.allowedValues as unknown[])}`;
    case 'minimum':
      return `should be greater than or equal to ${params.limit}`;
    case 'maximum':
      return `should be less than or equal to ${params.limit}`;
    case 'multipleOf':
      return `should be a multiple of ${params.multipleOf}`;
    case 'minLength':
      return `should be at least ${params.limit} chars long`;
    case 'maxLength':
      return `may not be more than ${params.limit} bytes`;
    case 'minItems':
      return `should have at least ${params.limit} items`;
    case 'maxItems':
    case 'maxProperties':
      return `must have at most ${params.limit} items`;
    default:
      return message ?? 'does not fit its schema';
  }
}

const quoted = (values: readonly unknown[]): string =>
  values.map((value) => JSON.stringify(value)).join(', ');

/** `/spec/outputs/0/url` to `spec.outputs[0].url`. */
function fieldPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(
      (path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`),
      '',
    );
}
