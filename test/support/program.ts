/**
 * Child processes of the tests: the one place from which they start any. A Program collects its
 * output, lets a test wait for a line, and ends with the test. Processes are only ever ended by
 * the id that this module started.
 */
import {
  type ChildProcess,
  type SpawnOptions,
  type SpawnSyncOptions,
  type StdioOptions,
  spawn,
  spawnSync,
} from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface ProgramOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Bytes for standard input; a stream is piped, nothing = /dev/null. */
  stdin?: NodeJS.ReadableStream;
  /** Standard output goes to this file instead of the line collector. */
  stdoutFile?: string;
  /** Ended with SIGKILL after this long; 0 = never. Default 120 s. */
  limitMilliseconds?: number;
  /** How much of each stream is kept for messages, in lines. Default 2,000. */
  keepLines?: number;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Output that a program may print before it counts as failed, in bytes. */
const MAX_OUTPUT = 64 * 1024 * 1024;

/** Starts a program. `ended` rejects when it cannot be started, and resolves with its end. */
export function start(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): { child: ChildProcess; ended: Promise<Exit> } {
  const child = spawn(command, args, options);
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  ended.catch(() => {}); // for callers that use the process alone
  return { child, ended };
}

/** Runs a program to its end and blocks meanwhile. @throws when it cannot be started, or takes too long */
export function runSync(
  command: string,
  args: readonly string[],
  options: Omit<SpawnSyncOptions, 'encoding'> = {},
): { code: number | null; pid: number; stdout: string; stderr: string } {
  const { status, pid, stdout, stderr, error } = spawnSync(command, args, {
    maxBuffer: MAX_OUTPUT,
    ...options,
    encoding: 'utf8',
  });
  if (error) throw error;
  return { code: status, pid, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/** The standard output of a short command without the line end. @throws when it fails */
export function outputOf(
  command: string,
  args: readonly string[],
  options: Omit<SpawnSyncOptions, 'encoding'> = {},
): string {
  const { code, stdout, stderr } = runSync(command, args, options);
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')}: exit code ${code}\n${stderr}`);
  return stdout.trimEnd();
}

type LineListener = (line: string, stream: 'stdout' | 'stderr') => void;

/** A program that was started; `await using` ends it with the scope. */
export class Program {
  readonly child: ChildProcess;
  readonly command: string;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  /** Resolves once the process ended and its output was read; never rejects. */
  readonly exited: Promise<Exit>;
  exit: Exit | null = null;
  #listeners = new Set<LineListener>();
  #failure: Error | null = null;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.command = [command, ...args].join(' ');
    const stdio: StdioOptions = [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'];
    const { child, ended } = start(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio,
    });
    this.child = child;
    const keep = options.keepLines ?? 2000;
    const ends: Promise<unknown>[] = [];
    if (options.stdoutFile !== undefined && this.child.stdout) {
      const file = createWriteStream(options.stdoutFile);
      this.child.stdout.pipe(file);
      ends.push(once(file, 'close'));
    } else {
      ends.push(this.#collect('stdout', keep));
    }
    ends.push(this.#collect('stderr', keep));
    if (options.stdin && this.child.stdin) {
      // A program may stop reading its input early; its exit code shows whether that is an error.
      this.child.stdin.on('error', () => {});
      options.stdin.pipe(this.child.stdin);
    }
    const limit = options.limitMilliseconds ?? 120_000;
    const timer = limit > 0 ? setTimeout(() => this.child.kill('SIGKILL'), limit) : undefined;
    this.exited = ended.then(
      async (exit) => {
        clearTimeout(timer);
        await Promise.allSettled(ends);
        this.exit = exit;
        return exit;
      },
      (error) => {
        clearTimeout(timer);
        this.#failure = error;
        this.exit = { code: null, signal: null };
        return this.exit;
      },
    );
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`could not start: ${this.command}: ${this.#failure}`);
    return this.child.pid;
  }

  /** Calls `listener` with every further line. Returns the function that ends that. */
  onLine(listener: LineListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The first line, past or coming, that `matches`. Fails when the program ends or the limit passes first.
   */
  async waitForLine(
    matches: RegExp | ((line: string) => boolean),
    limitMilliseconds = 20_000,
  ): Promise<string> {
    const test = matches instanceof RegExp ? (line: string) => matches.test(line) : matches;
    const seen = [...this.stdout, ...this.stderr].find(test);
    if (seen !== undefined) return seen;
    return new Promise<string>((resolve, reject) => {
      const finish = (action: () => void) => {
        clearTimeout(timer);
        stop();
        action();
      };
      const stop = this.onLine((line) => {
        if (test(line)) finish(() => resolve(line));
      });
      const timer = setTimeout(
        () =>
          finish(() =>
            reject(new Error(`no line like ${matches} in ${limitMilliseconds} ms\n${this.tail()}`)),
          ),
        limitMilliseconds,
      );
      void this.exited.then(() =>
        finish(() => reject(new Error(`ended before a line like ${matches}\n${this.tail()}`))),
      );
    });
  }

  /** Resolves with the exit; fails, and kills the program, when it takes longer. */
  async waitForExit(limitMilliseconds: number): Promise<Exit> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.child.kill('SIGKILL');
        reject(new Error(`still running after ${limitMilliseconds} ms\n${this.tail()}`));
      }, limitMilliseconds);
    });
    try {
      return await Promise.race([this.exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  signal(name: NodeJS.Signals): void {
    if (this.exit === null) this.child.kill(name);
  }

  /** SIGTERM, then SIGKILL after the limit. */
  async stop(limitMilliseconds = 5_000): Promise<Exit> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), limitMilliseconds);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  /** The command, its outcome and its last lines, for a failure message. */
  tail(lines = 25): string {
    const outcome = this.exit ? `code ${this.exit.code}, signal ${this.exit.signal}` : 'running';
    return [
      `$ ${this.command}  (${outcome})`,
      ...this.stdout.slice(-lines).map((line) => `  out| ${line}`),
      ...this.stderr.slice(-lines).map((line) => `  err| ${line}`),
    ].join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.exit === null) {
      this.signal('SIGCONT');
      await this.stop(3_000);
    }
  }

  async #collect(name: 'stdout' | 'stderr', keep: number): Promise<void> {
    const input = this.child[name];
    if (!input) return;
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      this[name].push(line);
      if (this[name].length > keep) this[name].splice(0, this[name].length - keep);
      for (const listener of [...this.#listeners]) listener(line, name);
    }
  }
}

/** Runs a program to its end; fails with its last lines when it does not exit with 0. */
export async function run(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Program> {
  const program = new Program(command, args, options);
  const exit = await program.exited;
  if (exit.code !== 0) throw new Error(program.tail());
  return program;
}
