/**
 * All writes pass this gate, which is closed as long as this process does not lead. Closing it aborts the
 * writes under way and resolves when none is left: only then may this process report that it no longer acts.
 */

/** A write was asked for while this process does not lead; nothing was sent. */
export class GateClosedError extends Error {
  override readonly name = 'GateClosedError';

  constructor() {
    super('this process is not the leader: nothing is written');
  }
}

export class WriteGate {
  readonly #underWay = new Set<Promise<unknown>>();
  #open: AbortController | undefined;

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  open(): void {
    this.#open ??= new AbortController();
  }

  /** Resolves when no write is under way any more. */
  async close(): Promise<void> {
    this.#open?.abort(new GateClosedError());
    this.#open = undefined;
    await Promise.allSettled(this.#underWay);
  }

  /** Passes a write through. Rejects with GateClosedError when the gate is closed, or closes meanwhile. */
  async through<T>(signal: AbortSignal, write: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (!this.#open) throw new GateClosedError();
    const under = write(AbortSignal.any([signal, this.#open.signal]));
    this.#underWay.add(under);
    try {
      return await under;
    } finally {
      this.#underWay.delete(under);
    }
  }
}
