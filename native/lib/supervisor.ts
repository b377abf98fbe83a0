/** The small program that restarts a stream's processes. Loads no native code. */
import { builtFiles } from './build-files.ts';

/** @returns the program's absolute path, or undefined when it has not been built */
export const builtSupervisor = (): string | undefined => builtFiles('videopush-supervisor')[0];
