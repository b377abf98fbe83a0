/**
 * What each end of a ring has in common: a native thread that waits in its place, and
 * a close that gives the ring up.
 */
export abstract class RingEnd {
  readonly #close: () => Promise<void>;

  protected constructor(close: () => Promise<void>) {
    this.#close = close;
  }

  /**
   * Resolves when the ring was given up, so that another process may have this end of it.
   * May be called again.
   */
  async close(): Promise<void> {
    await this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
