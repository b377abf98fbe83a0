/**
 * Rings of frames in shared memory, one API on two levels of detail:
 * - `RingReader` and `RingWriter` (ring.ts) are the ends of a ring themselves: each call tries once, every
 *   field of a frame's header goes along, and the reader says when a frame is done. With them a pipeline's
 *   ring is carried to and from another machine.
 * - `FrameQueueWriter` and `FrameQueueReader` (frame-queue.ts) stand on such ends (ring-end.ts), wait for the
 *   caller, and hand pictures from one process to another on the same machine.
 */
export {
  type AttachOptions,
  FrameQueueReader,
  FrameQueueWriter,
  type PutOptions,
  type QueueFrame,
  type QueueOptions,
} from './frame-queue.ts';
export { FRAME_FLAG, RingReader, RingWriter, type RingWriterOptions } from './ring.ts';
export type * from './shapes.ts';
