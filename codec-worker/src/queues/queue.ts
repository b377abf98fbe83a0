/**
 * What a role sees of the carrier that joins its ring to that of another pod. In one pod there is none:
 * the ring is enough.
 */
import type { NativeErrorShape, RingSeed } from '@videopush/native';

/** The part of /status about the queue. */
export interface QueueStatus {
  type: 'jetstream';
  address: string;
  stream: string;
  connected: boolean;
  /** Frames that stand in the stream and were not sent yet. */
  depth: number;
}

/** What is between this pod's ring and the other's. */
export interface Carrier {
  /** What keeps frames from passing; null in health. */
  readonly fault: NativeErrorShape | null;
  /** A newer process does this one's work: it must do nothing any more. */
  readonly superseded: boolean;
  status(): QueueStatus;
  /** Ends at once. */
  cut(): Promise<void>;
}

/** How a decoder's ring begins. */
export interface RingStart {
  /** Hash of the ring's options. */
  parameters: string;
  /** The frame behind which it goes on, when the ring does not exist any more. */
  seed?: RingSeed;
}

export interface DecoderCarrier extends Carrier {
  /**
   * How the ring begins; 'ended': the end marker is in the stream, there is nothing to decode; null:
   * stopped before it was known.
   */
  prepare(): Promise<RingStart | 'ended' | null>;
  /** Carries frames until stopped. Never rejects. */
  run(): Promise<void>;
  /** The decoder has stopped: what is in the ring is still handed over, as far as there is room. */
  drain(): Promise<void>;
}

export interface EncoderCarrier extends Carrier {
  /** Carries frames until stopped. Never rejects. */
  run(): Promise<void>;
  /** Takes no further frame; what was taken is still acknowledged as it is sent. */
  stopTaking(): void;
  /** The encoder has ended: the last acknowledgements. */
  finish(): Promise<void>;
}

export interface CarrierParts {
  onFault: (fault: NativeErrorShape) => void;
  onSuperseded: () => void;
  onEvent: (event: { kind: string; detail: string }) => void;
}
