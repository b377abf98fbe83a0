/** What can go wrong with a cluster for tests, in words that say what to do about it. */

export type ClusterErrorCode =
  | 'ToolMissing'
  | 'NotPermitted'
  | 'CommandFailed'
  | 'TimedOut'
  | 'ProcessEnded'
  | 'NoRoom'
  | 'BadChoice';

export class ClusterError extends Error {
  readonly code: ClusterErrorCode;
  readonly action: string;

  /** @param what one sentence without a full stop @param cause may have several lines */
  constructor(code: ClusterErrorCode, what: string, details: { cause: string; action: string }) {
    super(`${what}: ${details.cause}\n${details.action}`, { cause: details.cause });
    this.name = 'ClusterError';
    this.code = code;
    this.action = details.action;
  }
}
