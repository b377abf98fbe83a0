/**
 * One connection to the NATS server after another. A connection is never repaired:
 * what runs on it begins again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { WorkerError } from '../../errors.ts';
import { queueFault } from './errors.ts';

/** Milliseconds. */
const TIMES = { connect: 5000, ping: 5000, retryFirst: 250, retryMax: 5000 };

export interface LinkOptions {
  address: string;
  /** Shown in the server's list of connections. */
  name: string;
  /** Called when something keeps the queue from working, with null when it works. */
  onFault: (fault: WorkerError | null) => void;
  random?: () => number;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #stop = new AbortController();
  #connection: NatsConnection | null = null;
  #fault: WorkerError | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#connection !== null && !this.#connection.isClosed();
  }

  get fault(): WorkerError | null {
    return this.#fault;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** What runs is to end by itself; no further connection is made. */
  stop(): void {
    this.#stop.abort();
  }

  /** Ends at once: what waits for an answer fails. */
  async cut(): Promise<void> {
    this.stop();
    await this.#connection?.close().catch(() => {});
  }

  /** All is well again. */
  clear(): void {
    this.#report(null);
  }

  /** Reports what does not end the connection. */
  report(error: unknown): void {
    this.#report(queueFault(this.#options.address, error));
  }

  /**
   * Runs `serve` on a connection, and on the next one when that fails, until it returns or `stop` is called.
   */
  async run(serve: (connection: NatsConnection) => Promise<void>): Promise<void> {
    const { random = Math.random } = this.#options;
    let wait = TIMES.retryFirst;
    while (!this.signal.aborted) {
      const began = performance.now();
      try {
        this.#connection = await this.#connect();
        await serve(this.#connection);
        return;
      } catch (error) {
        if (this.signal.aborted) return;
        this.report(error);
      } finally {
        await this.#connection?.close().catch(() => {});
        this.#connection = null;
      }
      if (performance.now() - began > TIMES.retryMax) wait = TIMES.retryFirst;
      await this.pause(wait * (1 + 0.5 * random()));
      wait = Math.min(wait * 2, TIMES.retryMax);
    }
  }

  /** Sleeps, unless a stop comes. */
  async pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.signal }).catch(() => {});
  }

  /** @throws what the connection failed with, or the reason of the stop */
  async #connect(): Promise<NatsConnection> {
    const connecting = this.#dial();
    const { signal } = this;
    const stopped = Promise.withResolvers<never>();
    const stop = (): void => stopped.reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await Promise.race([connecting, stopped.promise]);
    } catch (error) {
      // The client can't be made to give up: what it still brings is closed.
      void connecting.then((late) => late.close()).catch(() => {});
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #dial(): Promise<NatsConnection> {
    const { address, name } = this.#options;
    return connect({
      servers: address,
      name,
      reconnect: false,
      timeout: TIMES.connect,
      pingInterval: TIMES.ping,
      maxPingOut: 2,
      tls: address.startsWith('tls://') ? {} : null,
    });
  }

  #report(fault: WorkerError | null): void {
    this.#fault = fault;
    this.#options.onFault(fault);
  }
}
