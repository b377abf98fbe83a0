/**
 * The paths that the media servers have. The controller of servers asks their APIs and writes here, the
 * controller of streams reads: an encoder starts only when its path exists. Nothing is stored elsewhere: a
 * restarted operator asks the servers again.
 */

/** One path as its server reported it. */
export interface SeenPath {
  name: string;
  /** somebody publishes to it; what the server shows in place of a publisher does not count */
  online: boolean;
}

export interface PathChange {
  serverUid: string;
  path: string;
}

export class ServerPaths {
  readonly #servers = new Map<string, ReadonlyMap<string, SeenPath>>();
  readonly #listeners = new Set<(change: PathChange) => void>();

  /** All the paths that the server has now. Who subscribed hears of those that came, went, or changed. */
  set(serverUid: string, paths: readonly SeenPath[]): void {
    const before = this.#servers.get(serverUid);
    const now = new Map(paths.map((path) => [path.name, Object.freeze({ ...path })]));
    this.#servers.set(serverUid, now);
    for (const path of new Set([...(before?.keys() ?? []), ...now.keys()])) {
      if (before?.get(path)?.online !== now.get(path)?.online) this.#notify({ serverUid, path });
    }
  }

  /** The server is gone. */
  forget(serverUid: string): void {
    this.set(serverUid, []);
    this.#servers.delete(serverUid);
  }

  /** undefined: the server was not seen to have it. */
  get(serverUid: string, path: string): SeenPath | undefined {
    return this.#servers.get(serverUid)?.get(path);
  }

  /** The listener must not throw; returns what ends the subscription. */
  subscribe(listener: (change: PathChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(change: PathChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
