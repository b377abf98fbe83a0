import { addon, type RawFrame } from './addon.ts';
import { invalidArgument } from './errors.ts';

/** Rows of one colour plane: row r begins at byte r * stride of `data`. */
export interface Plane {
  data: Uint8Array;
  /** bytes from one row to the next */
  stride: number;
}

/**
 * One decoded picture. `format` is "rgb24" (packed, `data` is height x width x 3 bytes, rows from the top) or
 * FFmpeg's name of the decoder's own pixel format ("yuv420p": three planes with strides).
 *
 * The bytes are the native frame's own, not a copy. They go when the frame is collected, or at once with
 * {@link release}; after that the views are empty. Planes of a native format may still serve the decoder as
 * reference: read them, write to a copy.
 */
export class Frame {
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly planes: readonly Plane[];
  /** seconds since the first frame of the source */
  readonly pts: number;
  /** from the first frame of the source, 0 */
  readonly index: number;
  readonly keyFrame: boolean;
  /** a GOP begins here: a key frame, or the very first frame */
  readonly gopStart: boolean;
  #packed: Uint8Array | undefined;
  #onRelease: (() => void) | undefined;

  /** Made by readers. `onRelease` runs once, before the views are emptied. */
  constructor(raw: RawFrame, onRelease?: () => void) {
    this.width = raw.width;
    this.height = raw.height;
    this.format = raw.format;
    this.planes = raw.planes;
    this.pts = raw.pts;
    this.index = raw.index;
    this.keyFrame = raw.keyFrame;
    this.gopStart = raw.keyFrame || raw.index === 0;
    this.#onRelease = onRelease;
  }

  /** rgb24: height x width x 3 bytes. Native formats: the first plane, see `planes` for the rest. */
  get data(): Uint8Array {
    const plane = this.planes[0] as Plane;
    if (this.format !== 'rgb24' || plane.stride === this.width * 3) return plane.data;
    this.#packed ??= packRows(plane, this.width * 3, this.height);
    return this.#packed;
  }

  /** Gives the memory back now instead of when the garbage collector gets to it. May be called again. */
  release(): void {
    const onRelease = this.#onRelease;
    this.#onRelease = undefined;
    this.#packed = undefined;
    addon.detach(this.planes.map((plane) => plane.data));
    onRelease?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

function packRows(plane: Plane, rowBytes: number, rows: number): Uint8Array {
  const packed = new Uint8Array(rowBytes * rows);
  if (plane.data.length === 0) return packed.subarray(0, 0); // released
  for (let row = 0; row < rows; row++) {
    packed.set(plane.data.subarray(row * plane.stride, row * plane.stride + rowBytes), row * rowBytes);
  }
  return packed;
}

/** What can be pushed: packed RGB24 bytes, a {@link Frame}, or an object of the same shape. */
export type FrameLike =
  | Uint8Array
  | { data: Uint8Array; width?: number; height?: number; format?: string }
  | { planes: readonly Plane[]; width?: number; height?: number; format?: string };

/** Size and pixel format of every frame of a push or a queue. */
export interface FrameShape {
  width: number;
  height: number;
  format: string;
}

/**
 * A frame as the addon takes it, after checks of kind and declared size. Bytes, lengths and strides are
 * checked by the addon before anything is read. Throws InvalidArgument.
 */
export function toPlanes(frame: unknown, shape: FrameShape): { planes: Uint8Array[]; strides: number[] } {
  if (frame instanceof Uint8Array) return packed(frame, shape);
  if (typeof frame !== 'object' || frame === null) {
    throw invalidArgument(`frame: expected a Uint8Array or a frame object, got ${kindOf(frame)}`);
  }
  const given = frame as { [key in 'width' | 'height' | 'format' | 'data' | 'planes']?: unknown };
  for (const key of ['width', 'height', 'format'] as const) {
    if (given[key] !== undefined && given[key] !== shape[key]) {
      throw invalidArgument(`frame: ${key} is ${String(given[key])}, expected ${shape[key]}`);
    }
  }
  if (Array.isArray(given.planes)) {
    const planes = given.planes as (Partial<Plane> | null)[];
    return {
      planes: planes.map((plane) => plane?.data as Uint8Array),
      strides: planes.map((plane) => plane?.stride as number),
    };
  }
  if (given.data instanceof Uint8Array) return packed(given.data, shape);
  throw invalidArgument(`frame: expected a Uint8Array, got ${kindOf(given.data ?? frame)}`);
}

function packed(data: Uint8Array, shape: FrameShape): { planes: Uint8Array[]; strides: number[] } {
  if (shape.format !== 'rgb24') {
    throw invalidArgument(
      `frame: ${shape.format} frames need planes with strides`,
      'pass { planes: [{ data, stride }, …] }',
    );
  }
  return { planes: [data], strides: [shape.width * 3] };
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? (value.constructor?.name ?? 'object') : typeof value;
}
