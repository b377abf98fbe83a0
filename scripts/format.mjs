/** `npm run format`: formats TypeScript, JavaScript and JSON with Biome, C++ with the pinned clang-format. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
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
  const { status } = spawnSync(file, args, { cwd: repoRoot, env: childEnvironment(), stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
