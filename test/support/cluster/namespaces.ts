/** The namespaces in which a node's processes live, and the starting of processes there. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { mark, type ProcessMark } from '../../../scripts/setup/process-mark.mjs';
import { start } from '../program.ts';
import { ClusterError } from './errors.ts';
import { killMarked } from './processes.ts';

const START_MILLISECONDS = 15_000;
const END_MILLISECONDS = 10_000;

/** Contains nothing from this process, whose proxy or cloud credentials could change what the programs do. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/nonexistent',
};

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

export class Namespaces {
  readonly folder: string;
  /** A process outside that is in the mount and network namespaces; they live as long as it does. */
  readonly keeper: ProcessMark;
  #child: ChildProcess;
  #ended: Promise<void>;
  #listeners = new Set<(error: ClusterError) => void>();
  #failure: ClusterError | null = null;
  #closing = false;

  private constructor(folder: string, child: ChildProcess) {
    this.folder = folder;
    this.#child = child;
    this.keeper = mark(child.pid as number);
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
  }

  /**
   * @param folder the run's; its subfolder `logs` gets each process's output
   * @throws {ClusterError} `NotPermitted` when the machine does not let this process make them
   */
  static async open(folder: string, signal?: AbortSignal): Promise<Namespaces> {
    mkdirSync(join(folder, 'logs'), { recursive: true });
    const flags = ['--mount', '--pid', '--net', '--ipc', '--fork', '--mount-proc', '--kill-child'];
    const init = join(import.meta.dirname, 'init.sh');
    const { child } = start('unshare', [...flags, 'bash', init, folder], {
      env: ENVIRONMENT,
      // A session of its own: Ctrl-C on the terminal is for this process, which then ends them in order.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const said: string[] = [];
    child.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text));
    // A write after the process has ended fails here; the listeners of 'close' report the end.
    child.stdin?.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const namespaces = new Namespaces(folder, child);
    try {
      await namespaces.#begin(said, signal);
    } catch (error) {
      await namespaces.close();
      throw error;
    }
    return namespaces;
  }

  async #begin(said: string[], signal?: AbortSignal): Promise<void> {
    const limit = AbortSignal.timeout(START_MILLISECONDS);
    const either = signal ? AbortSignal.any([signal, limit]) : limit;
    await new Promise<void>((resolve, reject) => {
      either.addEventListener('abort', () => reject(either.reason), { once: true });
      const lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
      lines.on('line', (line) => {
        if (line === 'ready') resolve();
        else this.#hear(line);
      });
      this.#child.once('close', (code) => {
        const cause = [...said, this.#failure?.message ?? '', `exit code ${code}`].join('\n').trim();
        const error = new ClusterError('NotPermitted', 'the namespaces of a node could not be kept', {
          cause,
          action: 'it takes root, and in a container also the right to make namespaces and to mount',
        });
        if (!this.#closing) this.#fail(error);
        reject(error);
      });
    });
  }

  /** Starts a process inside; its output goes to `logs/NAME.log`. */
  start(name: string, file: string, args: readonly string[]): void {
    this.#child.stdin?.write(`${name} ${[file, ...args].map(quote).join(' ')}\n`);
  }

  /**
   * Calls `listener` once when a process ends by itself, at once if one has.
   * Returns the function that stops that.
   */
  onFailure(listener: (error: ClusterError) => void): () => void {
    if (this.#failure) listener(this.#failure);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends every process inside and waits until all are gone: about 0.2 s. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#child.stdin?.end();
    const late = setTimeout(() => void killMarked(this.keeper), END_MILLISECONDS);
    try {
      if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#ended;
    } finally {
      clearTimeout(late);
    }
  }

  #hear(line: string): void {
    const [, name, code] = /^exit (\S+) (\d+)$/.exec(line) ?? [];
    const cause = name ? `exit code ${code}\n${tail(join(this.folder, 'logs', `${name}.log`))}` : line;
    const action = 'the lines above are its last ones';
    this.#fail(
      new ClusterError('ProcessEnded', `${name ?? 'a process'} of the node ended`, { cause, action }),
    );
  }

  #fail(error: ClusterError): void {
    if (this.#failure || this.#closing) return;
    this.#failure = error;
    for (const listener of this.#listeners) listener(error);
  }
}

/** The end of a log file, which may be long. */
export function tail(path: string, lines = 12): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (!size) return '(it printed nothing)';
  const part = Buffer.alloc(Math.min(size, 16_384));
  const file = openSync(path, 'r');
  try {
    readSync(file, part, 0, part.length, size - part.length);
  } finally {
    closeSync(file);
  }
  return part.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
}
