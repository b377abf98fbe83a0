/**
 * How many frames stand where. Pure.
 *
 * The stream keeps every message until the encoder has sent its frame, as a ring keeps every slot: capacity
 * frames that wait, and those that the encoder holds (its delay, and what waits for its deadline). So the
 * stream's max_msgs is not the capacity alone: an encoder with lookahead would never get the frames that it
 * needs before it gives one. The decoder's ring keeps the same frames until then, so that a server that
 * loses its memory loses no frame.
 *
 * None of this takes more memory than queue.maxBytes, as a ring doesn't: where the pictures are large, fewer
 * frames stand in the stream, and the encoder's ring is smaller by those that are on their way.
 */
import type { RingFormat } from '@videopush/native';
import { slotBytes, slotsWithin } from '@videopush/resources/builders/ring-size';
import type { WorkerConfig } from '@videopush/resources/worker-config';

type QueueConfig = Pick<
  WorkerConfig['queue'],
  'capacityFrames' | 'maxBytes' | 'whenFull' | 'encoderDelayFrames'
>;

/** What a split queue needs beyond a ring: frames under way to the server and back, and the kept position. */
export const EXTRA_FRAMES = 4;

/**
 * Messages without which nothing would move: a ring of 4 slots, the least, one frame behind it that shows an
 * encoder in need of more, and the bound of the stream above the window.
 */
const LEAST_MESSAGES = 7;

/**
 * The sum is the one of the native decode session: encoder delay + latency budget x rate + 2; an unknown rate
 * counts as 25 Hz.
 */
export function retainedFrames(
  { encoderDelayFrames }: QueueConfig,
  latencyBudgetMilliseconds: number,
  { frameRateNumerator, frameRateDenominator }: RingFormat,
): number {
  const rate = frameRateNumerator > 0 ? frameRateNumerator / frameRateDenominator : 25;
  return encoderDelayFrames + Math.ceil((latencyBudgetMilliseconds / 1000) * rate) + 2;
}

export interface Sizes {
  /** max_msgs of the stream: a bound that only a defect could reach, the window holds before. */
  maxMessages: number;
  /** Messages not done that the decoder lets stand in the stream. */
  window: number;
  /** A frame keeps its slot in the decoder's ring until it was sent; else until the server has it. */
  keep: boolean;
  /**
   * The encoder's ring; smaller than the window, so that an encoder which needs more frames
   * than were counted on is noticed.
   */
  encoderRing: { capacityFrames: number; maxBytes: number; retainedFrames: number };
}

/**
 * With Block the window takes all. A policy that drops acts on what stands in the decoder's ring, and what
 * was handed to the server can't be dropped: there the window is what an encoder needs at least, and a frame
 * that the server has leaves the ring, or an encoder that stands still would stop the decoder after all. What
 * such a server forgets is lost.
 */
export function sizesOf(queue: QueueConfig, latencyBudgetMilliseconds: number, format: RingFormat): Sizes {
  const retained = retainedFrames(queue, latencyBudgetMilliseconds, format);
  const slot = slotBytes(format);
  const desired = queue.capacityFrames + retained + EXTRA_FRAMES;
  const maxMessages = Math.min(desired, Math.max(slotsWithin(queue.maxBytes, slot), LEAST_MESSAGES));
  const keep = queue.whenFull === 'Block';
  const window = Math.min(keep ? desired : retained + EXTRA_FRAMES + 1, maxMessages) - 2;
  return {
    maxMessages,
    window,
    keep,
    encoderRing: {
      capacityFrames: keep ? queue.capacityFrames : Math.min(2, queue.capacityFrames),
      maxBytes: maxMessages < desired ? Math.min(queue.maxBytes, (window - 1) * slot) : queue.maxBytes,
      retainedFrames: retained,
    },
  };
}

/** Bytes under way at once in each direction: what is not acknowledged costs memory on both sides. */
const MAX_BYTES = 32 * 2 ** 20;
const MAX_FRAMES = 8;

/** How many frames of `bytes` may be on the wire without an answer. */
export function framesUnderWay(bytes: number): number {
  return Math.max(1, Math.min(MAX_FRAMES, Math.floor(MAX_BYTES / Math.max(1, bytes))));
}
