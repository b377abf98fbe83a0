/**
 * Manifests as files hold them, checked against the same schemas that the API server applies, defaults included.
 * Stricter than the API server in one point: it prunes unknown fields, this refuses them (like kubectl does).
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { parseAllDocuments } from 'yaml';
import { loadKinds, type Schema } from './kinds.ts';
import type { MediaServer } from './media-server.generated.ts';
import type { VideoPush } from './video-push.generated.ts';

/** A core/v1 Secret, as far as it is read: `stringData` as text, `data` in base64. */
export interface Secret {
  apiVersion: 'v1';
  kind: 'Secret';
  metadata: { name: string; namespace?: string; [key: string]: unknown };
  type?: string;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

export type Manifest = VideoPush | MediaServer | Secret;

/** A manifest that cannot be used. The message is one line and begins with the field. */
export class ManifestError extends Error {
  readonly code = 'ManifestInvalid';
  readonly action = 'correct the manifest';
  readonly permanent = true;
  /** `spec.outputs[0].url`; '' for the document as a whole */
  readonly field: string;

  constructor(field: string, message: string) {
    super(field === '' ? message : `${field}: ${message}`);
    this.name = 'ManifestError';
    this.field = field;
  }
}

/**
 * Every document of a YAML (or JSON) text: those of our kinds and Secrets checked and completed, and the kinds of
 * the others, which only a cluster can use. @throws ManifestError
 */
export function readManifests(text: string): { manifests: Manifest[]; ignored: string[] } {
  const manifests: Manifest[] = [];
  const ignored: string[] = [];
  for (const document of parseAllDocuments(text)) {
    const [fault] = document.errors ?? [];
    if (fault) throw new ManifestError('', `not YAML: ${fault.message.split('\n')[0]}`);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    const { apiVersion, kind } = value as Partial<Manifest>;
    const ours = typeof apiVersion === 'string' && apiVersion.startsWith('videopush.dev/');
    if (ours || (apiVersion === 'v1' && kind === 'Secret') || typeof kind !== 'string') {
      manifests.push(validateManifest(value));
    } else {
      ignored.push(kind);
    }
  }
  return { manifests, ignored };
}

/**
 * The document as what its kind says, with the schema's defaults filled in; the argument stays as it is.
 * @throws ManifestError
 */
export function validateManifest(document: unknown): Manifest {
  const { apiVersion, kind, metadata } = (document ?? {}) as Partial<Manifest>;
  if (typeof kind !== 'string')
    throw new ManifestError('kind', 'is missing: a manifest has apiVersion, kind, metadata and spec');
  const name = metadata?.name;
  if (typeof name !== 'string' || !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
    throw new ManifestError('metadata.name', 'must be 1-253 lower-case letters, digits, "-" or "."');
  }
  if (apiVersion === 'v1' && kind === 'Secret') return document as Secret;
  const known = validators().get(`${String(apiVersion)} ${kind}`);
  if (!known) {
    const kinds = [...validators().keys()].join(', ');
    throw new ManifestError(
      'kind',
      `${String(apiVersion)} ${kind} is not a kind of this program; it knows ${kinds}`,
    );
  }
  const copy = structuredClone(document);
  if (known(copy)) return copy as Manifest;
  throw explain(known.errors ?? []);
}

let compiled: Map<string, ValidateFunction> | undefined;

function validators(): Map<string, ValidateFunction> {
  if (compiled) return compiled;
  const ajv = new Ajv({
    strict: false, // Kubernetes' own keywords
    verbose: true, // errors carry the schema that they broke
    useDefaults: true,
    formats: { int32: true, int64: true, 'date-time': true },
  });
  compiled = new Map(
    loadKinds().map(({ apiVersion, kind, schema }) => [`${apiVersion} ${kind}`, ajv.compile(closed(schema))]),
  );
  return compiled;
}

/** Objects with named properties take no others (metadata is the API machinery's and stays open). */
function closed(schema: Schema): Schema {
  const out: Record<string, unknown> = { ...schema };
  if (isSchema(schema.properties)) {
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, item]) => [name, closed(item as Schema)]),
    );
    out.additionalProperties = false;
  }
  if (isSchema(schema.items)) out.items = closed(schema.items);
  return out;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}

function explain(errors: readonly ErrorObject[]): ManifestError {
  // A broken oneOf reports its branches first; what it means stands in the last one.
  const error = errors.find(({ keyword }) => keyword === 'oneOf') ?? errors[0];
  if (!error) return new ManifestError('', 'does not fit its schema');
  const field = fieldPath(error.instancePath);
  const within = (name: string): string => (field === '' ? name : `${field}.${name}`);
  const { params } = error;
  switch (error.keyword) {
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema?.properties ?? {}) as object).join(', ');
      return new ManifestError(
        within(params.additionalProperty as string),
        `is not a known field; known are ${known}`,
      );
    }
    case 'required':
      return new ManifestError(within(params.missingProperty as string), 'is missing');
    case 'oneOf': {
      const names = (error.schema as { required: string[] }[]).flatMap(({ required }) => required);
      return new ManifestError(field, `must have exactly one of ${names.join(', ')}`);
    }
    case 'enum':
      return new ManifestError(field, `must be one of ${(params.allowedValues as unknown[]).join(', ')}`);
    case 'pattern':
      return new ManifestError(field, `has the wrong form; expected: ${description(error)}`);
    default:
      return new ManifestError(field, error.message ?? 'does not fit its schema');
  }
}

/** The field's description without its sentence about the default. Never its value, which may hold a secret. */
function description(error: ErrorObject): string {
  const text = String(error.parentSchema?.description ?? `text that matches ${String(error.params.pattern)}`);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

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
