/**
 * `npm run bench -- NAME [OPTION…]`: runs test/bench/NAME.ts; without a name it lists them. With
 * `--against REF` it alternates with a build of another commit and prints the figures of both.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runTypeScript } from '../run-typescript.mjs';
import { setUp } from '../setup/run-setup.mjs';
import { benchFolder, programOf } from './program.mjs';

const [name, ...options] = process.argv.slice(2);

if (!name || !/^[a-z][a-z0-9-]*$/.test(name) || !existsSync(join(benchFolder, `${name}.ts`))) {
  const names = readdirSync(benchFolder)
    .filter((entry) => entry.endsWith('.ts'))
    .map((entry) => entry.slice(0, -'.ts'.length));
  console.error(
    `${name ? `Bench ${name} does not exist.` : 'Which bench?'} The benches are: ${names.join(', ')}.`,
  );
  console.error('For example: npm run bench -- pacing');
  process.exitCode = 2;
} else {
  process.exitCode = await setUp('test');
  if (process.exitCode === 0) process.exitCode = await runTypeScript(...programOf(name, options));
}
