/** What an API server's refusal means to its caller. */

/** The body of a refusal: meta/v1 Status. */
export interface Status {
  code?: number;
  reason?: string;
  message?: string;
  details?: { retryAfterSeconds?: number; causes?: { field?: string }[] };
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** of HTTP */
  readonly code: number;
  /**
   * Kubernetes' word for it, such as NotFound, AlreadyExists, Conflict, Invalid, Expired;
   * empty when it gave none
   */
  readonly reason: string;
  /** what is wrong with what was sent, such as spec.replicas */
  readonly fields: readonly string[];
  /** milliseconds that the server asks to wait; 0 when it does not */
  readonly retryAfter: number;

  constructor(doing: string, code: number, status: Status = {}, retryAfterHeader?: string | null) {
    super(`${doing}: ${status.message ?? `the API server answered ${code}`}`);
    this.code = code;
    this.reason = status.reason ?? '';
    this.fields = status.details?.causes?.flatMap(({ field }) => field ?? []) ?? [];
    const seconds = Number(retryAfterHeader ?? status.details?.retryAfterSeconds ?? 0);
    this.retryAfter = Number.isFinite(seconds) ? Math.max(0, seconds) * 1000 : 0;
  }
}

const isApiError = (error: unknown, code: number): error is ApiError =>
  error instanceof ApiError && error.code === code;

export const isNotFound = (error: unknown): boolean => isApiError(error, 404);
/** Somebody else wrote in between, or made an object of that name. */
export const isConflict = (error: unknown): boolean => isApiError(error, 409);
/** What was meant by its uid is gone, and there is another object of its name: a uid cannot be changed. */
export const isOtherObject = (error: unknown): boolean =>
  isApiError(error, 422) && error.fields.includes('metadata.uid');
/** The resource version is too old to go on from: list again. */
export const isGone = (error: unknown): boolean => isApiError(error, 410);
