/** Wakes one waiting loop. A ring that comes before the wait is not lost; several rings may become one. */
export class Bell {
  #rung = false;
  #waiting: (() => void) | null = null;

  ring = (): void => {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting) waiting();
    else this.#rung = true;
  };

  /** Resolves at the next ring, or after `milliseconds`. */
  wait(milliseconds: number): Promise<void> {
    if (this.#rung) {
      this.#rung = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting = null;
        resolve();
      }, milliseconds);
      this.#waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
