/** Ctrl+C: once for an orderly end, twice to end at once. */
import { ExitCode } from './errors.ts';
import type { View } from './view/view.ts';

const NAMES = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * One Ctrl+C may reach this process from the terminal and, this much later at most, from its parent;
 * milliseconds.
 */
const RELAY_MS = 250;

/**
 * npm, which runs `npx`, and the hand-over of an older Node pass signals on, and stand in the terminal's
 * process group together with this process. Started by a shell, each signal is one that somebody meant.
 */
const relayed = (): boolean =>
  process.env.VIDEOPUSH_RELAYED !== undefined || process.env.npm_command !== undefined;

/** What a command asks whether it should end. */
export interface StopRequest {
  /** aborted by the first Ctrl+C */
  signal: AbortSignal;
  /** gives the signals back to the system */
  release: () => void;
}

/**
 * Listens from now on: the first signal asks for an orderly end, and `onStop` may say so;
 * the second ends the process.
 */
export function listenForStop(onStop: () => void): StopRequest {
  const stop = new AbortController();
  let first = 0;
  const handle = (): void => {
    const now = performance.now();
    if (!stop.signal.aborted) {
      first = now;
      stop.abort();
      onStop();
    } else if (!relayed() || now - first > RELAY_MS) {
      process.exit(ExitCode.Failed);
    }
  };
  for (const name of NAMES) process.on(name, handle);
  const release = (): void => {
    for (const name of NAMES) process.off(name, handle);
  };
  return { signal: stop.signal, release };
}

/** The same, saying in the view how to end at once. */
export function listenForStopIn(view: View): StopRequest {
  return listenForStop(() =>
    view.say('stopping: what is queued is still sent; Ctrl+C again ends at once', { type: 'stopping' }),
  );
}
