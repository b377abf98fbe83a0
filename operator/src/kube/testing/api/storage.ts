/** What the fake API server keeps: objects with their versions, and what happened to them, for watches. */
import { type KubeObject, keyOf, type ResourceKind } from '@videopush/resources/objects';
import { resourceName } from '../../kinds.ts';
import type { ServedKind } from './catalog.ts';
import { type Manager, managedFields } from './managers.ts';
import type { Selector } from './selectors.ts';
import { clone } from './values.ts';

export interface Stored {
  kind: ServedKind;
  /** without managedFields */
  object: KubeObject;
  managers: readonly Manager[];
}

/** `before` unset: new; `after` unset: gone. Both as they are shown. */
export interface Change {
  kind: ServedKind;
  version: number;
  before?: KubeObject | undefined;
  after?: KubeObject | undefined;
}

/** The first version is not 1, so that small versions which a test makes up are too old. */
const FIRST_VERSION = 1000;

export class Storage {
  readonly #objects = new Map<string, Stored>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #version = FIRST_VERSION;
  #oldest = FIRST_VERSION;

  get version(): number {
    return this.#version;
  }

  get(kind: ResourceKind, namespace: string | undefined, name: string): Stored | undefined {
    return this.#objects.get(idOf(kind, { metadata: { ...(namespace && { namespace }), name } }));
  }

  /** The objects that `fits` selects, ordered by name. */
  list(kind: ServedKind, fits: Selector): KubeObject[] {
    const found = [...this.#objects].filter(([, stored]) => stored.kind === kind && fits(stored.object));
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stored]) => shown(stored));
  }

  /** The objects of any kind that the object with this uid owns. */
  ownedBy(uid: string): Stored[] {
    return [...this.#objects.values()].filter(({ object: { metadata } }) =>
      metadata.ownerReferences?.some((owner) => owner.uid === uid),
    );
  }

  has(uid: string): boolean {
    return [...this.#objects.values()].some(({ object: { metadata } }) => metadata.uid === uid);
  }

  /** Under a new version; as it is shown from now on. */
  put(kind: ServedKind, object: KubeObject, managers: readonly Manager[]): KubeObject {
    const id = idOf(kind, object);
    const before = this.#objects.get(id);
    const metadata = { ...object.metadata, resourceVersion: `${++this.#version}` };
    const stored = { kind, object: { ...object, metadata }, managers };
    this.#objects.set(id, stored);
    const after = shown(stored);
    this.#publish({ kind, version: this.#version, before: before && shown(before), after });
    return after;
  }

  /** Removes the object and returns its last state. */
  remove(stored: Stored): KubeObject {
    this.#objects.delete(idOf(stored.kind, stored.object));
    const before = shown(stored);
    before.metadata.resourceVersion = `${++this.#version}`;
    this.#publish({ kind: stored.kind, version: this.#version, before });
    return before;
  }

  /** What happened after `version`; undefined when that is not known any more. */
  since(version: number): Change[] | undefined {
    return version < this.#oldest ? undefined : this.#history.filter((change) => change.version > version);
  }

  forgetHistory(): void {
    this.#history = [];
    this.#oldest = this.#version;
  }

  /** Returns what ends it. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #publish(change: Change): void {
    this.#history.push(change);
    for (const listener of this.#listeners) listener(change);
  }
}

const idOf = (kind: ResourceKind, object: KubeObject): string => `${resourceName(kind)} ${keyOf(object)}`;

/** A copy of the object as readers get it, with managedFields. */
export function shown({ object, managers }: Stored): KubeObject {
  const copy = clone(object);
  if (managers.length > 0)
    copy.metadata.managedFields = managedFields(copy.apiVersion ?? '', managers) as unknown[];
  return copy;
}
