/**
 * What the status of a set says: how many of its streams there are, how many are well,
 * and what the others lack. Pure.
 */

import type { VideoPushSet } from '@videopush/resources';
import {
  CONDITIONS,
  type Condition,
  type ConditionDraft,
  REASONS,
  settleConditions,
} from '@videopush/resources/builders/conditions';
import { LABELS } from '@videopush/resources/builders/names';
import { isTerminating } from '../shared/ownership.ts';
import { type Problem, sentence } from '../shared/problem.ts';
import { steadyMessages } from '../shared/status.ts';
import type { Observation, StoredMember } from './observation.ts';
import type { Plan } from './plan.ts';

export type SetStatus = NonNullable<VideoPushSet['status']>;

export interface Judged {
  status: SetStatus;
  ready: ConditionDraft;
}

/** `refused`: what the API server does not take. */
export function judgeStatus(observed: Observation, decision: Plan, refused: Problem | null): Judged {
  const { set, owned, now } = observed;
  const members = owned.filter((member) => !isTerminating(member));
  const drafts = readiness(observed, decision, refused);
  const before = (set.status?.conditions ?? []) as Condition[];
  const generation = set.metadata.generation ?? 0;
  const steady = steadyMessages(before, drafts);
  const status = {
    observedGeneration: generation,
    conditions: settleConditions(before, steady, generation, now) as SetStatus['conditions'] & object,
    replicas: members.length,
    readyReplicas: members.filter(isReady).length,
    // Pods carry the label of their VideoPush: an autoscaler finds them by it.
    selector: `${LABELS.set}=${set.metadata.name}`,
  };
  return { status, ready: drafts[0] as ConditionDraft };
}

function readiness(observed: Observation, decision: Plan, refused: Problem | null): ConditionDraft[] {
  const verdict = judge(observed, decision, refused);
  if ('well' in verdict) {
    return [{ type: CONDITIONS.ready, status: 'True', reason: REASONS.running, message: verdict.well }];
  }
  const { reason, message, stalled } = verdict;
  const draft = { type: CONDITIONS.ready, reason, message: sentence(message) } as const;
  return [
    { ...draft, status: 'False' },
    { ...draft, type: stalled ? CONDITIONS.stalled : CONDITIONS.reconciling, status: 'True' },
  ];
}

function judge(
  { desired, stored, owned }: Observation,
  { applies, deletes, taken, clearing }: Plan,
  refused: Problem | null,
): Problem | { well: string } {
  if (refused) return refused;
  const [name] = taken;
  if (name !== undefined) {
    const message = `VideoPush "${name}" exists and does not belong to this set; rename the set or the source, or delete it`;
    return { reason: REASONS.nameTaken, message, stalled: true };
  }
  const moving = applies.length > 0 || deletes.length > 0 || clearing.length > 0 || owned.some(isTerminating);
  const members = desired.flatMap(({ metadata }) => stored.get(metadata.name) ?? []);
  const unwell = members.filter((member) => !isReady(member));
  const all = desired.length;
  if (unwell.length === 0 && members.length === all && !moving) {
    return { well: all === 0 ? 'No stream is asked for' : `All of ${all} streams are ready` };
  }
  const done = `${members.length - unwell.length} of ${all} streams are ready`;
  const stalled = unwell.filter((member) => conditionOf(member, CONDITIONS.stalled)?.status === 'True');
  const [first] = stalled.length > 0 ? stalled : unwell;
  const why = first ? `; ${first.metadata.name}: ${wordsOf(first)}` : '';
  // While others are on their way, a set with some streams that need a person is on its way too.
  if (stalled.length > 0 && stalled.length === unwell.length && !moving)
    return { reason: REASONS.membersStalled, message: `${done}${why}`, stalled: true };
  const reason = moving ? REASONS.updating : REASONS.membersNotReady;
  return { reason, message: `${done}${why}`, stalled: false };
}

function conditionOf({ status }: StoredMember, type: string): Condition | undefined {
  return (status?.conditions as Condition[] | undefined)?.find((condition) => condition.type === type);
}

/**
 * Whether the stream is ready with its present specification; readiness with an earlier one does not count.
 */
export function isReady(member: StoredMember): boolean {
  const ready = conditionOf(member, CONDITIONS.ready);
  const { generation = 0 } = member.metadata;
  return ready?.status === 'True' && (ready.observedGeneration ?? generation) >= generation;
}

/** Whether a set has to look at its stream again. */
export const standing = (member: StoredMember): string => {
  const ready = conditionOf(member, CONDITIONS.ready);
  const stalled = conditionOf(member, CONDITIONS.stalled)?.status === 'True';
  return JSON.stringify([isReady(member), stalled, ready?.reason]);
};

function wordsOf(member: StoredMember): string {
  const ready = conditionOf(member, CONDITIONS.ready);
  return ready ? `${ready.reason}: ${ready.message}` : 'nothing is known yet';
}
