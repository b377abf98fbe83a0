/** The controller of VideoPushSets: what it watches, and how the manager runs it. */
import { VIDEO_PUSH_SETS, VIDEO_PUSHES } from '@videopush/resources/kinds';
import type { KubeObject } from '@videopush/resources/objects';
import type { ControllerSpec } from '../../runtime/controller-spec.ts';
import { ownerKeys, toItself } from '../../runtime/watches.ts';
import type { ControlContext } from '../shared/context.ts';
import { VideoPushSetController } from './controller.ts';
import { standing } from './status.ts';

export const VIDEO_PUSH_SET_CONTROLLER = 'videopushset';

/**
 * A set of a thousand streams may take its time on a slow API server; what it has not done
 * then, the next reconcile does.
 */
const DEADLINE = 120_000;

export function videoPushSetController(context: ControlContext): ControllerSpec {
  const setOf = (member: KubeObject): string[] => ownerKeys(member, VIDEO_PUSH_SETS);
  context.store(VIDEO_PUSH_SETS);
  const controller = new VideoPushSetController(context, context.store(VIDEO_PUSHES).index(setOf));
  return {
    name: VIDEO_PUSH_SET_CONTROLLER,
    deadline: DEADLINE,
    reconcile: (key, signal) => controller.reconcile(key, signal),
    watches: [toItself(VIDEO_PUSH_SETS), { kind: VIDEO_PUSHES, keys: setOf, matters: memberMatters }],
  };
}

/** Whether a set has to look at its stream again: it was changed, or stands otherwise than before. */
function memberMatters(before: KubeObject, after: KubeObject): boolean {
  return digest(before) !== digest(after);
}

function digest(member: KubeObject): string {
  const { uid, generation, labels, annotations, ownerReferences, deletionTimestamp } = member.metadata;
  return JSON.stringify([
    uid,
    generation,
    deletionTimestamp,
    labels,
    annotations,
    ownerReferences,
    standing(member),
  ]);
}
