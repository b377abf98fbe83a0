/** The end of a VideoPush: owner references see to its objects, this to its stream in JetStream. Pure. */
import type { Defaults } from '@videopush/resources/builders/defaults';
import { JETSTREAM_FINALIZER } from '@videopush/resources/builders/names';
import type { EventWords } from '../../kube/events.ts';
import { isTerminating, ownedBy } from '../shared/ownership.ts';
import { type Plan, planFor } from './decision.ts';
import type { Observation } from './observation.ts';
import { isOver } from './pods.ts';
import { leftBehind, placeOfQueue } from './queue.ts';

/** A NATS that cannot be reached holds a deletion up for this long, milliseconds. */
export const GIVE_UP = 300_000;
/** Time between two polls, in milliseconds. */
const RETRY = 5_000;
/** Pods that do not end are not waited for longer, milliseconds: their node is lost. */
const MAX_PODS = 90_000;

export function planDeletion(observed: Observation, defaults: Defaults): Plan {
  const { push, workloads, pods, now } = observed;
  const base = planFor({ kind: 'Terminating' });
  if (!push.metadata.finalizers?.includes(JETSTREAM_FINALIZER)) return base;
  const since = now.getTime() - Date.parse(push.metadata.deletionTimestamp ?? '');
  // A terminating decoder could recreate its JetStream stream, so the workloads go first.
  const mine = workloads.filter((workload) => ownedBy(workload, push.metadata.uid));
  const deletes = mine.filter((workload) => !isTerminating(workload));
  const running = mine.length > 0 || pods.some((pod) => !isOver(pod));
  if (running && since < MAX_PODS) return { ...base, deletes, requeueAfter: RETRY };
  const place = placeOfQueue(observed.config, push, defaults);
  if (since >= GIVE_UP && place) return { ...base, deletes, finalizers: [], events: [gaveUp(place.stream)] };
  return { ...base, deletes, jetStreamDeletes: place ? [place] : [], finalizers: [], requeueAfter: RETRY };
}

const gaveUp = (stream: string): EventWords =>
  leftBehind(`Stream "${stream}" in JetStream could not be deleted within ${GIVE_UP / 60_000} minutes`);
