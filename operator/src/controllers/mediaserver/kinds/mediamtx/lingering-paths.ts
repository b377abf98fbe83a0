/**
 * A deleted stream still sends what it holds for a second or two. Its path stays until its publisher has
 * left, or the tail would be cut off and a healthy end look like a lost connection.
 */
import type { ServerPath } from '@videopush/resources/builders/mediaserver';

/** How long a path stays at the most, milliseconds: longer than the pods of a stream may take to end. */
export const LINGER = 45_000;

interface Known {
  path: ServerPath;
  /** monotonic; undefined while it is desired */
  leftAt?: number;
}

export class LingeringPaths {
  readonly #servers = new Map<string, Map<string, Known>>();

  /**
   * Those of the paths that nobody wants any more which are to stay for now.
   * `isOnline`: whether the server has a publisher there; undefined while that is not known. `now`:
   * monotonic, milliseconds.
   */
  keep(
    serverUid: string,
    desired: readonly ServerPath[],
    isOnline: (path: string) => boolean | undefined,
    now: number,
  ): ServerPath[] {
    const before = this.#servers.get(serverUid) ?? new Map<string, Known>();
    const after = new Map(desired.map((path): [string, Known] => [path.name, { path }]));
    const kept: ServerPath[] = [];
    for (const [name, known] of before) {
      const leftAt = known.leftAt ?? now;
      if (after.has(name) || now - leftAt >= LINGER || isOnline(name) === false) continue;
      after.set(name, { path: known.path, leftAt });
      kept.push(known.path);
    }
    this.#servers.set(serverUid, after);
    return kept;
  }

  forget(serverUid: string): void {
    this.#servers.delete(serverUid);
  }
}
