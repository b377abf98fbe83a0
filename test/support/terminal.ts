/** A command on its own terminal, which takes keys and returns the text of the screen. */
import { PassThrough } from 'node:stream';
import { Program } from './program.ts';

export interface TerminalOptions {
  columns?: number;
  rows?: number;
  /** A later change of the window's size. */
  resize?: { afterSeconds: number; columns: number; rows: number };
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  limitMilliseconds?: number;
}

/**
 * As a terminal changes it, both numbers by one TIOCSWINSZ (ioctl_tty(2)); stty makes two changes, and each
 * brings a SIGWINCH.
 */
const setWindow = (rows: number, columns: number): string =>
  `perl -e '$size = pack("S4", ${rows}, ${columns}, 0, 0); ioctl(STDIN, 0x5414, $size) or die' < /dev/tty`;

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** `script` of util-linux gives the terminal, whose foreground group the command becomes. */
export class Terminal {
  readonly program: Program;
  readonly #keys = new PassThrough();

  constructor(command: string, args: readonly string[], options: TerminalOptions = {}) {
    const { columns = 100, rows = 30, resize, cwd, env, limitMilliseconds } = options;
    const words = [command, ...args].map(quote).join(' ');
    const later = resize && `(sleep ${resize.afterSeconds}; ${setWindow(resize.rows, resize.columns)}) & `;
    const line = `stty cols ${columns} rows ${rows}; ${later ?? ''}exec ${words}`;
    this.program = new Program('script', ['-qefc', line, '/dev/null'], {
      ...(cwd === undefined ? {} : { cwd }),
      ...(limitMilliseconds === undefined ? {} : { limitMilliseconds }),
      env: { ...(env ?? process.env), SHELL: '/bin/sh', TERM: 'xterm-256color' },
      stdin: this.#keys,
    });
  }

  press(keys: string): void {
    this.#keys.write(keys);
  }

  /** Ctrl+C: the terminal sends SIGINT to every process of its foreground group. */
  interrupt(): void {
    this.press('\x03');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}
