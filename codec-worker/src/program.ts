/** Where the worker's program is, for whoever starts its processes. */
import { extname, join } from 'node:path';

/** Absolute path of the file that a process of a stream runs, beside this one and in the same form as it. */
export const WORKER_PROGRAM = join(import.meta.dirname, `main${extname(import.meta.filename)}`);
