/**
 * `npm run bench -- NAME [OPTION…]`: runs test/bench/NAME.ts; without a name it lists them. With
 * `--against REF` it alternates with a build of another commit and prints the figures of both.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../paths.mjs';
import { runTypeScript } from '../run-typescript.mjs';
import { setUp } from '../setup/child.mjs';

const folder = join(repoRoot, 'test', 'bench');
const against = join(repoRoot, 'test', 'support', 'bench', 'against.ts');
const [name, ...options] = process.argv.slice(2);
const file = name && /^[a-z][a-z0-9-]*$/.test(name) ? join(folder, `${name}.ts`) : null;

if (!name || file === null || !existsSync(file)) {
  const names = readdirSync(folder)
    .filter((entry) => entry.endsWith('.ts'))
    .map((entry) => entry.slice(0, -'.ts'.length));
  console.error(`${name ? `There is no bench ${name}.` : 'Which bench?'} There are: ${names.join(', ')}.`);
  console.error('For example: npm run bench -- pacing');
  process.exitCode = 2;
} else {
  process.exitCode = await setUp('test');
  if (process.exitCode === 0) {
    const [program, words] = options.includes('--against') ? [against, [name, ...options]] : [file, options];
    process.exitCode = await runTypeScript(program, words);
  }
}
