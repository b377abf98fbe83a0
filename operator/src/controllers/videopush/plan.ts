/** What is to be done about one stream: decided from what was observed, done by others. Pure. */
import { readOrigin, templateHash } from '@videopush/resources/builders/applied';
import { CONDITIONS, REASONS } from '@videopush/resources/builders/conditions';
import type { Defaults } from '@videopush/resources/builders/defaults';
import { ANNOTATIONS, ENCODER, JETSTREAM_FINALIZER } from '@videopush/resources/builders/names';
import type { JetStreamPlace, StreamObjects } from '@videopush/resources/builders/videopush';
import type { KubeObject } from '@videopush/resources/objects';
import type { EventWords } from '../../kube/events.ts';
import { isKept, UNWELL } from '../shared/kept.ts';
import type { Problem } from '../shared/problem.ts';
import { describeUpdate, specChanges } from './changes.ts';
import { planDeletion } from './deletion.ts';
import { type Observed, ownedBy, ownedByPredecessor, sameObject, type Workload } from './observed.ts';
import { containerOf, isOver, type Pod, podOf } from './pods.ts';
import { placeLeft, placeOfQueue } from './queue.ts';
import { completedJob, serverGate, want } from './wanted.ts';

/** Where a stream stands as a whole; its status is judged by it. */
export type Situation =
  | { kind: 'Terminating' }
  /** cannot be done as it is asked for */
  | { kind: 'Refused'; problem: Problem }
  | { kind: 'Completed' }
  | { kind: 'Suspended'; stopped: boolean }
  /** has not begun, because something is not there yet */
  | { kind: 'Waiting'; problem: Problem }
  /** what ran before has to be gone first */
  | { kind: 'Clearing' }
  /** `trouble`: what may explain why it does not get well */
  | { kind: 'Live'; trouble?: Problem | undefined };

export interface Plan {
  situation: Situation;
  /** by uid, in the background */
  deletes: readonly KubeObject[];
  /** in this order */
  applies: readonly KubeObject[];
  podAnnotations: readonly { pod: Pod; annotations: Record<string, string> }[];
  jetStreamDeletes: readonly JetStreamPlace[];
  /** In JetStream of another NATS than is wanted now: deleted before the applies, if that can be done. */
  leftQueue?: JetStreamPlace;
  /** of ours; undefined: as they are. Set before everything else, taken away after it. */
  finalizers?: readonly string[];
  events: readonly EventWords[];
  /** milliseconds */
  requeueAfter?: number;
}

/** A name that somebody else uses is looked at again this late, should no watch tell that it became free. */
export const FOREIGN_RETRY = 120_000;
const CLEARING_RETRY = 5_000;
/** A pod whose node is lost never ends: it is waited for this long beyond its own grace. */
const MOST_TERMINATING = 60_000;

const NOTHING = { deletes: [], applies: [], podAnnotations: [], jetStreamDeletes: [], events: [] } as const;

export function plan(observed: Observed, defaults: Defaults): Plan {
  const { push, workloads } = observed;
  if (push.metadata.deletionTimestamp) return planDeletion(observed, defaults);
  const completed = isCompleted(observed);
  const wanted = want(observed, defaults, completed);
  const mine = workloads.filter((workload) => ownedBy(workload, push.metadata.uid));
  if (completed) return planCompleted(observed, defaults, wanted.objects);
  if (wanted.objects) return planObjects(observed, defaults, wanted.objects, mine);
  if (push.spec.suspend) return planStopped(observed, mine);
  // What runs goes on as it was: neither a server that went away nor a slip in the specification takes a stream off the air.
  const { problem } = wanted;
  if (problem.stalled) return { ...NOTHING, situation: { kind: 'Refused', problem } };
  if (mine.length > 0) return { ...NOTHING, situation: { kind: 'Live', trouble: problem } };
  return { ...NOTHING, situation: { kind: 'Waiting', problem } };
}

/** Sent once, sent for good: only another source is another broadcast. */
function isCompleted({ push, config, workloads }: Observed): boolean {
  const jobs = workloads.filter(
    (workload) => workload.kind === 'Job' && ownedBy(workload, push.metadata.uid),
  );
  const recorded = push.status?.conditions?.some(
    ({ type, status }) => type === CONDITIONS.complete && status === 'True',
  );
  if (!completedJob(jobs) && !(recorded && jobs.length === 0)) return false;
  return !specChanges(config, push)?.some((field) => field.startsWith('spec.source'));
}

/** Of a split stream, the decoder that idles and the queue between the two are not needed any more. */
function planCompleted(observed: Observed, defaults: Defaults, objects: StreamObjects | undefined): Plan {
  const base = { ...NOTHING, situation: { kind: 'Completed' } } as const;
  const decoder = objects?.workloads.find(({ kind }) => kind === 'Deployment');
  const stored = observed.workloads.find((workload) => decoder && sameObject(workload, decoder));
  const idle = stored && ownedBy(stored, observed.push.metadata.uid) && stored.spec?.replicas !== 0;
  if (decoder && idle) return { ...base, applies: [decoder] };
  return { ...base, ...releaseQueue(observed, defaults) };
}

/** Suspended without anything from which objects could be built: what runs is deleted, and made anew on resume. */
function planStopped(observed: Observed, mine: readonly Workload[]): Plan {
  const stopped = !observed.pods.some((pod) => !isOver(pod));
  return { ...NOTHING, situation: { kind: 'Suspended', stopped }, deletes: mine.filter(isThere) };
}

function planObjects(
  observed: Observed,
  defaults: Defaults,
  objects: StreamObjects,
  mine: readonly Workload[],
): Plan {
  const { push, config } = observed;
  const all = [config, ...observed.workloads].filter((object) => object !== null);
  const taken = [objects.config, ...objects.workloads].flatMap(
    (wanted) => all.find((stored) => sameObject(stored, wanted) && !ownedBy(stored, push.metadata.uid)) ?? [],
  );
  const foreign = taken.find((object) => !ownedByPredecessor(object, push));
  if (foreign) return planForeign(foreign);
  if (taken.length > 0) return clearing([]);
  if (isUnchanged(observed, objects))
    return { ...NOTHING, situation: { kind: 'Live' }, requeueAfter: UNWELL };

  // A decoder that still ends would make the stream that it leaves anew.
  const moves = placeLeft(config, objects.config) !== null;
  const obsolete = mine.filter((workload) => moves || isObsolete(workload, objects.workloads));
  if (obsolete.length > 0) return clearing(obsolete.filter(isThere));
  const missing = objects.workloads.filter((wanted) => !mine.some((stored) => sameObject(stored, wanted)));
  if (missing.length > 0 && !push.spec.suspend) {
    if (observed.pods.some((pod) => isInTheWay(pod, observed, mine))) return clearing([]);
    const problem = missing.length === objects.workloads.length ? serverGate(observed) : null;
    if (problem) return { ...NOTHING, situation: { kind: 'Waiting', problem } };
  }
  return planApplies(observed, defaults, objects, mine);
}

function planForeign(object: KubeObject): Plan {
  const { name } = object.metadata;
  const message = `${object.kind} "${name}" is there and belongs to somebody else; rename the VideoPush, or delete the ${object.kind}`;
  const problem: Problem = { reason: REASONS.nameTaken, message, stalled: true };
  return { ...NOTHING, situation: { kind: 'Refused', problem }, requeueAfter: FOREIGN_RETRY };
}

const clearing = (deletes: readonly KubeObject[]): Plan => ({
  ...NOTHING,
  situation: { kind: 'Clearing' },
  deletes,
  requeueAfter: CLEARING_RETRY,
});

const isThere = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp === undefined;

/** Of another shape than is wanted now, or a Job with another template, which cannot be changed. */
function isObsolete(stored: Workload, wanted: readonly KubeObject[]): boolean {
  const same = wanted.find((object) => sameObject(object, stored));
  if (!same || !isThere(stored)) return true;
  return stored.kind === 'Job' && templateHash(stored) !== templateHash(same);
}

/** What runs was applied by another installation, and nothing was changed in the resource since. */
function isUnchanged({ push, config, now }: Observed, objects: StreamObjects): boolean {
  if (push.spec.suspend || specChanges(config, push)?.length !== 0) return false;
  return isKept(readOrigin(config), readOrigin(objects.config), push.status, now);
}

/** Whether a pod of a workload that is gone still sends, or may. */
function isInTheWay(pod: Pod, { now }: Observed, mine: readonly Workload[]): boolean {
  if (isOver(pod)) return false;
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
  const ofStored = mine.some(({ kind, metadata: { name, uid } }) =>
    kind === 'Job' ? owner?.uid === uid : owner?.kind === 'ReplicaSet' && owner.name.startsWith(`${name}-`),
  );
  if (ofStored) return false;
  const { deletionTimestamp } = pod.metadata;
  return !deletionTimestamp || now.getTime() - Date.parse(deletionTimestamp) < MOST_TERMINATING;
}

function planApplies(
  observed: Observed,
  defaults: Defaults,
  objects: StreamObjects,
  mine: readonly Workload[],
): Plan {
  const { push, config } = observed;
  const workloads = objects.workloads.filter(
    (wanted) => !push.spec.suspend || mine.some((stored) => sameObject(stored, wanted)),
  );
  const judged = [objects.config, ...workloads].map((wanted) => {
    const stored = [config, ...mine].find((object) => object && sameObject(object, wanted)) ?? null;
    return { wanted, judgement: observed.judge(wanted, stored) };
  });
  const applies = judged.filter(({ judgement }) => judgement.act === 'apply').map(({ wanted }) => wanted);
  const waits = judged.flatMap(({ judgement }) => (judgement.act === 'wait' ? judgement.milliseconds : []));
  const put = judged.filter(({ judgement }) => judgement.act === 'apply' && judgement.why === 'drift');
  const updated = applies.includes(objects.config) && describeUpdate(observed, objects, mine);
  const queue = queueSteps(observed, defaults, objects);
  const leftQueue = placeLeft(config, objects.config);
  return {
    ...NOTHING,
    ...queue,
    ...(leftQueue && { leftQueue }),
    situation: situationOf(observed),
    applies,
    podAnnotations: encoderAnnotations(observed, objects),
    events: [...(updated ? [updated] : []), ...put.map(({ wanted }) => putBack(wanted))],
    ...(waits.length > 0 && { requeueAfter: Math.min(...waits) }),
  };
}

function situationOf(observed: Observed): Situation {
  if (observed.push.spec.suspend)
    return { kind: 'Suspended', stopped: !observed.pods.some((pod) => !isOver(pod)) };
  return { kind: 'Live', trouble: serverGate(observed) ?? undefined };
}

function putBack({ kind, metadata: { name } }: KubeObject): EventWords {
  return {
    type: 'Warning',
    reason: 'PutBack',
    action: 'Apply',
    note: `${kind} "${name}" was changed by somebody else and is as the VideoPush wants it again`,
  };
}

/**
 * A running pod is told of a new configuration of its encoder by an annotation: an update of the pod makes kubelet bring the
 * file at once instead of within a minute and a half.
 */
function encoderAnnotations({ config, pods }: Observed, objects: StreamObjects): Plan['podAnnotations'] {
  const pod = podOf(pods, 'encoder');
  const hash = objects.hashes.encoder;
  const told = pod?.metadata.annotations?.[ANNOTATIONS.encoderConfig];
  if (!pod || !config || told === hash) return [];
  if (told === undefined && dataOf(config) === dataOf(objects.config)) return [];
  return [{ pod, annotations: { [ANNOTATIONS.encoderConfig]: hash } }];
}

const dataOf = (config: KubeObject): string | undefined =>
  (config as { data?: Record<string, string> }).data?.[ENCODER.key];

/** The finalizer is there before the stream in JetStream can be, and goes after it. */
function queueSteps(observed: Observed, defaults: Defaults, objects: StreamObjects): Partial<Plan> {
  if (placeOfQueue(objects.config) === null) return releaseQueue(observed, defaults);
  const held = observed.push.metadata.finalizers?.includes(JETSTREAM_FINALIZER);
  return held || observed.push.spec.suspend ? {} : { finalizers: [JETSTREAM_FINALIZER] };
}

/** Deletes the stream in JetStream that is not used any more, once nobody is there to make it again. */
function releaseQueue(observed: Observed, defaults: Defaults): Partial<Plan> {
  const { push, pods, config } = observed;
  if (!push.metadata.finalizers?.includes(JETSTREAM_FINALIZER)) return {};
  const makers = pods.filter((pod) => containerOf(pod, 'decoder') && !containerOf(pod, 'encoder'));
  if (makers.some((pod) => !isOver(pod))) return { requeueAfter: CLEARING_RETRY };
  const place = placeOfQueue(config, push, defaults);
  return { jetStreamDeletes: place ? [place] : [], finalizers: [] };
}
