/** `npm run demo`: sets up what is missing, then pushes real footage and shows how well it went. */
import { join } from 'node:path';
import { repoRoot } from './paths.mjs';
import { runTypeScript } from './run-typescript.mjs';
import { setUp } from './setup/run-setup.mjs';

process.exitCode = await setUp('demo');
if (process.exitCode === 0) {
  process.exitCode = await runTypeScript(join(repoRoot, 'cli', 'src', 'demo.ts'), process.argv.slice(2));
}
