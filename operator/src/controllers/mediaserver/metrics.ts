/**
 * Viewers and bytes of every path, as the operator's look at the servers last showed them: Prometheus gets at them without the
 * password that a media server wants for its own metrics.
 */
import type { PathState } from './mediamtx-api.ts';

export interface ServerName {
  namespace: string;
  name: string;
}

export class PathFigures {
  readonly #servers = new Map<string, { server: ServerName; paths: readonly PathState[] }>();

  set(serverUid: string, server: ServerName, paths: readonly PathState[]): void {
    this.#servers.set(serverUid, { server, paths });
  }

  forget(serverUid: string): void {
    this.#servers.delete(serverUid);
  }

  *values(): Generator<{ server: ServerName; path: PathState }> {
    for (const { server, paths } of this.#servers.values()) for (const path of paths) yield { server, path };
  }
}
