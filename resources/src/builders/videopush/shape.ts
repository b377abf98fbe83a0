/** The figures of a stream that decide about memory and processors. Pure. */
import type { VideoPush } from '../../schema/video-push.generated.ts';
import type { StreamShape } from '../cost.ts';
import { encoderDelayFrames } from '../encoder-delay.ts';
import { codecOf, pushedPicture, sourcePicture } from '../picture.ts';
import { queueBytes } from '../ring-size.ts';
import { threadsOf } from '../threads.ts';
import { delayInput, POD_DEFAULTS } from '../worker-config.ts';

/**
 * Each ring of a split stream keeps so many frames more, as the worker makes it: those
 * on their way between the pods.
 */
const FRAMES_IN_TRANSIT = 4;

export function streamShape({ spec }: VideoPush): StreamShape {
  const { preset, tune } = spec.video ?? {};
  return {
    source: sourcePicture(spec),
    pushed: pushedPicture(spec),
    generated: spec.source.testPattern !== undefined,
    encoder: { codec: codecOf(spec), preset, tune },
    queue: {
      capacityFrames: spec.queue?.capacityFrames ?? 20,
      maxBytes: queueBytes(spec),
      encoderDelayFrames:
        encoderDelayFrames(delayInput(spec, threadsOf(spec)), POD_DEFAULTS.processors) +
        (isSplit(spec) ? FRAMES_IN_TRANSIT : 0),
      latencyBudgetMilliseconds: spec.pacing?.latencyBudgetMilliseconds ?? 100,
    },
    split: isSplit(spec),
  };
}

export const isSplit = ({ topology }: VideoPush['spec']): boolean => topology === 'Split';
