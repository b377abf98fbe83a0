/** The link by which the cluster deletes children together with their owner. Pure. */
import type { OwnerReference } from '../objects.ts';

/** What is read of an owner; every resource of ours has it. */
export interface Owner {
  apiVersion?: string;
  kind?: string;
  metadata: { name: string; uid?: string };
}

/**
 * `controller` marks the one owner that manages the child, `blockOwnerDeletion` keeps the owner until
 * the child has gone when it is deleted in the foreground. @throws Error when the owner was never
 * stored: a mistake of the caller
 */
export function ownerReference({ apiVersion, kind, metadata: { name, uid } }: Owner): OwnerReference {
  if (!apiVersion || !kind || !uid) throw new Error(`owner "${name}" has no apiVersion, kind or uid`);
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
