/** Time and chance as the operator sees them, so that tests can set both. */

export interface Clock {
  /** Monotonic, milliseconds. */
  now(): number;
  /** The date and time of day. */
  date(): Date;
  /** Runs `action` once, after `milliseconds`; returns what cancels it. */
  after(milliseconds: number, action: () => void): () => void;
  /** 0 <= x < 1 */
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after: (milliseconds, action) => {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Resolves after `milliseconds`, or rejects with the signal's reason as soon as it is aborted. */
export function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal?.aborted) {
    reject(signal.reason);
    return promise;
  }
  const onAbort = () => {
    cancel();
    reject(signal?.reason);
  };
  const cancel = clock.after(milliseconds, () => {
    signal?.removeEventListener('abort', onAbort);
    resolve();
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  return promise;
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

/**
 * Runs `work` with a signal that is aborted after `milliseconds`, with `why` as its error, or with `signal`.
 * Rejects with that error when the time was up, whatever `work` makes of it.
 */
export async function within<T>(
  clock: Clock,
  milliseconds: number,
  why: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const late = new AbortController();
  const cancel = clock.after(milliseconds, () => late.abort(new Error(why)));
  try {
    return await work(signal ? AbortSignal.any([signal, late.signal]) : late.signal);
  } catch (error) {
    throw late.signal.aborted ? late.signal.reason : error;
  } finally {
    cancel();
  }
}

/** A Date as the API server wants it in a MicroTime. */
export const microTime = (date: Date): string => date.toISOString().replace(/\.(\d{3})Z$/, '.$1000Z');
