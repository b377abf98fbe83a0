/** Where the stream in JetStream of a split VideoPush is. Pure. */

import type { VideoPush } from '@videopush/resources';
import type { Defaults } from '@videopush/resources/builders/defaults';
import { DECODER, JETSTREAM_FINALIZER, jetStreamName } from '@videopush/resources/builders/names';
import { type JetStreamPlace, natsAddressOf } from '@videopush/resources/builders/videopush';
import { configText, type KubeObject } from '@videopush/resources/objects';
import type { EventWords } from '../../kube/events.ts';
import { CLEARING_RETRY, type Plan } from './decision.ts';
import type { Observation, StoredPush } from './observation.ts';
import { containerOf, isOver } from './pods.ts';

/**
 * Where the stream in JetStream is: as the decoder's configuration says, which may differ from where it would
 * be created today; without one, where it would be created, when `push` is given. null: there is none.
 */
export function placeOfQueue(
  config: KubeObject | null,
  push?: StoredPush,
  defaults?: Defaults,
): JetStreamPlace | null {
  const place = configuredPlace(config);
  if (place || !push || !defaults) return place;
  const address = natsAddressOf(push as VideoPush, defaults);
  const { namespace, name, uid } = push.metadata;
  return address === undefined ? null : { address, stream: jetStreamName(namespace, name, uid) };
}

/**
 * Whether a new decoder continues behind the last frame of the previous one: both have the same stream and
 * source.
 */
export function goesOnInQueue(before: KubeObject, after: KubeObject): boolean {
  const [was, is] = [configuredQueue(before), configuredQueue(after)];
  return was.source !== undefined && ['address', 'stream', 'source'].every((key) => was[key] === is[key]);
}

/**
 * Where the stream in JetStream is that nobody uses once the pods use another NATS server; null when they do
 * not.
 */
export function placeLeft(before: KubeObject | null, after: KubeObject): JetStreamPlace | null {
  const [was, is] = [configuredPlace(before), configuredPlace(after)];
  return was && is && was.address !== is.address ? was : null;
}

export const leftBehind = (why: string): EventWords => ({
  type: 'Warning',
  reason: 'QueueOrphaned',
  action: 'Delete',
  note: `${why}; it is left behind`,
});

/**
 * Deletes the stream in JetStream that is not used any more, once no decoder is
 * left that could create it again.
 */
export function releaseQueue({ push, pods, config }: Observation, defaults: Defaults): Partial<Plan> {
  if (!push.metadata.finalizers?.includes(JETSTREAM_FINALIZER)) return {};
  const decoders = pods.filter((pod) => containerOf(pod, 'decoder') && !containerOf(pod, 'encoder'));
  if (decoders.some((pod) => !isOver(pod))) return { requeueAfter: CLEARING_RETRY };
  const place = placeOfQueue(config, push, defaults);
  return { jetStreamDeletes: place ? [place] : [], finalizers: [] };
}

function configuredPlace(config: KubeObject | null): JetStreamPlace | null {
  const { address, stream } = configuredQueue(config);
  return typeof address === 'string' && typeof stream === 'string' ? { address, stream } : null;
}

/** The stream in JetStream as the decoder's configuration names it; empty when there is none. */
function configuredQueue(config: KubeObject | null): Record<string, unknown> {
  try {
    const text = configText(config, DECODER.key) ?? '';
    const { queue } = JSON.parse(text) as { queue?: { jetStream?: Record<string, unknown> } };
    return queue?.jetStream ?? {};
  } catch {
    return {};
  }
}
