/** `npm run generate`: writes every generated file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repoRoot } from '../paths.mjs';
import { generateAll } from './all.mjs';

const { files, problems } = await generateAll();
for (const { source, target, text } of files) {
  mkdirSync(dirname(join(repoRoot, target)), { recursive: true });
  writeFileSync(join(repoRoot, target), text);
  console.log(`${target} made from ${source}`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
