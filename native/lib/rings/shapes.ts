/** What the two ends of a ring give and take. The units are those of ../types.ts. */

/** A frame's header in a ring, whole: see SlotHeader in native/src/ring/layout.h. */
export interface RingFrameHeader {
  sequence: bigint;
  /** in the time base of the ring's format, as duration and segmentStart */
  pts: bigint;
  duration: bigint;
  /** where a decoder resumes: in the source's own time base, and as an ordinal within the pass */
  sourcePts: bigint;
  sourceIndex: bigint;
  segmentOrigin: bigint;
  segmentStart: bigint;
  /** byte of the source at which the key frame begins that the frame depends on; -1: unknown */
  sourceKeyPosition: bigint;
  /** what the source's timeline had added to the timestamps of that key frame, in the source's ticks */
  sourceShift: bigint;
  flags: number;
  pass: number;
  /** since the decoder gave it */
  ageSeconds: number;
}

/** The picture format of a ring; numbers of colours are those of ITU-T H.273. */
export interface RingFormat {
  width: number;
  height: number;
  /** FFmpeg's name */
  pixelFormat: string;
  timeBaseNumerator: number;
  timeBaseDenominator: number;
  frameRateNumerator: number;
  frameRateDenominator: number;
  sampleAspectNumerator: number;
  sampleAspectDenominator: number;
  colorRange: number;
  colorPrimaries: number;
  colorTransfer: number;
  colorMatrix: number;
  chromaLocation: number;
  gopFrames: number;
  bitRate: number;
}

/** A frame taken out of a ring. */
export interface RingFrame extends RingFrameHeader {
  readonly position: number;
  /** time or picture does not follow from the frame before */
  readonly discontinuity: boolean;
  /**
   * The planes from the first byte to the last as they lie in the slot; valid until
   * `release`, `done` or `rewind`.
   */
  readonly data: Uint8Array;
}

export interface RingReaderState {
  format: RingFormat;
  /** the producer's parameter record, as it wrote it */
  parameters: string;
  generation: number;
  slots: number;
  capacity: number;
  published: number;
  /** positions below are done */
  acked: number;
  /** sequence of the frame that was done last; null before the first */
  lastDone: bigint | null;
  /** sequences handed out; final behind the end marker */
  sourceFrames: bigint;
}

export interface RingWriterState {
  generation: number;
  slots: number;
  capacity: number;
  published: number;
  taken: number;
  acked: number;
  /** sequence of the last frame that every required output has sent; null before the first */
  doneSequence: bigint | null;
  /**
   * sequence of the last frame whose pixels the encoder has read, where slots are reused by then; else null
   */
  releasedSequence: bigint | null;
  /** the encoder needs frames again that are gone from the ring: `beginReplay()`, then put them */
  replayRequested: boolean;
  ended: boolean;
}

/** Where the producer of another ring stopped. */
export interface RingSeed extends RingFrameHeader {
  timeBaseNumerator: number;
  timeBaseDenominator: number;
}
