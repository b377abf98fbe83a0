/** Files with manifests, read and checked; what is wrong with one begins with the file's name. */
import { readFileSync } from 'node:fs';
import { type Manifest, type Place, readManifests } from '@videopush/resources';
import { describe, usageError } from './errors.ts';

/**
 * The documents of a file, or of standard input for `-`, as they can run in `place`. `onIgnored` hears of
 * kinds that this program does nothing with.
 * @throws CliError with exit code 2: `FILE: FIELD: what is wrong`
 */
export function readManifestFile(file: string, place: Place, onIgnored: (kind: string) => void): Manifest[] {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw usageError(
      `${file} can't be read: ${(error as Error).message}`,
      'name manifest files, or - for standard input',
    );
  }
  try {
    const { manifests, ignored } = readManifests(text, place);
    for (const kind of ignored) onIgnored(kind);
    return manifests;
  } catch (error) {
    throw usageError(
      `${file}: ${describe(error).message}`,
      'correct the manifest; docs/fields.md lists every field',
    );
  }
}
