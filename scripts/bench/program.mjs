/** Which program `npm run bench -- NAME [OPTION…]` runs. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repoRoot } from '../paths.mjs';

/** A file for each bench. */
export const benchFolder = join(repoRoot, 'test', 'bench');

/**
 * @param {string} name  of a bench
 * @param {string[]} options
 * @returns {[file: string, words: string[]]} the bench, or with `--against REF` what alternates
 *   with that commit
 */
export function programOf(name, options) {
  // Not strict: the program itself refuses what it does not know.
  const { values } = parseArgs({ args: options, strict: false, options: { against: { type: 'string' } } });
  if (values.against === undefined) return [join(benchFolder, `${name}.ts`), options];
  return [join(repoRoot, 'test', 'support', 'bench', 'against.ts'), [name, ...options]];
}
