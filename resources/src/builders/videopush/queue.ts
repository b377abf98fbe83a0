/** The JetStream stream that joins the two pods of a split stream. Pure. */
import { ManifestError } from '../../schema/manifest.ts';
import type { VideoPush } from '../../schema/video-push.generated.ts';
import type { Defaults } from '../defaults.ts';
import { JETSTREAM_FINALIZER, jetStreamName } from '../names.ts';
import { namespaceOf } from './context.ts';
import { isSplit } from './shape.ts';

/**
 * Where the queue of a split stream is: what the workers are given, and what the operator deletes in the end.
 */
export interface JetStreamPlace {
  /** nats://HOST:PORT */
  address: string;
  stream: string;
}

/** Field that names the server; also what the error for its absence begins with. */
export const NATS_ADDRESS_FIELD = 'spec.queue.jetStream.address';

/** The address in effect, undefined when neither the resource nor the installation has one. */
export function natsAddressOf({ spec }: VideoPush, defaults: Defaults): string | undefined {
  return spec.queue?.jetStream?.address ?? defaults.natsAddress;
}

/** undefined for a stream in one pod. @throws ManifestError NATS_ADDRESS_FIELD when no server is known */
export function jetStreamOf(push: VideoPush, defaults: Defaults): JetStreamPlace | undefined {
  if (!isSplit(push.spec)) return undefined;
  const address = natsAddressOf(push, defaults);
  if (address === undefined) {
    throw new ManifestError(
      NATS_ADDRESS_FIELD,
      'is needed for topology Split, since this installation has no NATS server; topology SamePod needs none',
    );
  }
  const { name, uid = '' } = push.metadata;
  return { address, stream: jetStreamName(namespaceOf(push), name, uid) };
}

/** Finalizers that a VideoPush needs: only what owner references cannot delete. */
export function finalizersFor({ spec }: VideoPush): string[] {
  return isSplit(spec) ? [JETSTREAM_FINALIZER] : [];
}
