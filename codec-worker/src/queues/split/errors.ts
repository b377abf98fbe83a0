/** What can be wrong with the queue's server, in the worker's shape of errors. Pure. */
import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { NativeError } from '@videopush/native';
import { WorkerError } from '../../errors.ts';

/** JetStream's error codes (server/errors.json of nats-server) that something follows from. */
export const API = {
  streamNotFound: 10059,
  consumerNotFound: 10014,
  wrongLastMessageId: 10070,
  wrongLastSequence: 10071,
  wrongLastSequenceUnknown: 10164,
  /** max_msgs or max_bytes reached under discard=new */
  storeFull: 10077,
  consumerExists: 10148,
  consumerNameExists: 10013,
  consumerNotUnique: 10100,
  consumerMultiple: 10099,
} as const;

export function apiCode(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}

/** Nobody answers under the subject: the stream, or all of JetStream, does not exist. */
const isUnanswered = (error: unknown): boolean => (error as Partial<Error>).name === 'JetStreamNotEnabled';

export const isStreamMissing = (error: unknown): boolean =>
  apiCode(error) === API.streamNotFound || isUnanswered(error);

const CONFLICTS: readonly number[] = [
  API.wrongLastMessageId,
  API.wrongLastSequence,
  API.wrongLastSequenceUnknown,
];

/** The stream's last message is not the one that the publish expected to follow. */
export const isConflict = (error: unknown): boolean => CONFLICTS.includes(apiCode(error) ?? 0);

/** Deleted while it was asked for messages (409), or before (503: nobody answers). */
export function isConsumerGone(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    error instanceof JetStreamError &&
    [409, 503, API.consumerNotFound, API.streamNotFound].includes(code as number)
  );
}

/** A passing trouble: both sides wait it out. */
export function unavailable(address: string, why: string): WorkerError {
  return new WorkerError('QueueUnavailable', `NATS at ${address}: ${why}`, {
    action: 'see whether it runs, has JetStream enabled, and this pod may connect to it; it is tried again',
  });
}

export function tooLarge(bytes: number, most: number): WorkerError {
  return new WorkerError(
    'FrameTooLarge',
    `a frame with its headers has ${bytes} bytes, the NATS server takes messages of ${most} at most (max_payload)`,
    {
      action: 'set max_payload in the NATS configuration (64MB is its limit), or push a smaller picture',
      permanent: true,
    },
  );
}

export function superseded(role: 'decoder' | 'encoder'): WorkerError {
  return new WorkerError('QueueSuperseded', `another ${role} has taken over this stream`, {
    action: 'this one does nothing any more and may be stopped',
  });
}

/** Whatever a call of the NATS client failed with. */
export function queueFault(address: string, error: unknown): WorkerError {
  if (error instanceof WorkerError) return error;
  if (error instanceof NativeError) {
    const { code, message, action, permanent } = error;
    return new WorkerError(code, message, { action, permanent, cause: error });
  }
  if (error instanceof errors.ConnectionError || error instanceof errors.ClosedConnectionError) {
    return unavailable(address, `the connection was lost (${error.message})`);
  }
  if (isUnanswered(error)) return unavailable(address, 'JetStream does not answer');
  if (error instanceof JetStreamApiError)
    return unavailable(address, `${error.message} (code ${error.code})`);
  const message = error instanceof Error ? error.message : String(error);
  return unavailable(address, message === '' ? 'it does not answer' : message);
}
