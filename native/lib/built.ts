/** Where the files are that a build of the native core makes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Beside lib/ in the source tree, one folder further up when compiled to dist/lib/. */
const FOLDERS = ['..', join('..', '..')].map((up) => join(import.meta.dirname, up, 'build', 'Release'));

/**
 * @param name of a file of the build
 * @returns its absolute path, or undefined when it has not been built
 */
export function builtFile(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((file) => existsSync(file));
}
