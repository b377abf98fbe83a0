/**
 * How much memory the frame queue takes, from the same rules by which the decoder makes it: rows and planes
 * begin on 64 bytes, a slot is whole pages, slots = capacity + retained, at most 512 and as many as maxBytes
 * holds. Pure.
 */
import { QUEUE_BYTES } from '../limits.ts';
import { parseQuantity } from '../schema/quantity.ts';
import type { VideoPush } from '../schema/video-push.generated.ts';
import type { Picture } from './picture.ts';

export interface QueueShape {
  capacityFrames: number;
  /** Bytes that all slots together may take. */
  maxBytes: number;
  encoderDelayFrames: number;
  latencyBudgetMilliseconds: number;
}

const ALIGNMENT = 64;
const PAGE = 4096;
const MAX_SLOTS = 512;
/** Cursors, ledgers of 8 outputs and the journal of 512 frame headers, rounded up. */
const HEADER_BYTES = 128 * 2 ** 10;

/** The rate at which a source of unknown rate may come: only the retained frames depend on it. */
const FASTEST_ASSUMED = 60;

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Bytes of one slot with the planes of the picture's pixel format, by FFmpeg's name. */
export function slotBytes({
  width,
  height,
  pixelFormat,
}: {
  width: number;
  height: number;
  pixelFormat: string;
}): number {
  const bytesPerSample = pixelFormat.endsWith('10le') ? 2 : 1;
  const plane = (columns: number, rows: number) => roundUp(columns * bytesPerSample, ALIGNMENT) * rows;
  const columns = pixelFormat.startsWith('yuv444') ? width : Math.ceil(width / 2);
  const rows = pixelFormat.startsWith('yuv420') ? Math.ceil(height / 2) : height;
  const chroma = pixelFormat === 'gray' ? 0 : 2 * plane(columns, rows);
  return roundUp(plane(width, height) + chroma + ALIGNMENT, PAGE);
}

/** How many slots of a ring `maxBytes` holds. */
export const slotsWithin = (maxBytes: number, slot: number): number =>
  Math.min(Math.floor(maxBytes / slot), MAX_SLOTS);

function ringBytes(slot: number, rate: number, queue: QueueShape): number {
  const { capacityFrames, maxBytes, encoderDelayFrames, latencyBudgetMilliseconds } = queue;
  const interval = Math.max(1, Math.floor(1e9 / rate)); // whole nanoseconds, as the decoder counts
  const retained = encoderDelayFrames + Math.ceil((latencyBudgetMilliseconds * 1e6) / interval) + 2;
  return HEADER_BYTES + Math.min(capacityFrames + retained, slotsWithin(maxBytes, slot)) * slot;
}

/** Bytes that the queue is expected to hold; an unknown source is taken for 1080p30. */
export function expectedRingBytes(picture: Picture, queue: QueueShape): number {
  return ringBytes(slotBytes(picture), picture.rate, queue);
}

/**
 * Bytes that the queue's volume must offer. A change of the picture makes a new ring beside the old
 * one, until the encoder has finished that: two of them. The queue of pictures of unknown size may take all
 * of maxBytes.
 */
export function ringVolumeBytes(picture: Picture, queue: QueueShape): number {
  const rate = picture.rateKnown ? picture.rate : FASTEST_ASSUMED;
  const two = 2 * ringBytes(slotBytes(picture), rate, queue);
  return picture.sizeKnown ? two : Math.max(two, HEADER_BYTES + queue.maxBytes);
}

/** Bytes that the frames of a stream's queue may take. */
export const queueBytes = ({ queue }: VideoPush['spec']): number =>
  Math.floor(parseQuantity(queue?.maxBytes ?? QUEUE_BYTES) ?? QUEUE_BYTES);
