/**
 * A copy of a collection that follows the API server: it lists, watches, and repeats both after every
 * failure. As in client-go's tools/cache/reflector.go it uses bookmarks, lists again after a 410, backs off
 * after errors, and does not take a clean end of a watch for an error.
 */

import { type KubeObject, keyOf } from '@videopush/resources/objects';
import { type Clock, sleep } from './clock.ts';
import { ApiError, isGone, type Status } from './errors.ts';

export interface ListPage {
  items: KubeObject[];
  resourceVersion: string;
  /** for the next page; unset on the last one */
  continue?: string | undefined;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject | Status;
}

/**
 * A collection of an API server, filtered or not. Both reject with ApiError, or with
 * whatever the network ended in.
 */
export interface Collection {
  list(page: { limit: number; continue?: string | undefined; signal: AbortSignal }): Promise<ListPage>;
  watch(from: {
    resourceVersion: string;
    timeoutSeconds: number;
    signal: AbortSignal;
  }): AsyncIterable<WatchEvent>;
}

/**
 * `before` unset: new; `after` unset: gone. `initial`: part of a list, not news.
 * Must not throw, must not wait.
 */
export type OnChange = (
  change: { before?: KubeObject | undefined; after?: KubeObject | undefined },
  initial: boolean,
) => void;

export interface ReflectorOptions {
  name: string;
  collection: Collection;
  clock: Clock;
  onChange: OnChange;
  onError?: (error: unknown) => void;
  /**
   * Called after onChange, when all changes up to `version` are known here. Must not throw, must not wait.
   */
  onVersion?: (version: string) => void;
  /** objects per page, default 500 */
  pageSize?: number;
  /**
   * silence after which a watch is taken for dead, milliseconds, default 210000: the bookmarks of a
   * quiet kind may be two minutes apart
   */
  silence?: number;
  /**
   * time after which everything is listed again, in case a change was missed; milliseconds, default 600000
   */
  relist?: number;
}

const LEAST_BACKOFF = 800;
const MAX_BACKOFF = 30_000;
/** A watch that lasted this long resets the back-off, milliseconds. */
const HEALTHY = 120_000;
/** A watch that ends sooner without an event is an error in disguise, milliseconds. */
const TOO_SHORT = 1_000;

type Optional = 'onError' | 'onVersion';

export class Reflector {
  readonly #options: Required<Omit<ReflectorOptions, Optional>> & Pick<ReflectorOptions, Optional>;
  readonly #store = new Map<string, KubeObject>();
  readonly #synced = Promise.withResolvers<void>();
  #heardAt: number;
  #version: string | undefined;
  #backoff = LEAST_BACKOFF;

  constructor(options: ReflectorOptions) {
    this.#options = { pageSize: 500, silence: 210_000, relist: 600_000, ...options };
    this.#heardAt = options.clock.now();
  }

  /** Resolves when the first list is in the store. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Seconds since anything was heard of the API server. */
  get silentSeconds(): number {
    return (this.#options.clock.now() - this.#heardAt) / 1000;
  }

  /** The resource version up to which all changes are known; undefined before the first list. */
  get version(): string | undefined {
    return this.#version;
  }

  get(key: string): KubeObject | undefined {
    return this.#store.get(key);
  }

  values(): IterableIterator<KubeObject> {
    return this.#store.values();
  }

  /** Follows until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(await this.#list(signal), signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const found = new Map<string, KubeObject>();
    let page: ListPage | undefined;
    do {
      page = await this.#options.collection.list({
        limit: this.#options.pageSize,
        continue: page?.continue,
        signal,
      });
      this.#heard();
      for (const item of page.items) found.set(keyOf(item), slim(item));
    } while (page.continue);
    for (const [key, before] of this.#store) if (!found.has(key)) this.#set(key, before, undefined, true);
    for (const [key, after] of found) {
      const before = this.#store.get(key);
      if (before?.metadata.resourceVersion !== after.metadata.resourceVersion)
        this.#set(key, before, after, true);
    }
    this.#reach(page.resourceVersion);
    this.#synced.resolve();
    return page.resourceVersion;
  }

  /** Watches from a version on, again and again; returns when it is time to list again. */
  async #follow(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { clock, relist } = this.#options;
    const until = clock.now() + relist * (1 + 0.2 * clock.random());
    let version = resourceVersion;
    while (!signal.aborted && clock.now() < until) {
      const began = clock.now();
      let events = 0;
      try {
        for await (const event of this.#watch(version, until, signal)) {
          version = this.#take(event) ?? version;
          events++;
        }
        if (events === 0 && clock.now() - began < TOO_SHORT) throw new Error('the watch ended at once');
      } catch (error) {
        if (signal.aborted) return;
        if (isGone(error)) return;
        if (clock.now() - began >= HEALTHY) this.#backoff = LEAST_BACKOFF;
        await this.#recover(error, signal);
      }
    }
  }

  /** One watch, ended from this side when it has been silent for too long or `until` has come. */
  async *#watch(version: string, until: number, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const { clock, collection, silence } = this.#options;
    const dead = new AbortController();
    const left = Math.max(1, until - clock.now());
    const timeoutSeconds = Math.ceil(Math.min(left, (300 + 300 * clock.random()) * 1000) / 1000);
    const arm = () =>
      clock.after(silence, () =>
        dead.abort(new Error(`nothing was heard of the watch for ${silence / 1000} s`)),
      );
    let cancel = arm();
    try {
      const both = AbortSignal.any([signal, dead.signal]);
      for await (const event of collection.watch({
        resourceVersion: version,
        timeoutSeconds,
        signal: both,
      })) {
        cancel();
        cancel = arm();
        this.#heard();
        yield event;
      }
    } finally {
      cancel();
    }
  }

  /** The version to continue from, when the event contains it. */
  #take({ type, object }: WatchEvent): string | undefined {
    if (type === 'ERROR') {
      const status = object as Status;
      throw new ApiError(`watching ${this.#options.name}`, status.code ?? 500, status);
    }
    const seen = object as KubeObject;
    if (type !== 'BOOKMARK') {
      const key = keyOf(seen);
      this.#set(key, this.#store.get(key), type === 'DELETED' ? undefined : slim(seen), false);
    }
    this.#reach(seen.metadata.resourceVersion);
    return seen.metadata.resourceVersion;
  }

  #reach(version: string | undefined): void {
    if (!version) return;
    this.#version = version;
    this.#options.onVersion?.(version);
  }

  #set(key: string, before: KubeObject | undefined, after: KubeObject | undefined, initial: boolean): void {
    if (after) this.#store.set(key, after);
    else this.#store.delete(key);
    if (before || after) this.#options.onChange({ before, after }, initial);
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, onError } = this.#options;
    onError?.(error);
    const asked = error instanceof ApiError ? error.retryAfter : 0;
    const wait = Math.max(asked, this.#backoff * (1 + clock.random()));
    this.#backoff = Math.min(this.#backoff * 2, MAX_BACKOFF);
    await sleep(clock, wait, signal).catch(() => undefined);
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.now();
  }
}

/** The object without managedFields, which take half of the memory and which the operator does not read. */
function slim(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
