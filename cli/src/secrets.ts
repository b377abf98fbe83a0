/**
 * What this command may print: secrets of its addresses and manifests are hidden in everything that it says.
 */
import { redactor } from '@videopush/resources/secrets';

let hide = redactor([]);
const kept: string[] = [];

/** Hides these secrets in all later lines, also outside of URLs. */
export function hideSecrets(...secrets: readonly (string | undefined)[]): void {
  kept.push(...secrets.filter((secret) => secret !== undefined));
  hide = redactor(kept);
}

/** The text without secrets. */
export const withoutSecrets = (text: string): string => hide(text);
