#!/usr/bin/env node
// Looks at Node's version before it imports anything, since an older Node fails at what is behind with a
// message about syntax. A checkout runs with any Node: it hands over to its own.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const installed = import.meta.url.includes('/node_modules/');

if (installed && (major < 22 || (major === 22 && minor < 12))) {
  process.stderr.write(
    `videopush: this command needs Node 22.12 or newer, and this is Node ${process.versions.node}; install a newer Node.\n`,
  );
  process.exitCode = 1;
} else {
  import('./start.mjs');
}
