/** `--claim NAME=DIR`: which folder stands for which PersistentVolumeClaim. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';

export function collectClaims(
  text: string,
  claims: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1)
    throw new InvalidArgumentError('write NAME=DIR, for example footage=./videos.');
  const folder = resolve(text.slice(at + 1));
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new InvalidArgumentError(`${folder} is not a folder.`);
  }
  return new Map(claims).set(text.slice(0, at), folder);
}
