/** `npm run format`: formats TypeScript, JavaScript and JSON with Biome, C++ with the pinned clang-format. */
import { join } from 'node:path';
import { runSync } from './child.mjs';
import { childEnvironment, repoRoot, sourceFiles } from './paths.mjs';
import { carriedCurrent, fetchCarried, formatter } from './setup/pypi.mjs';

if (!carriedCurrent(formatter)) await fetchCarried(formatter);
const cpp = sourceFiles().filter((file) => /^native\/.*\.(cc|h)$/.test(file));
/** @type {[string, string[]][]} */
const commands = [
  [formatter.target, ['-i', ...cpp]],
  [join(repoRoot, 'node_modules', '.bin', 'biome'), ['check', '--write', '.']],
];
for (const [file, args] of commands) {
  const { code } = runSync(file, args, { cwd: repoRoot, env: childEnvironment(), stdio: 'inherit' });
  if (code !== 0) process.exitCode = 1;
}
