/** Short-lived commands: their output, bounded in time, ended with the caller's signal. */
import { once } from 'node:events';
import { basename } from 'node:path';
import { start } from '../program.ts';
import { ClusterError } from './errors.ts';

export interface CommandOptions {
  /** Standard input; default none. */
  input?: string;
  /** Default 60 s; then it is killed and counts as failed. */
  limitMilliseconds?: number;
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
}

/** Enough for any message; a command that prints without end must not fill the memory. */
const MAX_ERROR_CHARACTERS = 16_384;

/**
 * Runs a program to its end. Returns its standard output.
 * @throws {ClusterError} `CommandFailed`, `TimedOut`, `ToolMissing`; the signal's reason when it was aborted
 */
export async function execute(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { input, limitMilliseconds = 60_000, signal, env = process.env } = options;
  signal?.throwIfAborted();
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const { child, ended } = start(file, args, { env, stdio: [stdin, 'pipe', 'pipe'] });
  const closed = once(child, 'close').catch(() => {}); // `ended` reports why it could not be started
  const name = `${basename(file)} ${args.slice(0, 4).join(' ')}`;
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, limitMilliseconds);
  const abort = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', abort, { once: true });
  const [output, errors]: [string[], string[]] = [[], []];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  // A program that ends before it has read everything says why by its exit code.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  try {
    const { code } = await ended;
    await closed;
    signal?.throwIfAborted();
    if (code === 0) return output.join('');
    const said = `${errors.join('')}${output.join('')}`.trim().slice(-MAX_ERROR_CHARACTERS);
    throw new ClusterError(late ? 'TimedOut' : 'CommandFailed', `${name} failed`, {
      cause: late ? `not done in ${limitMilliseconds} ms\n${said}` : said || `exit code ${code}`,
      action: 'the lines above are its own',
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ClusterError('ToolMissing', `${file} cannot be started`, {
      cause: 'it does not exist',
      action: 'run `npm run setup -- --for test`',
    });
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener('abort', abort);
  }
}
