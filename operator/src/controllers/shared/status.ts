/** Writing a status only when it says something new. Pure. */
import type { ConditionDraft } from '@videopush/resources/builders/conditions';
import { contentHash } from '@videopush/resources/builders/names';
import { redact } from '@videopush/resources/redact';

interface SomeCondition {
  type: string;
  status: string;
  reason: string;
  message: string;
  lastTransitionTime?: string;
}

/** Whether both say the same, whenever it came to be so. */
export function sameStatus(before: object | undefined, after: object | undefined): boolean {
  return contentHash(timeless(before)) === contentHash(timeless(after));
}

function timeless(status: object | undefined): unknown {
  const { conditions = [], ...rest } = (status ?? {}) as { conditions?: SomeCondition[] };
  return { ...rest, conditions: conditions.map(({ lastTransitionTime: _, ...condition }) => condition) };
}

/**
 * The drafts without the secrets of URLs, which API servers and workers may quote, and with the sentences of
 * before where nothing but a number in them differs: a counter in an error's text must not become a write
 * each time that it is looked at.
 */
export function steadyMessages(
  before: readonly SomeCondition[],
  drafts: readonly ConditionDraft[],
): ConditionDraft[] {
  return drafts.map((bare) => {
    const draft = { ...bare, message: redact(bare.message) };
    const was = before.find(({ type }) => type === draft.type);
    const same = was?.status === draft.status && was.reason === draft.reason;
    return same && numberless(was.message) === numberless(draft.message)
      ? { ...draft, message: was.message }
      : draft;
  });
}

const numberless = (text: string): string => text.replace(/\d+(\.\d+)?/g, '#');
