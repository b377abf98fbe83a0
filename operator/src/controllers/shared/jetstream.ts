/** Deletes a stream in JetStream. It opens a connection for this, which each VideoPush needs only once. */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { JetStreamPlace } from '@videopush/resources/builders/videopush';

/** Time limit of the whole deletion, in milliseconds. */
const LIMIT = 5_000;

/**
 * Deletes the stream if it exists. Rejects when the server cannot be reached or does not answer within 5 s.
 */
export type DeleteStream = (place: JetStreamPlace, signal: AbortSignal) => Promise<void>;

export const deleteStream: DeleteStream = async ({ address, stream }, signal) => {
  try {
    await tryDelete({ address, stream }, signal);
  } catch (cause) {
    if (isMissing(cause)) return;
    const { message } = cause as Error;
    const why = message.split(': ').at(-1) ?? message; // each layer says it once more
    throw new Error(`stream "${stream}" at ${address} cannot be deleted: ${why}`, { cause });
  }
};

async function tryDelete({ address, stream }: JetStreamPlace, signal: AbortSignal): Promise<void> {
  const connection = await connect({
    servers: address,
    name: 'videopush-operator',
    timeout: LIMIT,
    reconnect: false,
    maxReconnectAttempts: 0,
  });
  const end = (): void => void connection.close().catch(() => {});
  const timer = setTimeout(end, LIMIT);
  signal.addEventListener('abort', end, { once: true });
  try {
    const manager = await jetstreamManager(connection, { timeout: LIMIT });
    await manager.streams.delete(stream);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    await connection.close().catch(() => {});
  }
}

/** JetStream's err_code for a stream that does not exist. */
const STREAM_NOT_FOUND = 10059;

function isMissing(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return name === 'StreamNotFoundError' || code === STREAM_NOT_FOUND;
}
