/** Errors as a person reads them: one line that says what failed and why, one that says what to do. */
import { withoutSecrets } from './secrets.ts';

/** Exit codes of the command. 0 = the ledger is clean, or lost only what the policy allowed. */
export const ExitCode = {
  Ok: 0,
  /** frames were lost, the command was ended at once, or something unforeseen failed */
  Failed: 1,
  /** the command line or a manifest is wrong */
  Usage: 2,
  /** the source could not be opened or read to its end */
  Source: 3,
  /** the output could not be reached, ended the push or was down at its end, or nothing was sent */
  Output: 4,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly action: string;
  /** stable name for programs, e.g. "ConnectRefused" */
  readonly code: string;

  constructor(message: string, options: { action?: string; exitCode?: ExitCode; code?: string } = {}) {
    super(message);
    this.action = options.action ?? '';
    this.exitCode = options.exitCode ?? ExitCode.Failed;
    this.code = options.code ?? 'Failed';
  }
}

/** A mistake on the command line or in a manifest. */
export function usageError(message: string, action = ''): CliError {
  return new CliError(message, { action, exitCode: ExitCode.Usage, code: 'Usage' });
}

interface Described {
  message: string;
  action: string;
  code: string;
  exitCode: ExitCode;
}

/** Whatever was thrown, in the four things a person or a program needs of it. */
export function describe(error: unknown): Described {
  if (error instanceof CliError) return error;
  if (error instanceof Error) {
    const { code, action } = error as Error & { code?: unknown; action?: unknown };
    return {
      message: error.message,
      action: typeof action === 'string' ? action : '',
      code: typeof code === 'string' ? code : 'Internal',
      exitCode: ExitCode.Failed,
    };
  }
  return { message: String(error), action: '', code: 'Internal', exitCode: ExitCode.Failed };
}

/** "videopush: cause" and, where there is advice, an indented line with it. */
export function formatError(error: unknown): string {
  const { message, action } = describe(error);
  return withoutSecrets(action ? `videopush: ${message}\n  ${action}` : `videopush: ${message}`);
}

/** The same error, ending the command with the exit code of a source that failed. */
export function sourceFailure(error: unknown): CliError {
  const { message, action, code } = describe(error);
  return new CliError(message, { action, code, exitCode: ExitCode.Source });
}
