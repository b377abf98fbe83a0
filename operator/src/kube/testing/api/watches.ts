/** The open watches of the fake API server: the events that they get, and the ways in which they fail. */
import type { ServerResponse } from 'node:http';
import type { KubeObject } from '@videopush/resources/objects';
import type { WatchEvent } from '../../reflector.ts';
import type { ServedKind } from './catalog.ts';
import { expired } from './refusals.ts';
import type { Selector } from './selectors.ts';
import type { Change, Storage } from './storage.ts';

export interface WatchRequest {
  kind: ServedKind;
  fits: Selector;
  /** to go on from */
  version: number;
  bookmarks: boolean;
  timeoutSeconds: number;
}

/** A bookmark comes this long before the end of a watch. */
const LAST_BOOKMARK = 2_000;

interface Watch {
  response: ServerResponse;
  /** the watch gets no more events, and does not end either */
  stalled: boolean;
}

export class Watches {
  readonly #storage: Storage;
  readonly #open = new Set<Watch>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  open(request: WatchRequest, response: ServerResponse): void {
    const watch: Watch = { response, stalled: false };
    const send = (event: WatchEvent) => {
      if (!watch.stalled) response.write(`${JSON.stringify(event)}\n`);
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const missed = this.#storage.since(request.version);
    if (!missed) {
      const { status } = expired(`too old resource version: ${request.version} (${this.#storage.version})`);
      send({ type: 'ERROR', object: status });
      response.end();
      return;
    }
    const take = (change: Change) => {
      const event = eventOf(change, request);
      if (event) send(event);
    };
    missed.forEach(take);
    const ends = [this.#storage.subscribe(take), ...this.#time(request, watch, send)];
    this.#open.add(watch);
    response.on('close', () => {
      this.#open.delete(watch);
      for (const end of ends) end();
    });
  }

  /** Breaks the connections off. */
  drop(): void {
    for (const { response } of this.#open) response.destroy();
  }

  stall(): void {
    for (const watch of this.#open) watch.stalled = true;
  }

  #time(request: WatchRequest, watch: Watch, send: (event: WatchEvent) => void): (() => void)[] {
    const { kind, bookmarks, timeoutSeconds } = request;
    const limit = timeoutSeconds * 1000;
    const timers = [
      setTimeout(() => {
        if (bookmarks) send({ type: 'BOOKMARK', object: bookmarkOf(kind, this.#storage.version) });
      }, limit - LAST_BOOKMARK),
      setTimeout(() => {
        if (!watch.stalled) watch.response.end();
      }, limit),
    ];
    return timers.map((timer) => () => clearTimeout(timer));
  }
}

/**
 * What a change is to who sees only a part: an object that comes to fit is new
 * there, one that ceases to is gone.
 */
function eventOf({ kind, version, before, after }: Change, request: WatchRequest): WatchEvent | null {
  if (kind !== request.kind) return null;
  const was = before && request.fits(before) ? before : undefined;
  const is = after && request.fits(after) ? after : undefined;
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: is };
  if (!was) return null;
  return {
    type: 'DELETED',
    object: { ...was, metadata: { ...was.metadata, resourceVersion: `${version}` } },
  };
}

const bookmarkOf = ({ kind }: ServedKind, version: number): KubeObject => ({
  kind,
  metadata: { name: '', resourceVersion: `${version}` },
});
