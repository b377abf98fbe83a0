/** What a write that the API server did not take means for a reconcile: the same for every kind. */
import { REASONS } from '@videopush/resources/builders/conditions';
import { FIELD_MANAGER } from '@videopush/resources/builders/names';
import type { KubeObject } from '@videopush/resources/objects';
import { ApiError, isConflict, isNotFound, isOtherObject } from '../../kube/errors.ts';
import type { Resource } from '../../kube/resource.ts';
import type { Problem } from './problem.ts';

/** Ignores the error of a write whose object is gone, was replaced or has changed meanwhile. */
export async function harmless(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error) && !isOtherObject(error)) throw error;
  }
}

/** Annotates this pod if it still exists. It is a patch, since an apply would recreate a deleted pod. */
export async function annotate(
  pods: Resource,
  { metadata: { name, namespace, uid } }: KubeObject,
  annotations: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const options = { fieldManager: FIELD_MANAGER, signal };
  await harmless(pods.patch({ name, namespace }, { metadata: { uid, annotations } }, options));
}

/** The problem that no retry fixes: the API server refuses the object. null: a retry may succeed. */
export function refusal(error: unknown, { kind, metadata: { name } }: KubeObject): Problem | null {
  if (!(error instanceof ApiError) || !isRefused(error)) return null;
  const message = `${kind} "${name}" is refused by the API server: ${error.message}`;
  return { reason: error.code === 403 ? 'Forbidden' : REASONS.invalid, message, stalled: true };
}

/** An apply with a field that the stored definition does not have yet is called an error of the server. */
const isRefused = ({ code, message }: ApiError): boolean =>
  [400, 403, 422].includes(code) || (code === 500 && message.includes('field not declared in schema'));
