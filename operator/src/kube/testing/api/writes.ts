/** The verbs that change objects, with the checks and corrections that the API server makes on the way. */

import { apiVersionOf, type KubeObject, type ObjectMeta } from '@videopush/resources/objects';
import { NAMESPACES } from '../../kinds.ts';
import type { ServedKind } from './catalog.ts';
import { itemProblems } from './fields.ts';
import { apply, type Manager, sameManagers, update } from './managers.ts';
import {
  alreadyExists,
  applyConflict,
  badRequest,
  conflict,
  invalid,
  notFound,
  STALE,
  undeclared,
} from './refusals.ts';
import { type Storage, type Stored, shown } from './storage.ts';
import { canonical, clone, conform, fillDefaults, type Json, mergePatch } from './values.ts';

export interface Write {
  kind: ServedKind;
  namespace?: string | undefined;
  name: string;
  /** '' for the object itself */
  subresource: '' | 'status';
  body: Json;
  fieldManager: string;
  force: boolean;
  /** unknown fields are refused and not just dropped */
  strict: boolean;
}

export interface Deletion extends Pick<Write, 'kind' | 'namespace' | 'name'> {
  options: { preconditions?: { uid?: string; resourceVersion?: string }; propagationPolicy?: string };
}

export interface WriteAnswer {
  object: KubeObject;
  created: boolean;
}

export class Writes {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  create(write: Write): KubeObject {
    const body = readBody(write);
    const { name, resourceVersion } = body.metadata;
    if (!name) throw invalid(write.kind, '', [{ field: 'metadata.name', message: 'Required value' }]);
    if (resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
    if (this.#storage.get(write.kind, write.namespace, name)) throw alreadyExists(write.kind, name);
    return this.#update({ ...write, name }, undefined, body);
  }

  replace(write: Write): KubeObject {
    const body = readBody(write);
    const live = this.#live(write);
    if (write.kind.custom && !body.metadata.resourceVersion)
      throw invalid(write.kind, write.name, [
        { field: 'metadata.resourceVersion', message: 'must be specified for an update' },
      ]);
    checkPreconditions(write, live, body.metadata);
    return this.#update(write, live, body);
  }

  patch(write: Write): KubeObject {
    const live = this.#live(write);
    const body = mergePatch(live.object, write.body) as KubeObject;
    checkUnchangeable(write, live, body.metadata);
    return this.#update(write, live, readBody({ ...write, body }));
  }

  apply(write: Write): WriteAnswer {
    const { kind, namespace, name, subresource, fieldManager, force } = write;
    const config = readBody(write, true);
    const live = this.#storage.get(kind, namespace, name);
    if (!live && subresource) throw notFound(kind, name);
    if (!live && config.metadata.uid)
      throw conflict(kind, name, `uid mismatch: ${config.metadata.uid}, and no existing object was found`);
    if (live) checkUnchangeable(write, live, config.metadata);
    const applied = apply(
      kind.type,
      live?.object ?? {},
      partOf(write, config),
      live?.managers ?? [],
      { name: fieldManager, subresource },
      now(),
    );
    if (applied.conflicts.length > 0 && !force) throw applyConflict(applied.conflicts);
    const next = this.#complete(write, live, applied.object as KubeObject);
    return { object: this.#store(write, live, next, applied.managers), created: !live };
  }

  /** The object when its finalizers keep it, else null. */
  delete({ kind, namespace, name, options }: Deletion): KubeObject | null {
    const live = this.#live({ kind, namespace, name });
    checkPreconditions({ kind, name }, live, options.preconditions ?? {});
    // The other policies are work of a garbage collector that nothing here needs.
    if ((options.propagationPolicy ?? 'Background') !== 'Background')
      throw badRequest(`this server knows no propagationPolicy ${options.propagationPolicy}`);
    const { metadata } = live.object;
    if (!metadata.finalizers?.length) {
      this.#remove(live);
      return null;
    }
    if (metadata.deletionTimestamp) return shown(live);
    const marked: ObjectMeta = {
      ...metadata,
      ...(metadata.generation && { generation: metadata.generation + 1 }),
      deletionTimestamp: now(),
    };
    return this.#storage.put(kind, { ...live.object, metadata: marked }, live.managers);
  }

  #live({ kind, namespace, name }: Pick<Write, 'kind' | 'namespace' | 'name'>): Stored {
    const live = this.#storage.get(kind, namespace, name);
    if (!live) throw notFound(kind, name);
    return live;
  }

  #update(write: Write, live: Stored | undefined, body: KubeObject): KubeObject {
    const next = this.#complete(write, live, body);
    const managers = update(
      write.kind.type,
      live?.object ?? {},
      next,
      live?.managers ?? [],
      { name: write.fieldManager, subresource: write.subresource },
      now(),
    );
    return this.#store(write, live, next, managers);
  }

  /**
   * The object to store: fields that the write may not change keep their values, and defaults are filled in.
   */
  #complete(
    { kind, namespace, name, subresource }: Write,
    live: Stored | undefined,
    desired: KubeObject,
  ): KubeObject {
    const { managedFields: _, ...metadata } = desired.metadata ?? {};
    let next = {
      ...desired,
      metadata: { ...metadata, ...identity(kind, live, namespace, name) },
    } as KubeObject;
    if (live && subresource) next = { ...live.object, status: desired.status };
    else if (kind.status) next = { ...next, status: live?.object.status };
    next = conform(kind.type, clone(next)).value as KubeObject;
    if (kind.custom) fillDefaults(kind.custom.schema, next);
    const problems = [...itemProblems(kind.type, next), ...(kind.custom?.problems(next) ?? [])];
    if (problems.length > 0) throw invalid(kind, name, problems);
    return next;
  }

  /** Nothing is written when nothing is new. */
  #store(
    { kind, namespace }: Write,
    live: Stored | undefined,
    next: KubeObject,
    managers: readonly Manager[],
  ): KubeObject {
    if (live && canonical(live.object) === canonical(next) && sameManagers(live.managers, managers))
      return shown(live);
    if (!live && namespace && !this.#storage.get(NAMESPACES, undefined, namespace))
      throw notFound(NAMESPACES, namespace);
    const { metadata } = next;
    if (live && metadata.deletionTimestamp && !metadata.finalizers?.length)
      return this.#remove({ ...live, object: next, managers });
    if (kind.generation && live && canonical(specified(live.object)) !== canonical(specified(next)))
      metadata.generation = (metadata.generation ?? 0) + 1;
    return this.#storage.put(kind, next, managers);
  }

  /**
   * Removes the object and all that it owns, which the garbage collector of a cluster removes in the
   * background.
   */
  #remove(stored: Stored): KubeObject {
    const last = this.#storage.remove(stored);
    for (const { kind, object } of this.#storage.ownedBy(last.metadata.uid ?? '')) {
      const { namespace, name, ownerReferences = [] } = object.metadata;
      if (!ownerReferences.some(({ uid }) => this.#storage.has(uid)))
        this.delete({ kind, namespace, name, options: {} });
    }
    return last;
  }
}

const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

/** What a specification may not say: who the object is, and how long it has been. */
function identity(
  kind: ServedKind,
  live: Stored | undefined,
  namespace: string | undefined,
  name: string,
): Json {
  const { uid, creationTimestamp, deletionTimestamp, generation, resourceVersion } =
    live?.object.metadata ?? {};
  return {
    name,
    namespace,
    uid: uid ?? crypto.randomUUID(),
    creationTimestamp: creationTimestamp ?? now(),
    deletionTimestamp,
    generation: live ? generation : kind.generation ? 1 : undefined,
    resourceVersion,
  };
}

/** What a change of which is counted in metadata.generation. */
const specified = ({ metadata: _, status: __, ...rest }: KubeObject): Json => rest;

/** What a write to the object, or to its status, speaks about. */
function partOf({ kind, subresource }: Write, object: KubeObject): Json {
  if (subresource) return { status: object.status };
  const { status: _, ...rest } = object;
  return kind.status ? rest : object;
}

function readBody({ kind, name, namespace, body, strict }: Write, declared = false): KubeObject {
  const apiVersion = apiVersionOf(kind);
  if (body.apiVersion !== apiVersion || body.kind !== kind.kind)
    throw badRequest(`the object provided is no ${kind.kind} of ${apiVersion}`);
  const { value, findings } = conform(kind.type, { metadata: {}, ...body });
  const [unknown] = findings.unknown;
  if (unknown !== undefined && declared) throw undeclared(unknown);
  if (unknown !== undefined && strict)
    throw badRequest(
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: unknown field "${unknown}"`,
    );
  const [wrong] = findings.wrong;
  if (wrong !== undefined && !kind.custom) throw badRequest(wrong);
  const object = value as KubeObject;
  const { metadata } = object;
  if ((name && metadata.name !== name) || (metadata.namespace ?? namespace) !== namespace)
    throw badRequest('the name and the namespace of the object are not those of the request');
  return object;
}

/** The uid of a patch is no precondition: it is a field that cannot be changed. */
function checkUnchangeable(write: Write, live: Stored, { uid, resourceVersion }: ObjectMeta): void {
  if (uid && uid !== live.object.metadata.uid && !write.subresource)
    throw invalid(write.kind, write.name, [{ field: 'metadata.uid', message: 'field is immutable' }]);
  checkPreconditions(write, live, { resourceVersion });
}

function checkPreconditions(
  { kind, name }: Pick<Write, 'kind' | 'name'>,
  { object: { metadata } }: Stored,
  { uid, resourceVersion }: { uid?: string | undefined; resourceVersion?: string | undefined },
): void {
  if (uid && uid !== metadata.uid)
    throw conflict(
      kind,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
    );
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) throw conflict(kind, name, STALE);
}
