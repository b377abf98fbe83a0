/**
 * The loop around a reconcile: workers, deadlines, retries (the shape of cert-manager's
 * pkg/controller/controller.go).
 */
import { type Clock, within } from '../kube/clock.ts';
import { ApiError, isConflict } from '../kube/errors.ts';
import { GateClosedError } from '../kube/write-gate.ts';
import { TerminalError } from './errors.ts';
import type { WorkQueue } from './work-queue.ts';

/** Look again after this time although nothing changed. */
export interface ReconcileResult {
  requeueAfterMilliseconds?: number;
}

/**
 * Level-based: gets a name, reads the state of the cluster, brings it closer to the desired one. `signal`
 * aborts it at its deadline.
 */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult | undefined>;

/** controller-runtime's names for how a reconcile ended. */
export type Outcome = 'success' | 'requeue_after' | 'requeue' | 'error' | 'terminal_error';

export interface ControllerObserver {
  started?(): void;
  ended?(outcome: Outcome, seconds: number): void;
  /** Errors that count: not conflicts. */
  failed?(key: string, error: unknown): void;
}

export interface ControllerOptions {
  name: string;
  queue: WorkQueue;
  reconcile: Reconcile;
  clock: Clock;
  /** at a time, default 8: they wait for the network, mostly */
  workers?: number;
  /** of one reconcile, milliseconds, default 60000 */
  deadline?: number;
  observer?: ControllerObserver;
}

export class Controller {
  readonly #options: Required<Omit<ControllerOptions, 'observer'>> & { observer: ControllerObserver };

  constructor(options: ControllerOptions) {
    this.#options = { workers: 8, deadline: 60_000, observer: {}, ...options };
  }

  /** Works until the signal is aborted; resolves when every reconcile under way has ended. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.#work(signal)));
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    for (let key = await queue.take(signal); key !== undefined; key = await queue.take(signal)) {
      try {
        await this.#handle(key, signal);
      } finally {
        queue.done(key);
      }
    }
  }

  async #handle(key: string, signal: AbortSignal): Promise<void> {
    const { clock, observer } = this.#options;
    const began = clock.now();
    observer.started?.();
    let outcome: Outcome;
    try {
      outcome = this.#succeeded(key, await this.#reconcile(key, signal));
    } catch (error) {
      outcome = signal.aborted ? this.#interrupted(key) : this.#failed(key, error);
    }
    observer.ended?.(outcome, (clock.now() - began) / 1000);
  }

  #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const { name, clock, deadline, reconcile } = this.#options;
    const why = `${name} ${key}: not done within ${deadline / 1000} s`;
    return within(clock, deadline, why, (limited) => reconcile(key, limited), signal);
  }

  #succeeded(key: string, result: ReconcileResult | undefined): Outcome {
    const { queue } = this.#options;
    queue.forget(key);
    if (result?.requeueAfterMilliseconds === undefined) return 'success';
    queue.addAfter(key, result.requeueAfterMilliseconds);
    return 'requeue_after';
  }

  /** Whoever works next begins here. */
  #interrupted(key: string): Outcome {
    this.#options.queue.add(key);
    return 'requeue';
  }

  #failed(key: string, error: unknown): Outcome {
    const { queue, observer } = this.#options;
    // This process has just ceased to lead.
    if (error instanceof GateClosedError) return this.#interrupted(key);
    if (isConflict(error)) {
      // Somebody wrote in between: the next reconcile reads and decides again.
      queue.addRateLimited(key);
      return 'requeue';
    }
    observer.failed?.(key, error);
    if (error instanceof TerminalError) {
      queue.forget(key);
      return 'terminal_error';
    }
    queue.addRateLimited(key, error instanceof ApiError ? error.retryAfter : 0);
    return 'error';
  }
}
