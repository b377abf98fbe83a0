/**
 * Which Secrets this process has made lately. The operator may create Secrets and not read them, so one that somebody has deleted
 * is made anew only because it is tried again now and then.
 */

/** milliseconds */
export const AGAIN = 300_000;

export class SecretsMade {
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
