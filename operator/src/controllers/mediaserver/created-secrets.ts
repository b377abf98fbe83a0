/**
 * Remembers which Secrets this process has created lately. The operator may create Secrets but not read them,
 * so it tries to create each again from time to time: only this recreates a Secret that somebody has deleted.
 */

/** milliseconds */
export const AGAIN = 300_000;

export class CreatedSecrets {
  readonly #servers = new Map<string, Map<string, number>>();

  /** `now`: monotonic, milliseconds. */
  of(serverUid: string, now: number): ReadonlySet<string> {
    const made = [...(this.#servers.get(serverUid) ?? [])];
    return new Set(made.filter(([, at]) => now - at < AGAIN).map(([name]) => name));
  }

  add(serverUid: string, name: string, now: number): void {
    const made = this.#servers.get(serverUid) ?? new Map<string, number>();
    this.#servers.set(serverUid, made.set(name, now));
  }

  forget(serverUid: string): void {
    this.#servers.delete(serverUid);
  }
}
