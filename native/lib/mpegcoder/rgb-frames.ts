import type { Frame } from '../frame.ts';

/**
 * Packed RGB24 pictures of one size: what mpegCoder returned as an array of shape (N, H, W, 3). Iterate
 * to get the frames; each is a view of its own memory, so `data`, all of them in one piece, is a copy
 * made when it is first asked for.
 */
export class RgbFrames implements Iterable<Frame> {
  readonly frames: readonly Frame[];
  readonly shape: readonly [frames: number, height: number, width: number, channels: 3];
  #data: Uint8Array | undefined;

  /** Takes at least one frame; all must have the same size. */
  constructor(frames: readonly [Frame, ...Frame[]]) {
    this.frames = frames;
    this.shape = [frames.length, frames[0].height, frames[0].width, 3];
  }

  get length(): number {
    return this.frames.length;
  }

  /** N x H x W x 3 bytes, frame after frame, rows from the top. */
  get data(): Uint8Array {
    if (this.#data === undefined) {
      const [count, height, width] = this.shape;
      const size = height * width * 3;
      this.#data = new Uint8Array(count * size);
      for (const [i, frame] of this.frames.entries()) this.#data.set(frame.data, i * size);
    }
    return this.#data;
  }

  at(index: number): Frame | undefined {
    return this.frames.at(index);
  }

  [Symbol.iterator](): Iterator<Frame> {
    return this.frames[Symbol.iterator]();
  }

  /** Gives the frames' memory back now instead of when the garbage collector gets to it. */
  release(): void {
    this.#data = undefined;
    for (const frame of this.frames) frame.release();
  }
}
