/** What other parts of the project use of the worker. */
export {
  addressFault,
  checkWorkerConfig,
  type DecoderConfig,
  type EncoderConfig,
  parseWorkerConfig,
  type WorkerConfig,
  type WorkerConfigs,
} from './config.ts';
export { errorShape, WorkerError } from './errors.ts';
export { hideUrl, redact, redactJson, redactor } from './redact.ts';
export type { DecoderStatus, EncoderStatus, WorkerStatus } from './status.ts';
export type { Verdict } from './verdict.ts';
