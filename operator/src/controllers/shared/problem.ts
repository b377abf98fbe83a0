/** What keeps a resource from being as it is asked for, as every kind's status says it. Pure. */

/** What keeps it, in the words of a condition. */
export interface Problem {
  reason: string;
  message: string;
  /** waiting does not help */
  stalled: boolean;
}

/** As a condition's message: with a capital letter. */
export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
