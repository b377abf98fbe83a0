/** Whose an object is, and what follows when its name is taken. Pure. */
import { REASONS } from '@videopush/resources/builders/conditions';
import type { KubeObject } from '@videopush/resources/objects';
import type { Problem } from './problem.ts';

/**
 * A name that somebody else uses is checked again this late, in milliseconds, should no
 * watch report that it became free.
 */
export const FOREIGN_RETRY = 120_000;

/** The fields of a resource of ours that identify its children. */
interface Owner {
  kind?: string | undefined;
  metadata: { name: string; uid: string };
}

/** Whether `object` is a child of this very resource, and not of an earlier one of the same name. */
export function ownedBy({ metadata: { ownerReferences = [] } }: KubeObject, uid: string): boolean {
  return ownerReferences.some((owner) => owner.uid === uid && owner.controller === true);
}

/** Left by an earlier resource of this kind and name: the cluster deletes it. */
export function ownedByPredecessor(object: KubeObject, { kind, metadata: { name, uid } }: Owner): boolean {
  const owners = object.metadata.ownerReferences ?? [];
  return owners.some((owner) => owner.kind === kind && owner.name === name && owner.uid !== uid);
}

export const sameObject = (a: KubeObject, b: KubeObject): boolean =>
  a.kind === b.kind && a.metadata.name === b.metadata.name;

export const isTerminating = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

/**
 * Why the names of `desired` cannot all be used by `owner`: somebody else has one, or an earlier resource of
 * the owner's name has left one that is about to go. null: all are free or its own.
 */
export function takenName(
  desired: readonly KubeObject[],
  stored: readonly KubeObject[],
  owner: Owner,
): { foreign: KubeObject } | 'Predecessor' | null {
  const taken = stored.filter(
    (object) => !ownedBy(object, owner.metadata.uid) && desired.some((one) => sameObject(one, object)),
  );
  const foreign = taken.find((object) => !ownedByPredecessor(object, owner));
  if (foreign) return { foreign };
  return taken.length > 0 ? 'Predecessor' : null;
}

/** What a foreign object under a name of ours means for a resource of `kind`. */
export function nameTaken({ kind, metadata: { name } }: KubeObject, ours: string): Problem {
  const message = `${kind} "${name}" exists and belongs to somebody else; rename the ${ours}, or delete the ${kind}`;
  return { reason: REASONS.nameTaken, message, stalled: true };
}
