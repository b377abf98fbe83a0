/** Closes resources when this process gets a signal to end. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Closes on a signal, and then lets the signal do what it would have done without this.
 * Returns the function that forgets it.
 */
export function closeOnSignals(close: () => Promise<void>): () => void {
  const listener = (signal: NodeJS.Signals) => {
    forget();
    void close()
      .catch((error: unknown) => console.error(error instanceof Error ? error.message : error))
      .finally(() => {
        // Another listener has its own end in mind; without one, the default is to end by the signal.
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      });
  };
  const forget = () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return forget;
}
