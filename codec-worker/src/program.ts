/** Where the worker's program is, for whoever starts its processes. */
import { extname, join } from 'node:path';

/**
 * Options of Node for such a process, in megabytes. Its pictures lie outside of V8's heap, which holds a few
 * megabytes of state: without bounds V8 lets that grow to many times as much before it collects.
 */
export const WORKER_NODE_OPTIONS = ['--max-semi-space-size=1', '--max-old-space-size=128'] as const;

/** Absolute path of the file that a process of a stream runs, beside this one and in the same form as it. */
export const WORKER_PROGRAM = join(import.meta.dirname, `main${extname(import.meta.filename)}`);
