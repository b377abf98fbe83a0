/** What other parts of the project use of the worker. */
export { errorShape, WorkerError } from './errors.ts';
export type { DecoderStatus, EncoderStatus, WorkerStatus } from './status.ts';
export type { Verdict } from './verdict.ts';
