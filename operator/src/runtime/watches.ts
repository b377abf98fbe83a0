/** From a changed object to the keys of those whom it concerns. */
import { type KubeObject, keyOf, objectKey, type ResourceKind } from '@videopush/resources/objects';
import type { WatchSpec } from './controller-spec.ts';

/**
 * The object itself. A change of its status alone is no news, unless `status` is true: the
 * controller writes that itself.
 */
export const toItself = (kind: ResourceKind, { status = false } = {}): WatchSpec => ({
  kind,
  keys: (object) => [keyOf(object)],
  ...(!status && { matters: specChanged }),
});

/** The one of kind `owner` that controls the object. */
export const toOwner = (kind: ResourceKind, owner: ResourceKind): WatchSpec => ({
  kind,
  keys: (object) => ownerKeys(object, owner),
});

/** Key of the object's controller when that is of the kind `owner`, whatever the version; else nothing. */
export function ownerKeys({ metadata }: KubeObject, owner: ResourceKind): string[] {
  const { namespace, ownerReferences = [] } = metadata;
  const reference = ownerReferences.find(({ controller }) => controller);
  if (reference?.kind !== owner.kind || groupOf(reference.apiVersion) !== owner.group) return [];
  return [objectKey(namespace, reference.name)];
}

const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

/**
 * Whether anything has changed that its own controller has to look at: all but
 * status, and but who wrote when.
 */
function specChanged(before: KubeObject, after: KubeObject): boolean {
  return digest(before) !== digest(after);
}

function digest({ metadata }: KubeObject): string {
  const { uid, generation, labels, annotations, ownerReferences, finalizers, deletionTimestamp } = metadata;
  return JSON.stringify([
    uid,
    generation,
    deletionTimestamp,
    labels,
    annotations,
    finalizers,
    ownerReferences,
  ]);
}
