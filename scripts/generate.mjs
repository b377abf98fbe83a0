/** `npm run generate`: writes the types that are made from crds/*.yaml. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateTypes } from './lint/generated.mjs';
import { repoRoot } from './paths.mjs';

for (const { source, target, text } of await generateTypes()) {
  mkdirSync(dirname(join(repoRoot, target)), { recursive: true });
  writeFileSync(join(repoRoot, target), text);
  console.log(`${target} made from ${source}`);
}
