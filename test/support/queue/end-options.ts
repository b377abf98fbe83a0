/**
 * The command line and the frames of the two scripted ends of a frame queue. Every byte of a frame shows its
 * number. The ends are separate processes, so that they can be killed at any instant.
 */
import type { RingFormat } from '@videopush/native';
import { format } from '../../../codec-worker/src/queues/split/testing/records.ts';
import { QUEUE_BYTES } from '../../../resources/src/limits.ts';
import type { WorkerConfig } from '../../../resources/src/worker-config.ts';

/** The stream that joins the two ends, and what the frames are made from. */
export type JetStream = NonNullable<WorkerConfig['queue']['jetStream']>;

/** The one argument of both programs, as JSON. */
export interface EndOptions {
  /** The ring of this end's pod. */
  ringPath: string;
  /** Unset: one ring joins both ends. */
  jetStream?: JetStream;
  /** How many frames there are in all. */
  frames: number;
  capacityFrames: number;
  /** Frames that the taking end may hold: its delay. */
  heldFrames: number;
  width: number;
  height: number;
  whenFull?: 'Block' | 'DropOldest' | 'DropNewest';
  /** Giving end: from this frame on the picture is half as wide. */
  changeAt?: number;
  /** Taking end: the file to which the number of each frame is appended before it is done. */
  logFile?: string;
  /** Taking end: at most this many a second. */
  rate?: number;
  /** Taking end: takes this many, then nothing more. */
  stopAfter?: number;
}

export const readOptions = (): EndOptions => JSON.parse(process.argv[2] ?? '') as EndOptions;

/** A configuration of which a carrier reads only the queue. */
export function workerConfig({ ringPath, jetStream, capacityFrames, heldFrames, whenFull }: EndOptions) {
  return {
    version: 1 as const,
    stream: 'test/queue',
    http: { host: '127.0.0.1', port: 0 },
    logLevel: 'info' as const,
    latencyBudgetMilliseconds: 0,
    queue: {
      type: 'ring' as const,
      path: ringPath,
      capacityFrames,
      maxBytes: QUEUE_BYTES,
      whenFull: whenFull ?? ('Block' as const),
      encoderDelayFrames: heldFrames,
      outputs: ['reader'],
      jetStream: jetStream as JetStream,
    },
  };
}

export function formatOf({ width, height }: EndOptions): RingFormat {
  return { ...format, width, height };
}

/** Bytes of the planes in a slot: rows begin on 64 bytes. */
export function pictureBytes({ width, height }: Pick<RingFormat, 'width' | 'height'>): number {
  const stride = (bytes: number): number => Math.ceil(bytes / 64) * 64;
  return stride(width) * height + 2 * stride(width / 2) * (height / 2);
}

/** Every four bytes are the number. */
export function paint(picture: Buffer, number: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(number);
  return picture.fill(word);
}
