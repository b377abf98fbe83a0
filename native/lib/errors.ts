import type { NativeErrorShape } from './types.ts';

/** Details beside the message; see {@link NativeErrorShape}. */
export interface NativeErrorDetails {
  code: string;
  action?: string;
  permanent?: boolean;
  averror?: number;
}

/**
 * Every failure of this package. `message` says what failed and why, `action` what to do about it (''
 * when there is nothing to advise), `code` is stable and is what programs compare (ErrorCode in
 * native/src/core/error.h), `permanent` is true when trying again without a change cannot help,
 * `averror` is FFmpeg's number or 0.
 */
export class NativeError extends Error implements NativeErrorShape {
  override readonly name = 'NativeError';
  readonly code: string;
  readonly action: string;
  readonly permanent: boolean;
  readonly averror: number;

  constructor(message: string, details: NativeErrorDetails) {
    super(message);
    this.code = details.code;
    this.action = details.action ?? '';
    this.permanent = details.permanent ?? false;
    this.averror = details.averror ?? 0;
  }

  /** Makes an error from the plain object that snapshots carry. */
  static from(shape: NativeErrorShape): NativeError {
    return new NativeError(shape.message, shape);
  }
}

export function invalidArgument(message: string, action = ''): NativeError {
  return new NativeError(message, { code: 'InvalidArgument', action, permanent: true });
}

export function invalidState(message: string, action = ''): NativeError {
  return new NativeError(message, { code: 'InvalidState', action, permanent: true });
}
