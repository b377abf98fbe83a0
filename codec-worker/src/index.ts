/** The worker, for whoever starts its processes and reads what they report. */
export { errorShape, WorkerError } from './errors.ts';
export { WORKER_NODE_OPTIONS, WORKER_PROGRAM } from './program.ts';
export type { DecoderStatus, EncoderStatus, WorkerStatus } from './status.ts';
