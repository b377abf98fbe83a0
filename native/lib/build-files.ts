/** Where the files are that a build of the native core makes. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Beside lib/ in the source tree, and beside dist/ in the published package. */
const PACKAGE = join(import.meta.dirname, '..');

/**
 * The folders that may hold the build: what was compiled here, then what was compiled elsewhere, for
 * one version of FFmpeg each.
 */
function folders(): string[] {
  const prebuilds = join(PACKAGE, 'prebuilds', `${process.platform}-${process.arch}`);
  const prebuilt = existsSync(prebuilds) ? readdirSync(prebuilds).sort() : [];
  return [join(PACKAGE, 'build', 'Release'), ...prebuilt.map((name) => join(prebuilds, name))];
}

/**
 * @param name of a file of the build
 * @returns its absolute paths, the one that was compiled here first; empty when it has not been built
 */
export function builtFiles(name: string): string[] {
  return folders()
    .map((folder) => join(folder, name))
    .filter((file) => existsSync(file));
}
