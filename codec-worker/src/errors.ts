import type { NativeErrorShape } from '@videopush/native';

/**
 * An error of the worker itself, in the shape of the native ones: a stable code, one line of cause, one line
 * of advice. Codes: ConfigUnreadable, UrlMissing, ListenFailed, Internal; of the local runner:
 * ProgramMissing, StartTimeout, StartFailed.
 */
export class WorkerError extends Error implements NativeErrorShape {
  readonly code: string;
  readonly action: string;
  readonly permanent: boolean;

  constructor(
    code: string,
    message: string,
    options: { action?: string; permanent?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WorkerError';
    this.code = code;
    this.action = options.action ?? '';
    this.permanent = options.permanent ?? false;
  }
}

/** Any thrown value as code, message, action: native errors as they are, others as Internal. */
export function errorShape(error: unknown): NativeErrorShape {
  const { code, message, action, permanent } = (error ?? {}) as Partial<NativeErrorShape>;
  return {
    code: typeof code === 'string' ? code : 'Internal',
    message: typeof message === 'string' ? message : String(error),
    action: typeof action === 'string' ? action : '',
    permanent: permanent === true,
  };
}
