/** Threads of the two roles by the processors that their containers are to have. Pure. */
import { LIMITS } from '../limits.ts';
import { parseQuantity } from '../schema/quantity.ts';
import type { VideoPush } from '../schema/video-push.generated.ts';
import type { Resources } from './resources.ts';
import { isStreamUrl, type RoleThreads } from './worker-config.ts';

type Spec = VideoPush['spec'];

/** A live source is decoded at its own pace, so that more threads gain nothing, and each costs memory. */
const MOST_OF_LIVE_DECODER = 4;

/**
 * As many as the resource asks processors for, of either role. What the cost table asks for is an estimate
 * for the scheduler and limits nothing.
 */
export function threadsOf({ source, resources }: Spec): RoleThreads {
  const live = isStreamUrl(source.uri ?? '');
  return {
    decoder: processors(resources?.decoder, live ? MOST_OF_LIVE_DECODER : LIMITS.threads.most),
    encoder: processors(resources?.encoder, LIMITS.threads.most),
  };
}

function processors({ requests, limits }: Resources = {}, most: number): number | undefined {
  const asked = parseQuantity(requests?.cpu ?? limits?.cpu ?? '');
  return asked === undefined ? undefined : Math.min(Math.max(1, Math.ceil(asked)), most);
}
