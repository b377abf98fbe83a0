/**
 * Which messages stand in the stream without being done, and which frames of the ring they are. Pure.
 * A message's place in the ring is known from its publish; of messages that an earlier process published,
 * from the last one: they are the ring's frames in order.
 */
export class Window {
  #last = 0;
  #done = 0;
  #standing: { position: number; sequence: number }[] = [];

  /** The stream's last sequence, answered publishes included. */
  get last(): number {
    return this.#last;
  }

  /** Messages that are not done. */
  get standing(): number {
    return Math.max(0, this.#last - this.#done);
  }

  /** The stream as it was found: everything up to `done` is done. */
  reset(last: number, done: number): void {
    this.#last = last;
    this.#done = done;
    this.#standing = [];
  }

  /** Frames at these positions of the ring are the messages up to `sequence`. Returns as `done`. */
  adopt(positions: readonly number[], sequence: number): number | null {
    positions.forEach((position, index) => {
      this.#standing.push({ position, sequence: sequence - (positions.length - 1 - index) });
    });
    return this.#settle();
  }

  /** The frame at `position` became the message `sequence`. Returns as `done`. */
  publish(position: number, sequence: number): number | null {
    this.#last = Math.max(this.#last, sequence);
    this.#standing.push({ position, sequence });
    return this.#settle();
  }

  /** A message that is no frame. */
  publishMark(sequence: number): void {
    this.#last = sequence;
  }

  /**
   * Everything up to `sequence` is done; this may be heard before the answer to its publish. Returns the
   * position of the ring below which all is done by that, if it moves.
   */
  done(sequence: number): number | null {
    this.#done = Math.max(this.#done, sequence);
    return this.#settle();
  }

  #settle(): number | null {
    let through: number | null = null;
    for (let first = this.#standing[0]; first && first.sequence <= this.#done; first = this.#standing[0]) {
      through = first.position + 1;
      this.#standing.shift();
    }
    return through;
  }
}
