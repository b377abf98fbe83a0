/** Where the stream in JetStream of a split VideoPush is. Pure. */
import type { Defaults } from '../../builders/defaults.ts';
import { DECODER, jetStreamName } from '../../builders/names.ts';
import { type JetStreamPlace, natsAddressOf } from '../../builders/videopush/index.ts';
import type { VideoPush } from '../../crds/video-push.generated.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { StoredPush } from './observed.ts';

/**
 * As the decoder was told, which may be elsewhere than where it would be put today; else where it would be, when `push` is
 * given. null: there is none.
 */
export function placeOfQueue(
  config: KubeObject | null,
  push?: StoredPush,
  defaults?: Defaults,
): JetStreamPlace | null {
  const told = toldPlace(config);
  if (told || !push || !defaults) return told;
  const address = natsAddressOf(push as VideoPush, defaults);
  const { namespace, name, uid } = push.metadata;
  return address === undefined ? null : { address, stream: jetStreamName(namespace, name, uid) };
}

function toldPlace(config: KubeObject | null): JetStreamPlace | null {
  try {
    const text = (config as { data?: Record<string, string> } | null)?.data?.[DECODER.key] ?? '';
    const { queue } = JSON.parse(text) as { queue?: { jetStream?: Partial<JetStreamPlace> } };
    const { address, stream } = queue?.jetStream ?? {};
    return typeof address === 'string' && typeof stream === 'string' ? { address, stream } : null;
  } catch {
    return null;
  }
}
