#!/usr/bin/env node
// The sources are TypeScript that Node 24 runs as they are; an older Node hands over to the one that npm installed.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

if (major >= 24) {
  process.argv[1] = main;
  await import('../src/main.ts');
} else {
  const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `videopush: Node ${process.versions.node} is too old for this command\n  run \`npm run setup\` once in the project's folder; it installs Node 24 beside the project\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], {
    stdio: 'inherit',
    // Ctrl+C in a terminal reaches both processes: the command must take the one that is handed on for the same.
    env: { ...process.env, VIDEOPUSH_RELAYED: '1' },
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}
