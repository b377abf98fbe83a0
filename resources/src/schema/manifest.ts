/**
 * Manifests as files hold them, checked against the same schemas and the same rules that the API server
 * applies, defaults included, with the same messages as far as possible.
 */
import { parseAllDocuments } from 'yaml';
import { brokenRules } from './cel.ts';
import { loadKinds } from './kinds.ts';
import type { MediaServer } from './media-server.generated.ts';
import { type Fault, schemaCheck } from './schema-check.ts';
import type { VideoPush } from './video-push.generated.ts';
import type { VideoPushSet } from './video-push-set.generated.ts';

/** A core/v1 Secret, as far as it is read: `stringData` as text, `data` in base64. */
export interface Secret {
  apiVersion: 'v1';
  kind: 'Secret';
  metadata: { name: string; namespace?: string; [key: string]: unknown };
  type?: string;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

export type Manifest = VideoPush | VideoPushSet | MediaServer | Secret;

/** Where the manifest is going to run: one machine's files (`file:` URLs) are out of a cluster's reach. */
export type Place = 'cluster' | 'machine';

/** A manifest that cannot be used. The message is one line and begins with the field. */
export class ManifestError extends Error {
  readonly code = 'ManifestInvalid';
  readonly action = 'correct the manifest';
  readonly permanent = true;
  /** `spec.outputs[0].url`; '' for the document as a whole */
  readonly field: string;
  readonly #what: string;

  constructor(field: string, message: string) {
    super(field === '' ? message : `${field}: ${message}`);
    this.name = 'ManifestError';
    this.field = field;
    this.#what = message;
  }

  /** The same of a part of a document. */
  at(part: string): ManifestError {
    return new ManifestError(this.field === '' ? part : `${part}.${this.field}`, this.#what);
  }
}

/**
 * Every manifest of a YAML (or JSON) text, those in a List included: those of our kinds and Secrets checked
 * and completed, and the kinds of the others, which only a cluster can use. @throws ManifestError
 */
export function readManifests(
  text: string,
  place: Place = 'cluster',
): { manifests: Manifest[]; ignored: string[] } {
  const manifests: Manifest[] = [];
  const ignored: string[] = [];
  for (const document of parseAllDocuments(text)) {
    const [fault] = document.errors ?? [];
    if (fault) throw new ManifestError('', `not YAML: ${fault.message.split('\n')[0]}`);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    for (const { part, item } of itemsOf(value)) {
      const other = otherKind(item);
      if (other === undefined) manifests.push(within(part, () => validateManifest(item, place)));
      else ignored.push(other);
    }
  }
  return { manifests, ignored };
}

/**
 * The document itself, or what is in it when it is a List, as `kubectl get -o yaml` prints several objects.
 */
function itemsOf(document: unknown): { part: string; item: unknown }[] {
  if (!isList(document)) return [{ part: '', item: document }];
  const { items } = document;
  if (!Array.isArray(items)) throw new ManifestError('items', 'must be a list of manifests');
  return items.map((item: unknown, index) => {
    const part = `items[${index}]`;
    if (isList(item)) throw new ManifestError(part, 'is a List in a List; take its items out of it');
    return { part, item };
  });
}

function isList(document: unknown): document is { items?: unknown } {
  const { apiVersion, kind } = (document ?? {}) as { apiVersion?: unknown; kind?: unknown };
  return apiVersion === 'v1' && kind === 'List';
}

/** The kind of an object that is neither ours nor a Secret. */
function otherKind(item: unknown): string | undefined {
  const { apiVersion, kind } = (item ?? {}) as { apiVersion?: unknown; kind?: unknown };
  const ours = typeof apiVersion === 'string' && apiVersion.startsWith('videopush.dev/');
  const read = ours || (apiVersion === 'v1' && kind === 'Secret');
  return read || typeof kind !== 'string' ? undefined : kind;
}

function within<T>(part: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw part !== '' && error instanceof ManifestError ? error.at(part) : error;
  }
}

/**
 * The document as what its kind says, with the schema's defaults filled in; the argument stays as it is.
 * @throws ManifestError
 */
export function validateManifest(document: unknown, place: Place = 'cluster'): Manifest {
  const { apiVersion, kind, metadata } = (document ?? {}) as Partial<Manifest>;
  if (typeof kind !== 'string')
    throw new ManifestError('kind', 'is missing: a manifest has apiVersion, kind, metadata and spec');
  const name = metadata?.name;
  if (typeof name !== 'string' || !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
    throw new ManifestError('metadata.name', 'must be 1-253 lower-case letters, digits, "-" or "."');
  }
  if (apiVersion === 'v1' && kind === 'Secret') return document as Secret;
  const check = checks().get(`${String(apiVersion)} ${kind}`);
  if (!check) {
    const kinds = [...checks().keys()].join(', ');
    throw new ManifestError(
      'kind',
      `${String(apiVersion)} ${kind} is not a kind of this program; it knows ${kinds}`,
    );
  }
  const copy = structuredClone(document);
  const fault = check(copy, place);
  if (fault) throw new ManifestError(fault.field, fault.message);
  return copy as Manifest;
}

/** Fills in defaults, in place, and returns the first thing that is wrong. */
type Check = (value: unknown, place: Place) => Fault | undefined;

let known: Map<string, Check> | undefined;

function checks(): Map<string, Check> {
  known ??= new Map(
    loadKinds().map(({ apiVersion, kind, schema }): [string, Check] => {
      const fits = schemaCheck(schema);
      return [
        `${apiVersion} ${kind}`,
        (value, place) =>
          fits(value) ??
          brokenRules(schema, value).find(
            ({ rule }) => place === 'cluster' || rule.reason !== 'FieldValueForbidden',
          ),
      ];
    }),
  );
  return known;
}
