/** What of a media server is worth telling: that it came to be ready, or that it needs a person. Pure. */
import { CONDITIONS, type ConditionDraft } from '@videopush/resources/builders/conditions';
import type { EventWords } from '../../kube/events.ts';
import type { ServerStatus } from './status.ts';

export function eventsOf(before: ServerStatus | undefined, ready: ConditionDraft): EventWords[] {
  const was = before?.conditions?.find(({ type }) => type === CONDITIONS.ready);
  const { status, reason, message } = ready;
  if (was?.status === status && was.reason === reason) return [];
  if (status === 'True') return [{ type: 'Normal', reason, action: 'Serve', note: message }];
  // A server that starts for the first time has no event until it is ready or has a problem.
  if (was?.status !== 'True' && !REPORTED.test(reason)) return [];
  return [{ type: 'Warning', reason, action: 'Serve', note: message }];
}

/** Reasons that mere waiting does not explain, which are reported. */
const REPORTED = /^(?!Pending$|Starting$|Restarting$|Updating$)/;
