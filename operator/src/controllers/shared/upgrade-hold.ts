/**
 * A new version or new settings of the operator take nothing that runs off the air: they take effect with a
 * resource's next change, or once it has been unwell for a while. Pure.
 */

import { CONDITIONS } from '@videopush/resources/builders/conditions';
import type { Origin } from '@videopush/resources/builders/origin';

/** How long a resource may be unwell before a new version of the operator may move it, milliseconds. */
export const UNWELL = 60_000;

interface Conditions {
  conditions?: { type: string; status: string; lastTransitionTime: string }[];
}

/** `before`, `after`: where the objects that run come from, and those that would be applied now. */
export function isUpgradeHeld(
  before: Origin | null,
  after: Origin | null,
  status: Conditions | undefined,
  now: Date,
): boolean {
  if (!before || !after || before.installation === after.installation) return false;
  if (before.servers !== after.servers) return false;
  const ready = status?.conditions?.find(({ type }) => type === CONDITIONS.ready);
  if (!ready) return false;
  return ready.status === 'True' || now.getTime() - Date.parse(ready.lastTransitionTime) < UNWELL;
}
