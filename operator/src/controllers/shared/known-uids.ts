/** The uid that the resource of each key had when it was last reconciled. */
export class KnownUids {
  readonly #uids = new Map<string, string>();
  readonly #letGo: (key: string, uid: string) => void;

  /** `letGo`: removes what is kept of a resource that is gone, or that another one of its name replaced. */
  constructor(letGo: (key: string, uid: string) => void) {
    this.#letGo = letGo;
  }

  remember(key: string, { metadata: { uid } }: { metadata: { uid: string } }): void {
    if (this.#uids.get(key) !== uid) this.forget(key);
    this.#uids.set(key, uid);
  }

  /** A key that is not known is none that anything is kept of. */
  forget(key: string): void {
    const uid = this.#uids.get(key);
    if (uid === undefined) return;
    this.#uids.delete(key);
    this.#letGo(key, uid);
  }
}
