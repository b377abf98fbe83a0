/** What a reconcile may end in besides success. Anything else that is thrown is tried again with the key's backoff. */

/** Trying again cannot help before the object changes: recorded, not retried. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** Somebody wrote in between: read again and decide anew, at once; no failure. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** Says itself how long to wait, such as an API server with Retry-After. */
export class RetryAfterError extends Error {
  override readonly name = 'RetryAfterError';
  readonly milliseconds: number;

  constructor(message: string, milliseconds: number, options?: ErrorOptions) {
    super(message, options);
    this.milliseconds = milliseconds;
  }
}
