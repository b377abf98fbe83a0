/** The applies of a stream whose way is free, and what goes with them. Pure. */
import type { Defaults } from '@videopush/resources/builders/defaults';
import { ANNOTATIONS, ENCODER, JETSTREAM_FINALIZER } from '@videopush/resources/builders/names';
import type { StreamObjects } from '@videopush/resources/builders/videopush';
import { configText, type KubeObject } from '@videopush/resources/objects';
import type { EventWords } from '../../kube/events.ts';
import { judgeAll, requeue } from '../shared/drift.ts';
import { sameObject } from '../shared/ownership.ts';
import { describeUpdate } from './changes.ts';
import { type BuiltFacts, type Plan, planFor, type Situation } from './decision.ts';
import type { Observation } from './observation.ts';
import { isOver, podOf } from './pods.ts';
import { placeOfQueue, releaseQueue } from './queue.ts';

export function planApplies(facts: BuiltFacts): Plan {
  const { observed, defaults, objects, mine, leftQueue } = facts;
  const { push, config } = observed;
  const workloads = objects.workloads.filter(
    (desired) => !push.spec.suspend || mine.some((stored) => sameObject(stored, desired)),
  );
  const stored = config ? [config, ...mine] : mine;
  const { applies, drifted, waits } = judgeAll([objects.config, ...workloads], stored, observed.judge);
  const updated = applies.includes(objects.config) && describeUpdate(facts);
  return {
    ...planFor(situationOf(facts)),
    ...queueSteps(observed, defaults, objects),
    ...(leftQueue && { leftQueue }),
    applies,
    podAnnotations: encoderAnnotations(observed, objects),
    events: [...(updated ? [updated] : []), ...drifted.map(driftReverted)],
    ...requeue(waits),
  };
}

function situationOf({ observed: { push, pods }, gate }: BuiltFacts): Situation {
  if (push.spec.suspend) return { kind: 'Suspended', stopped: pods.every(isOver) };
  return { kind: 'Live', trouble: gate ?? undefined };
}

function driftReverted({ kind, metadata: { name } }: KubeObject): EventWords {
  return {
    type: 'Warning',
    reason: 'DriftReverted',
    action: 'Apply',
    note: `${kind} "${name}" was changed by another client; it is again as the VideoPush asks for`,
  };
}

/**
 * A running pod learns of a new configuration of its encoder by an annotation: an update of the pod makes the
 * kubelet bring the file at once instead of within a minute and a half.
 */
function encoderAnnotations({ config, pods }: Observation, objects: StreamObjects): Plan['podAnnotations'] {
  const pod = podOf(pods, 'encoder');
  const hash = objects.hashes.encoder;
  const annotated = pod?.metadata.annotations?.[ANNOTATIONS.encoderConfig];
  if (!pod || !config || annotated === hash) return [];
  if (annotated === undefined && configText(config, ENCODER.key) === configText(objects.config, ENCODER.key))
    return [];
  return [{ pod, annotations: { [ANNOTATIONS.encoderConfig]: hash } }];
}

/** The finalizer is set before the stream in JetStream can exist, and is removed after it. */
function queueSteps(observed: Observation, defaults: Defaults, objects: StreamObjects): Partial<Plan> {
  if (placeOfQueue(objects.config) === null) return releaseQueue(observed, defaults);
  const held = observed.push.metadata.finalizers?.includes(JETSTREAM_FINALIZER);
  return held || observed.push.spec.suspend ? {} : { finalizers: [JETSTREAM_FINALIZER] };
}
