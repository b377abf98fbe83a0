/** What a write that the API server did not take means for a reconcile: the same for every kind. */
import { REASONS } from '../../builders/conditions.ts';
import { ApiError, isConflict, isNotFound } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Problem } from './problem.ts';

/** That it is gone, or another one by now, is what was wanted. */
export async function harmless(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** What no retry mends: an object that the API server does not take. null: it may pass. */
export function refusal(error: unknown, { kind, metadata: { name } }: KubeObject): Problem | null {
  if (!(error instanceof ApiError) || ![400, 403, 422].includes(error.code)) return null;
  const message = `${kind} "${name}" is refused by the API server: ${error.message}`;
  return { reason: error.code === 403 ? 'Forbidden' : REASONS.invalid, message, stalled: true };
}
