/**
 * Rings of frames in shared memory, on two levels of detail:
 * - `FrameQueueWriter` and `FrameQueueReader` (queue.ts) hand pictures from one process
 *   to another on the same machine;
 * - `RelayReader` and `RelayWriter` (relay.ts) carry a pipeline's ring to and from another machine, with
 *   every field of a frame's header, and with a say in when a frame is done.
 */
export {
  type AttachOptions,
  FrameQueueReader,
  FrameQueueWriter,
  type PutOptions,
  type QueueFrame,
  type QueueOptions,
} from './queue.ts';
export { RELAY_FLAG, RelayReader, RelayWriter, type RelayWriterOptions } from './relay.ts';
