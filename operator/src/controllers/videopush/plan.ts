/**
 * What is to be done about one stream: a chain of steps, of which the first that has an answer decides. Pure.
 */

import { CONDITIONS } from '@videopush/resources/builders/conditions';
import type { Defaults } from '@videopush/resources/builders/defaults';
import { readOrigin, templateHash } from '@videopush/resources/builders/origin';
import type { KubeObject } from '@videopush/resources/objects';
import {
  FOREIGN_RETRY,
  isTerminating,
  nameTaken,
  ownedBy,
  sameObject,
  takenName,
} from '../shared/ownership.ts';
import { isUpgradeHeld, UNWELL } from '../shared/upgrade-hold.ts';
import { planApplies } from './apply.ts';
import { specChanges } from './changes.ts';
import { type BuiltFacts, clearing, type Facts, type Plan, planFor } from './decision.ts';
import { planDeletion } from './deletion.ts';
import { completedJob, desiredObjects, serverGate } from './desired.ts';
import type { Observation, Workload } from './observation.ts';
import { isOver, type Pod } from './pods.ts';
import { placeLeft, releaseQueue } from './queue.ts';

/** The plan of a stream that a step is about; null: it is not. */
type Step<F extends Facts> = (facts: F) => Plan | null;

/** What needs no objects, in this order. */
const STEPS: readonly Step<Facts>[] = [completed, suspendedUnbuilt, unusable, unbuiltRunning];
/** What stands between the objects and their apply, in this order. */
const OBJECT_STEPS: readonly Step<BuiltFacts>[] = [nameInUse, upgradeHeld, obsolete, missing];

export function plan(observed: Observation, defaults: Defaults): Plan {
  if (isTerminating(observed.push)) return planDeletion(observed, defaults);
  const facts = factsOf(observed, defaults);
  const decided = first(STEPS, facts);
  if (decided) return decided;
  const { objects, problem } = facts.desired;
  if (!objects) return planFor({ kind: 'Waiting', problem });
  const leftQueue = placeLeft(observed.config, objects.config);
  const built: BuiltFacts = { ...facts, objects, leftQueue };
  return first(OBJECT_STEPS, built) ?? planApplies(built);
}

function first<F extends Facts>(steps: readonly Step<F>[], facts: F): Plan | null {
  for (const step of steps) {
    const decided = step(facts);
    if (decided) return decided;
  }
  return null;
}

function factsOf(observed: Observation, defaults: Defaults): Facts {
  const { push, config, workloads } = observed;
  const mine = workloads.filter((workload) => ownedBy(workload, push.metadata.uid));
  const changes = specChanges(config, push);
  const completed = isCompleted(observed, mine, changes);
  return {
    observed,
    defaults,
    mine,
    changes,
    completed,
    desired: desiredObjects(observed, defaults, completed),
    gate: serverGate(observed),
  };
}

/** A completed stream stays completed until its source changes. */
function isCompleted({ push }: Observation, mine: readonly Workload[], changes: Facts['changes']): boolean {
  const recorded = push.status?.conditions?.some(
    ({ type, status }) => type === CONDITIONS.complete && status === 'True',
  );
  const jobs = mine.filter(({ kind }) => kind === 'Job');
  if (!completedJob(jobs) && !(recorded && jobs.length === 0)) return false;
  return !changes?.some((field) => field.startsWith('spec.source'));
}

/** A completed split stream no longer needs the decoder that idles, nor the queue between the two. */
function completed({ observed, defaults, completed, desired, mine }: Facts): Plan | null {
  if (!completed) return null;
  const base = planFor({ kind: 'Completed' });
  const decoder = desired.objects?.workloads.find(({ kind }) => kind === 'Deployment');
  const idle = decoder && mine.find((workload) => sameObject(workload, decoder));
  if (decoder && idle && idle.spec?.replicas !== 0) return { ...base, applies: [decoder] };
  return { ...base, ...releaseQueue(observed, defaults) };
}

/** Suspended while its objects cannot be built: what runs is deleted, and made again on resume. */
function suspendedUnbuilt({ observed: { push, pods }, desired, mine }: Facts): Plan | null {
  if (desired.objects || !push.spec.suspend) return null;
  const stopped = pods.every(isOver);
  const deletes = mine.filter((workload) => !isTerminating(workload));
  return { ...planFor({ kind: 'Suspended', stopped }), deletes };
}

function unusable({ desired: { problem } }: Facts): Plan | null {
  return problem?.stalled ? planFor({ kind: 'Refused', problem }) : null;
}

/** What runs continues: a server that does not exist any more takes no stream off the air. */
function unbuiltRunning({ desired: { problem }, mine }: Facts): Plan | null {
  return problem && mine.length > 0 ? planFor({ kind: 'Live', trouble: problem }) : null;
}

function nameInUse({ observed: { push, config, workloads }, objects }: BuiltFacts): Plan | null {
  const stored = [config, ...workloads].filter((object) => object !== null);
  const taken = takenName([objects.config, ...objects.workloads], stored, push);
  if (taken === null) return null;
  if (taken === 'Predecessor') return clearing([]);
  const problem = nameTaken(taken.foreign, 'VideoPush');
  return { ...planFor({ kind: 'Refused', problem }), requeueAfter: FOREIGN_RETRY };
}

/**
 * What runs was applied by another version or other settings of the operator, and
 * the resource is as it was then.
 */
function upgradeHeld({ observed: { push, config, now }, objects, changes }: BuiltFacts): Plan | null {
  if (push.spec.suspend || changes?.length !== 0) return null;
  if (!isUpgradeHeld(readOrigin(config), readOrigin(objects.config), push.status, now)) return null;
  return { ...planFor({ kind: 'Live' }), requeueAfter: UNWELL };
}

/**
 * A decoder that moves to another NATS goes first as a whole: while it ends, it could
 * recreate the stream that it leaves.
 */
function obsolete({ objects, mine, leftQueue }: BuiltFacts): Plan | null {
  const found = mine.filter((workload) => leftQueue !== null || isObsolete(workload, objects.workloads));
  return found.length > 0 ? clearing(found.filter((workload) => !isTerminating(workload))) : null;
}

/**
 * Whether a workload must be replaced: it is not desired, or it is a Job with another template, which is
 * immutable.
 */
function isObsolete(stored: Workload, desired: readonly KubeObject[]): boolean {
  const same = desired.find((object) => sameObject(object, stored));
  if (!same || isTerminating(stored)) return true;
  return stored.kind === 'Job' && templateHash(stored) !== templateHash(same);
}

/**
 * A workload that does not exist waits for pods of the one before it, and a whole new stream for its servers.
 */
function missing({ observed, objects, mine, gate }: BuiltFacts): Plan | null {
  const absent = objects.workloads.filter((desired) => !mine.some((stored) => sameObject(stored, desired)));
  if (absent.length === 0 || observed.push.spec.suspend) return null;
  if (observed.pods.some((pod) => isInTheWay(pod, observed, mine))) return clearing([]);
  const entirely = absent.length === objects.workloads.length;
  return gate && entirely ? planFor({ kind: 'Waiting', problem: gate }) : null;
}

/** A pod whose node is lost never ends: it is waited for this long beyond its own grace, in milliseconds. */
const MAX_TERMINATING = 60_000;

/** Whether a pod of a workload that is gone still sends, or may. */
function isInTheWay(pod: Pod, { now }: Observation, mine: readonly Workload[]): boolean {
  if (isOver(pod)) return false;
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
  const ofStored = mine.some(({ kind, metadata: { name, uid } }) =>
    kind === 'Job' ? owner?.uid === uid : owner?.kind === 'ReplicaSet' && owner.name.startsWith(`${name}-`),
  );
  if (ofStored) return false;
  const { deletionTimestamp } = pod.metadata;
  return !deletionTimestamp || now.getTime() - Date.parse(deletionTimestamp) < MAX_TERMINATING;
}
