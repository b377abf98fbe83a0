/**
 * The entry point: `node main.ts --config FILE` (process.ts does the work). Compiled code is kept in the
 * user's cache, which halves the start of the next process: a stream waits for that one whenever a role is
 * started again. An image has its own beside this file, made when it was built. A cache that cannot be
 * written, as in a container with a read-only root, is done without.
 */
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const base = process.env.XDG_CACHE_HOME ?? '';
const own = join(import.meta.dirname, 'compiled');
const users = join(isAbsolute(base) ? base : join(homedir(), '.cache'), 'videopush', 'compiled');
enableCompileCache(existsSync(own) ? own : users);
await import('./process.ts');
