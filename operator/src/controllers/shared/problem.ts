/** What keeps a resource from being as it is asked for, as every kind's status says it. Pure. */
import { redact } from '@videopush/resources/redact';

/** What keeps it, in the words of a condition. */
export interface Problem {
  reason: string;
  message: string;
  /** waiting does not help */
  stalled: boolean;
}

/** Makes `text` a condition's message: with a capital letter, and without the secrets of the URLs in it. */
export const sentence = (text: string): string => {
  const shown = redact(text);
  return shown.charAt(0).toUpperCase() + shown.slice(1);
};
