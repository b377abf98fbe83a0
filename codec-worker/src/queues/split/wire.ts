/**
 * Headers that a message of the queue carries beside the pixels. Every message is complete: a recreated
 * consumer can begin with any of them, and a change of the format is in order with the frames. Pure.
 *
 *   Videopush-Queue   what is the same for many frames, JSON: version, epoch, term, owner, source, window,
 *                     format
 *   Videopush-Frame   JSON: sequence, pts ... of a frame; or of the end marker
 */
import type { RingFormat, RingFrameHeader } from '@videopush/native';
import { parseWith } from '@videopush/resources/schema-issues';
import * as z from 'zod';
import { WorkerError } from '../../errors.ts';

export const QUEUE_HEADER = 'Videopush-Queue';
export const FRAME_HEADER = 'Videopush-Frame';

/** What the decoder says of itself and its queue. */
export interface QueueRecord {
  version: 1;
  /** One numbering of frames: another one begins when a decoder can't go on behind the last frame. */
  epoch: string;
  /** Grows with each decoder process; the greatest one owns the stream. */
  term: number;
  /** Distinguishes processes of the same term. */
  owner: string;
  /** Identity of what the frames are made from: only a decoder with the same may go on in this epoch. */
  source: string;
  /** How many messages the decoder lets stand in the stream without being done. */
  window: number;
  format: RingFormat;
}

export interface FrameRecord {
  kind: 'frame';
  /** The header without its age, which is sent as the time of the system clock at which it was produced. */
  header: Omit<RingFrameHeader, 'ageSeconds'>;
  /** Time of the system clock, milliseconds since 1970. */
  producedAt: number;
  /**
   * Sequence of the frame in front of this one in the stream; null: none is known. What lies
   * between was dropped by the decoder.
   */
  previous: bigint | null;
}

export interface EndRecord {
  kind: 'end';
  /** Sequences in all. */
  sourceFrames: bigint;
  previous: bigint | null;
}

export interface QueueMessage {
  queue: QueueRecord;
  record: FrameRecord | EndRecord;
}

/** The two headers' values. */
export interface Encoded {
  queue: string;
  frame: string;
}

export function encodeQueue(queue: QueueRecord): string {
  return JSON.stringify(queue);
}

export function encodeRecord(record: FrameRecord | EndRecord): string {
  return JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

const count = z.int().min(0);
const positive = z.int().min(1);
const big = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .transform((text) => BigInt(text));
const sequence = z
  .string()
  .regex(/^\d{1,18}$/)
  .transform((text) => BigInt(text));

const queueRecord = z.strictObject({
  version: z.literal(1),
  epoch: z.string().min(1).max(64),
  term: count,
  owner: z.string().min(1).max(64),
  source: z.string().max(128),
  window: positive,
  format: z.strictObject({
    width: positive,
    height: positive,
    pixelFormat: z.string().min(1).max(32),
    timeBaseNumerator: positive,
    timeBaseDenominator: positive,
    frameRateNumerator: count,
    frameRateDenominator: positive,
    sampleAspectNumerator: count,
    sampleAspectDenominator: positive,
    colorRange: count,
    colorPrimaries: count,
    colorTransfer: count,
    colorMatrix: count,
    chromaLocation: count,
    gopFrames: count,
    bitRate: count,
  }),
});

const frameRecord = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('frame'),
    header: z.strictObject({
      sequence,
      pts: big,
      duration: big,
      sourcePts: big,
      sourceIndex: big,
      segmentOrigin: big,
      segmentStart: big,
      // Messages of the version before lack these two.
      sourceKeyPosition: big.default(-1n),
      sourceShift: big.default(0n),
      flags: count,
      pass: count,
    }),
    producedAt: z.number(),
    previous: sequence.nullable(),
  }),
  z.strictObject({ kind: z.literal('end'), sourceFrames: sequence, previous: sequence.nullable() }),
]);

/** Reads messages; remembers the queue record, which is the same for nearly all of them. */
export class Decoder {
  #text = '';
  #queue: QueueRecord | null = null;

  /** @throws WorkerError QueueRecordInvalid */
  decode({ queue, frame }: Encoded): QueueMessage {
    if (this.#queue === null || queue !== this.#text) {
      this.#queue = parseHeader(queueRecord, queue, QUEUE_HEADER);
      this.#text = queue;
    }
    return { queue: this.#queue, record: parseHeader(frameRecord, frame, FRAME_HEADER) };
  }
}

const parseHeader = <T>(schema: z.ZodType<T>, text: string, header: string): T =>
  parseWith(schema, text, 'the header', (fault) => invalid(`${header}: ${fault}`));

function invalid(message: string): WorkerError {
  return new WorkerError('QueueRecordInvalid', `a message of the queue can't be read: ${message}`, {
    action: 'run decoder and encoder in the same version, and let nobody else publish to the stream',
    permanent: true,
  });
}
