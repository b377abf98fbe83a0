/** A child process that is stopped for certain: lines of its output, its end, signals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { WorkerError } from '@videopush/codec-worker';

/** How a process ended: by code, or by signal. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  command: string;
  arguments: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Each line of standard output and standard error. */
  onLine: (line: string) => void;
}

export class Program {
  /** Resolves at the end of the process, when its output was read. */
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  #ending: Ending | null = null;
  #stopping: Promise<Ending> | null = null;

  private constructor(child: ChildProcess, onLine: (line: string) => void) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
    }
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#ending = { code, signal };
        resolve(this.#ending);
      });
    });
  }

  /**
   * Starts in a session of its own: the terminal's Ctrl-C reaches only who started it.
   * @throws WorkerError ProgramMissing when it cannot be run
   */
  static async start({ command, arguments: args, cwd, env, onLine }: ProgramOptions): Promise<Program> {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const program = new Program(child, onLine);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => {
        reject(
          new WorkerError('ProgramMissing', `cannot run ${command}: ${error.message}`, {
            action: 'run: npm run setup',
            permanent: true,
            cause: error,
          }),
        );
      });
    });
    return program;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** null while it runs. */
  get ending(): Ending | null {
    return this.#ending;
  }

  signal(name: NodeJS.Signals): void {
    if (this.#ending === null) this.#child.kill(name);
  }

  /**
   * SIGTERM, after the grace period once more, at last SIGKILL. Resolves with the end, which always comes.
   * Asked again it waits with the first: a second SIGTERM would cut the orderly end short.
   */
  stop(graceSeconds: number): Promise<Ending> {
    this.#stopping ??= this.#stop(graceSeconds);
    return this.#stopping;
  }

  async #stop(graceSeconds: number): Promise<Ending> {
    for (const [name, seconds] of [
      ['SIGTERM', graceSeconds],
      ['SIGTERM', 2],
    ] as const) {
      this.signal(name);
      if (await this.#endsWithin(seconds)) break;
    }
    this.signal('SIGKILL');
    return await this.ended;
  }

  async #endsWithin(seconds: number): Promise<boolean> {
    const over = new AbortController();
    const late = delay(seconds * 1000, false, { signal: over.signal }).catch(() => false);
    const inTime = await Promise.race([this.ended.then(() => true), late]);
    over.abort();
    return inTime;
  }
}
