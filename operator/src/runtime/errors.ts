/**
 * What a reconcile may end in besides success. Anything else that is thrown is
 * tried again with the key's backoff.
 */

/** Trying again cannot help before the object changes: recorded, not retried. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
