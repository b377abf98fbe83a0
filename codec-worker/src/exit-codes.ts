/**
 * Exit codes of a role process; the supervisor passes 0, 64 and everything after a signal on, and restarts
 * the rest: after `reload` at once and without counting a failure.
 */
export const EXIT = {
  /** Encoder: everything was sent. Decoder: asked to stop after the source had ended. */
  done: 0,
  /** Wrong command line. */
  usage: 64,
  /** A defect of this program; the supervisor starts it again. */
  internal: 70,
  /**
   * Ended in order, because the configuration has changed;
   * native/src/supervisor/exit_codes.h knows the number.
   */
  reload: 75,
  /**
   * Stopped by a signal before everything was done: 128 + the signal, so that a
   * Job does not count as complete.
   */
  stopped: { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 },
} as const;

export type StopSignal = keyof typeof EXIT.stopped;
