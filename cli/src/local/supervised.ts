/** Programs under the small supervisor, which also ends them when this process is gone. */
import { readFileSync } from 'node:fs';
import { Program } from './program.ts';
import { supervisorProgram } from './programs.ts';

/** Options of the supervisor; times in seconds. */
export interface Supervision {
  minDelay?: number;
  maxDelay?: number;
  healthy?: number;
  failures?: number;
  window?: number;
}

/** What the supervisor keeps in its state file. */
export interface SupervisorState {
  version: 1;
  phase: 'running' | 'waiting' | 'stopping' | 'ended';
  supervisor: number;
  /** Process id of what it runs; null while there is none. */
  child: number | null;
  /** Number of restarts after failures. */
  restarts: number;
  /** Number of restarts after changes of the configuration. */
  reloads: number;
  lastExit: { code: number; signal: string | null } | null;
}

const FLAGS: Record<keyof Supervision, string> = {
  minDelay: '--min-delay',
  maxDelay: '--max-delay',
  healthy: '--healthy',
  failures: '--failures',
  window: '--window',
};

export interface SupervisedOptions {
  command: readonly string[];
  stateFile: string;
  supervision?: Supervision;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  onLine: (line: string) => void;
}

export function startSupervised(options: SupervisedOptions): Promise<Program> {
  const flags = Object.entries(options.supervision ?? {}).flatMap(([name, value]) => [
    FLAGS[name as keyof Supervision],
    String(value),
  ]);
  const own = ['--state', options.stateFile, '--parent', String(process.pid), ...flags];
  return Program.start({
    command: supervisorProgram(),
    arguments: [...own, '--', ...options.command],
    cwd: options.cwd,
    env: options.env,
    onLine: options.onLine,
  });
}

/** null before the supervisor has written it. */
export function readSupervisorState(file: string): SupervisorState | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SupervisorState;
  } catch {
    return null;
  }
}
