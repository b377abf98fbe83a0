// Installed, the command is compiled JavaScript. In a checkout it is TypeScript that Node 24 runs as it is,
// and an older Node hands over to the one that the set-up installed.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const [major = 0] = process.versions.node.split('.').map(Number);
const path = (/** @type {string} */ relative) => fileURLToPath(new URL(relative, import.meta.url));
const sources = path('../src/main.ts');
/** Under it, packages of the workspace are their sources; npm sets it for what it starts. */
const condition = '--conditions=videopush-source';

/** @param {string} sentence */
function refuse(sentence) {
  process.stderr.write(`videopush: ${sentence}\n`);
  process.exitCode = 1;
}

/**
 * Runs the command. What it imports first is the native addon, whose own errors say what to do when it is
 * missing or does not load.
 * @param {URL} main
 */
async function run(main) {
  try {
    await import(main.href);
  } catch (error) {
    const { message, action } = /** @type {Error & { action?: string }} */ (error);
    if (action === undefined) throw error;
    refuse(`${message}\n  ${action}`);
  }
}

/** Runs the sources in a process of Node 24. */
function handOver() {
  const node = major >= 24 ? process.execPath : path('../../node_modules/.bin/node');
  if (!existsSync(node)) {
    refuse(
      `Node ${process.versions.node} is too old for this checkout; run \`npm run setup\` once in its folder, which installs Node 24 there`,
    );
    return;
  }
  const child = spawn(node, [condition, sources, ...process.argv.slice(2)], {
    stdio: 'inherit',
    // Ctrl+C in a terminal reaches both processes: the command must take the one
    // that is handed on for the same.
    env: { ...process.env, VIDEOPUSH_RELAYED: '1' },
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}

if (existsSync(sources)) {
  if (major >= 24 && process.env.NODE_OPTIONS?.includes(condition)) {
    process.argv[1] = sources;
    await run(new URL('../src/main.ts', import.meta.url));
  } else {
    handOver();
  }
} else {
  await run(new URL('../dist/main.js', import.meta.url));
}
