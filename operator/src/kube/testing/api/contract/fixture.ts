/**
 * What the tests of the contract share: a namespace, and short words for what is written and watched in it.
 */

import { VIDEO_PUSHES } from '@videopush/resources/kinds';
import type { KubeObject, ResourceKind } from '@videopush/resources/objects';
import type { ApiError } from '../../../errors.ts';
import { CONFIG_MAPS } from '../../../kinds.ts';
import type { Collection, WatchEvent } from '../../../reflector.ts';
import { Resource } from '../../../resource.ts';
import type { Transport } from '../../../transport.ts';
import { WriteGate } from '../../../write-gate.ts';

/** Time limit of one test, in milliseconds. */
const LIMIT = 20_000;
export const OUTPUT = { name: 'main', url: 'rtsp://out.example/demo' };
export const PUSH_SPEC = { source: { testPattern: {} }, outputs: [OUTPUT] };

/** A managedFields entry, as far as it is read. */
export interface Entry {
  manager: string;
  operation: string;
  subresource?: string;
  fieldsV1: object;
}

/** One namespace for each test. */
export interface Fixture {
  transport: Transport;
  namespace: string;
  signal: AbortSignal;
  of(kind: ResourceKind): Resource;
  /** a ConfigMap, by one manager */
  apply(manager: string, data: Record<string, string>, name?: string): Promise<KubeObject>;
  /** without force */
  applyGently(manager: string, data: Record<string, string>): Promise<KubeObject>;
  /** a VideoPush */
  push(spec?: object, more?: object): Promise<KubeObject>;
}

export function fixtureOf(transport: Transport, namespace: string): Fixture {
  const gate = new WriteGate();
  gate.open();
  const signal = AbortSignal.timeout(LIMIT);
  const of = (kind: ResourceKind) => new Resource(kind, transport, gate);
  return {
    transport,
    namespace,
    signal,
    of,
    apply: (fieldManager, data, name = 'a') =>
      of(CONFIG_MAPS).apply({ metadata: { name, namespace }, data }, { fieldManager, signal }),
    applyGently: async (fieldManager, data) =>
      (await transport.json({
        method: 'PATCH',
        path: `/api/v1/namespaces/${namespace}/configmaps/a`,
        query: { fieldManager },
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data },
        contentType: 'application/apply-patch+yaml',
        signal,
      })) as KubeObject,
    push: (spec = PUSH_SPEC, more = {}) =>
      of(VIDEO_PUSHES).create({ metadata: { name: 'p', namespace, ...more }, spec }, signal),
  };
}

export const versionOf = ({ metadata: { resourceVersion = '' } }: KubeObject): string => resourceVersion;

/** Owners by their names, with what they own of `data`, such as `videopush: a,b`. */
export function dataOwners({ metadata: { managedFields = [] } }: KubeObject): string[] {
  return (managedFields as Entry[])
    .map(({ manager, fieldsV1 }) => {
      const fields = Object.keys((fieldsV1 as { 'f:data'?: object })['f:data'] ?? {});
      return `${manager}: ${fields.filter((field) => field !== '.').map((field) => field.slice(2))}`;
    })
    .sort();
}

/** The first events of a watch that `desired` picks. */
export async function eventsFrom(
  { signal }: Fixture,
  collection: Collection,
  resourceVersion: string,
  many: number,
  desired: (event: WatchEvent) => boolean | Promise<boolean> = ({ type }) => type !== 'BOOKMARK',
): Promise<WatchEvent[]> {
  const found: WatchEvent[] = [];
  for await (const event of collection.watch({ resourceVersion, timeoutSeconds: 4, signal })) {
    if (await desired(event)) found.push(event);
    if (found.length === many) break;
  }
  return found;
}

export const words = (events: readonly WatchEvent[]): string[] =>
  events.map(({ type, object }) => `${type} ${(object as KubeObject).metadata.name}`);

export const failure = (write: Promise<unknown>): Promise<ApiError> =>
  write.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: ApiError) => error,
  );
