/** Which streams of a set are made, changed and deleted: decided from what was observed. Pure. */

import type { KubeObject } from '@videopush/resources/objects';
import type { EventWords } from '../../kube/events.ts';
import { requeue } from '../shared/drift.ts';
import { FOREIGN_RETRY, isTerminating, ownedBy, ownedByPredecessor } from '../shared/ownership.ts';
import type { Observation, StoredMember } from './observation.ts';

export interface Plan {
  /** only what is not stored as it is desired; missing ones first, in the order of the sources */
  applies: readonly KubeObject[];
  /** by uid, in the background, the last sources first */
  deletes: readonly StoredMember[];
  /** names of members that somebody else has */
  taken: readonly string[];
  /** names that a terminating member or one of a deleted set of this name still has: they become free soon */
  clearing: readonly string[];
  events: readonly EventWords[];
  /** milliseconds */
  requeueAfter?: number;
}

export function plan(observed: Observation): Plan {
  const { set, desired, stored, owned, judge } = observed;
  const { uid } = set.metadata;
  const names = new Set(desired.map(({ metadata }) => metadata.name));
  const deletes = owned
    .filter((member) => !names.has(member.metadata.name) && !isTerminating(member))
    .sort((a, b) => -compareNames(a.metadata.name, b.metadata.name));
  const taken: string[] = [];
  const clearing: string[] = [];
  const missing: KubeObject[] = [];
  const changed: KubeObject[] = [];
  const waits: number[] = [];
  for (const member of desired) {
    const { name } = member.metadata;
    const before = stored.get(name) ?? null;
    if (before && !ownedBy(before, uid)) {
      (isTerminating(before) || ownedByPredecessor(before, set) ? clearing : taken).push(name);
      continue;
    }
    if (before && isTerminating(before)) {
      clearing.push(name); // created again once it is gone; the watch reports its deletion
      continue;
    }
    const judgement = judge(member, before);
    if (judgement.act === 'wait') waits.push(judgement.milliseconds);
    if (judgement.act === 'apply') (before ? changed : missing).push(member);
  }
  if (taken.length > 0) waits.push(FOREIGN_RETRY);
  return {
    applies: [...missing, ...changed],
    deletes,
    taken,
    clearing,
    events: eventsOf(missing, changed, deletes),
    ...requeue(waits),
  };
}

function eventsOf(
  missing: readonly KubeObject[],
  changed: readonly KubeObject[],
  deletes: readonly KubeObject[],
): EventWords[] {
  const event = (reason: string, action: string, verb: string, members: readonly KubeObject[]) =>
    members.length === 0
      ? []
      : [{ type: 'Normal' as const, reason, action, note: `${verb} ${listOf(members)}` }];
  return [
    ...event('Created', 'Apply', 'Created', missing),
    ...event('Updated', 'Apply', 'Updated', changed),
    ...event('Deleted', 'Delete', 'Deleted', deletes),
  ];
}

/** Maximum number of names that an event lists; the others are counted. */
const MAX_NAMES = 5;

export function listOf(members: readonly KubeObject[]): string {
  const names = members.slice(0, MAX_NAMES).map(({ metadata: { name } }) => name);
  const more = members.length - names.length;
  const count = members.length === 1 ? '1 stream' : `${members.length} streams`;
  return `${count}: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** wall-10 after wall-9. */
const compareNames = new Intl.Collator('en', { numeric: true }).compare;
