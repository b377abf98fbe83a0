/**
 * A collection in memory with an API server's manners: versions, bookmarks, expiry, and
 * whatever faults a test orders.
 */

import { type KubeObject, keyOf } from '@videopush/resources/objects';
import { ApiError } from '../errors.ts';
import type { Collection, ListPage, WatchEvent } from '../reflector.ts';

interface Watcher {
  push(event: WatchEvent): void;
  end(error?: unknown): void;
}

export class FakeCollection implements Collection {
  readonly #objects = new Map<string, KubeObject>();
  readonly #history: { version: number; event: WatchEvent }[] = [];
  readonly #watchers = new Set<Watcher>();
  #version = 1;
  #oldest = 0;
  lists = 0;
  watches = 0;
  /** Thrown by the next list or watch, once each. */
  readonly faults: { list: unknown[]; watch: unknown[] } = { list: [], watch: [] };
  /** Watches hear nothing any more, and are not ended either. */
  mute = false;

  put(name: string, spec: unknown = {}): void {
    const metadata = { name, namespace: 'ns', resourceVersion: `${++this.#version}`, managedFields: [{}] };
    const object: KubeObject = { metadata, spec };
    const type = this.#objects.has(keyOf(object)) ? 'MODIFIED' : 'ADDED';
    this.#objects.set(keyOf(object), object);
    this.#publish({ type, object });
  }

  remove(name: string): void {
    const object = this.#objects.get(`ns/${name}`);
    if (!object || !this.#objects.delete(`ns/${name}`)) return;
    const metadata = { ...object.metadata, resourceVersion: `${++this.#version}` };
    this.#publish({ type: 'DELETED', object: { ...object, metadata } });
  }

  bookmark(): void {
    const object = { metadata: { name: '', resourceVersion: `${this.#version}` } };
    for (const watcher of this.#watchers) if (!this.mute) watcher.push({ type: 'BOOKMARK', object });
  }

  /** Ends every watch, in order or with an error. */
  cut(error?: unknown): void {
    for (const watcher of [...this.#watchers]) watcher.end(error);
  }

  /** Forgets the history: a watch that continues from before gets 410 and must list again. */
  expire(): void {
    this.#oldest = this.#version;
    this.#history.length = 0;
  }

  /** key to spec */
  get contents(): Record<string, unknown> {
    return Object.fromEntries([...this.#objects].map(([key, { spec }]) => [key, spec]));
  }

  async list({ limit, continue: from }: { limit: number; continue?: string | undefined }): Promise<ListPage> {
    this.lists++;
    const fault = this.faults.list.shift();
    if (fault) throw fault;
    const all = [...this.#objects.values()];
    const start = Number(from ?? 0);
    const next = start + limit < all.length ? `${start + limit}` : undefined;
    return {
      items: all.slice(start, start + limit),
      resourceVersion: `${this.#version}`,
      continue: next,
    };
  }

  async *watch(from: { resourceVersion: string; signal: AbortSignal }): AsyncGenerator<WatchEvent> {
    this.watches++;
    const fault = this.faults.watch.shift();
    if (fault) throw fault;
    const since = Number(from.resourceVersion);
    if (since < this.#oldest) throw new ApiError('watch', 410, { reason: 'Expired' });
    const queue = this.#history.filter(({ version }) => version > since).map(({ event }) => event);
    let wake = Promise.withResolvers<void>();
    let ended: { error?: unknown } | undefined;
    const watcher: Watcher = {
      push: (event) => {
        queue.push(event);
        wake.resolve();
      },
      end: (error) => {
        this.#watchers.delete(watcher); // hears nothing of what comes after
        ended ??= { error };
        wake.resolve();
      },
    };
    const onAbort = () => watcher.end(from.signal.reason);
    this.#watchers.add(watcher);
    from.signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        while (queue.length > 0) yield queue.shift() as WatchEvent;
        if (ended?.error) throw ended.error;
        if (ended) return;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      this.#watchers.delete(watcher);
      from.signal.removeEventListener('abort', onAbort);
    }
  }

  #publish(event: WatchEvent): void {
    this.#history.push({ version: this.#version, event });
    for (const watcher of this.#watchers) if (!this.mute) watcher.push(event);
  }
}
