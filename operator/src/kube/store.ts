/**
 * The objects of one kind as they were last heard of, with indexes, and with what this process wrote itself:
 * a reader can wait until the store has heard of that too.
 */

import { type KubeObject, keyOf } from '@videopush/resources/objects';
import type { Clock } from './clock.ts';
import { type Collection, type OnChange, Reflector } from './reflector.ts';
import type { Written } from './resource.ts';
import { versionAtLeast } from './resource-versions.ts';

/** The values under which an object is found; none: it is not in the index. Must not throw. */
export type IndexFunction = (object: KubeObject) => Iterable<string>;

export interface Index {
  /** in the order in which they came */
  get(value: string): readonly KubeObject[];
}

export interface StoreOptions {
  /** as in logs: videopushes.videopush.dev */
  name: string;
  /** one for each namespace that is followed, or one of them all under the key '' */
  collections: ReadonlyMap<string, Collection>;
  clock: Clock;
  onError?: (error: unknown) => void;
  /**
   * how long an own write may take to be heard of before nobody waits for it any
   * more, milliseconds, default 5000
   */
  patience?: number;
  /** Objects cannot be changed by who reads them: for tests, since it costs time. Default false. */
  freeze?: boolean;
}

/** An own write that was not heard of yet. */
interface Expectation {
  /** as the API server answered, or for a deletion as the store had it */
  object: KubeObject;
  deleted: boolean;
  heard: PromiseWithResolvers<void>;
  cancel: () => void;
}

export class Store {
  readonly #reflectors = new Map<string, Reflector>();
  readonly #indexes = new Set<ObjectIndex>();
  readonly #listeners = new Set<OnChange>();
  readonly #expected = new Map<string, Expectation>();
  readonly #clock: Clock;
  readonly #patience: number;
  readonly synced: Promise<void>;
  #isSynced = false;

  constructor(options: StoreOptions) {
    const { name, collections, clock, onError, patience = 5_000, freeze = false } = options;
    this.#clock = clock;
    this.#patience = patience;
    for (const [namespace, collection] of collections)
      this.#reflectors.set(
        namespace,
        new Reflector({
          name: namespace ? `${name} in ${namespace}` : name,
          collection,
          clock,
          onChange: (change, initial) => {
            if (freeze && change.after) deepFreeze(change.after);
            this.#changed(change, initial);
          },
          onVersion: () => this.#review(),
          ...(onError && { onError }),
        }),
      );
    this.synced = Promise.all([...this.#reflectors.values()].map(({ synced }) => synced)).then(() => {
      this.#isSynced = true;
    });
  }

  /** Whether everything that there was at the start is here. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Seconds since anything was heard of the API server; of the namespace that is silent for the longest. */
  get silentSeconds(): number {
    return Math.max(0, ...[...this.#reflectors.values()].map(({ silentSeconds }) => silentSeconds));
  }

  get(key: string): KubeObject | undefined {
    for (const reflector of this.#reflectors.values()) {
      const object = reflector.get(key);
      if (object) return object;
    }
    return undefined;
  }

  *values(): Generator<KubeObject> {
    for (const reflector of this.#reflectors.values()) yield* reflector.values();
  }

  index(of: IndexFunction): Index {
    const index = new ObjectIndex(of);
    for (const after of this.values()) index.change({ after });
    this.#indexes.add(index);
    return index;
  }

  /**
   * Calls the listener for each change, once store and indexes show it; returns what ends the subscription.
   */
  subscribe(listener: OnChange): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows the API server until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.run(signal)));
  }

  /** This process wrote an object of this kind: it is waited for in caughtUp(). */
  wrote(written: Written): void {
    const { key, deleted } = written;
    const object = deleted ? this.get(key) : written.object;
    if (!object || !this.#follows(object)) return;
    const before = this.#expected.get(key);
    // Who waits for the write before this one waits on: with this one the store has both.
    const heard = before?.heard ?? Promise.withResolvers<void>();
    const expectation: Expectation = { object, deleted, heard, cancel: () => undefined };
    if (this.#isHeard(expectation)) return;
    before?.cancel();
    this.#expected.set(key, expectation);
    expectation.cancel = this.#clock.after(this.#patience, () => this.#settle(key));
  }

  /**
   * Resolves when the own writes to objects that `concerns` picks are in the store, or were not heard of for
   * so long that going on with what there is is better. Rejects with the signal's reason.
   */
  async caughtUp(concerns: (object: KubeObject) => boolean, signal: AbortSignal): Promise<void> {
    const waits = [...this.#expected.values()]
      .filter(({ object }) => concerns(object))
      .map(({ heard }) => heard.promise);
    if (waits.length === 0) return;
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([Promise.all(waits), aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #changed(change: Parameters<OnChange>[0], initial: boolean): void {
    for (const index of this.#indexes) index.change(change);
    for (const listener of this.#listeners) listener(change, initial);
  }

  #review(): void {
    for (const [key, expectation] of this.#expected) if (this.#isHeard(expectation)) this.#settle(key);
  }

  #isHeard({ object, deleted }: Expectation): boolean {
    const { uid, resourceVersion } = object.metadata;
    if (!deleted) return versionAtLeast(this.#reflectorOf(object)?.version, resourceVersion);
    const now = this.get(keyOf(object));
    return now?.metadata.uid !== uid || now?.metadata.deletionTimestamp !== undefined;
  }

  #settle(key: string): void {
    const expectation = this.#expected.get(key);
    this.#expected.delete(key);
    expectation?.cancel();
    expectation?.heard.resolve();
  }

  #follows(object: KubeObject): boolean {
    return this.#reflectorOf(object) !== undefined;
  }

  #reflectorOf({ metadata: { namespace = '' } }: KubeObject): Reflector | undefined {
    return this.#reflectors.get(namespace) ?? this.#reflectors.get('');
  }
}

class ObjectIndex implements Index {
  readonly #of: IndexFunction;
  readonly #found = new Map<string, Map<string, KubeObject>>();

  constructor(of: IndexFunction) {
    this.#of = of;
  }

  get(value: string): readonly KubeObject[] {
    return [...(this.#found.get(value)?.values() ?? [])];
  }

  change({ before, after }: Parameters<OnChange>[0]): void {
    const values = new Set(after ? this.#of(after) : []);
    if (before) this.#leave(before, values);
    if (!after) return;
    for (const value of values) {
      const objects = this.#found.get(value) ?? new Map<string, KubeObject>();
      this.#found.set(value, objects.set(keyOf(after), after));
    }
  }

  /** Takes the object out from where it is no longer found. */
  #leave(before: KubeObject, stays: ReadonlySet<string>): void {
    for (const value of this.#of(before)) {
      if (stays.has(value)) continue;
      const objects = this.#found.get(value);
      objects?.delete(keyOf(before));
      if (objects?.size === 0) this.#found.delete(value);
    }
  }
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const item of Object.values(value)) deepFreeze(item);
}
