/**
 * The time in which this process leads: queues, workers, and what the controllers do beside them. Each term begins with a look at
 * everything, since the leader before it may have left anything half done.
 */
import { type KubeObject, keyOf, type ResourceKind } from '@videopush/resources/objects';
import type { Clock } from '../kube/clock.ts';
import type { OnChange } from '../kube/reflector.ts';
import type { Store } from '../kube/store.ts';
import { Controller, type ControllerObserver, type Reconcile } from './controller.ts';
import type { ControllerPart, Log, WatchSpec } from './part.ts';
import { LOW_PRIORITY, type QueueObserver, WorkQueue } from './work-queue.ts';

export interface TermOptions {
  parts: readonly ControllerPart[];
  clock: Clock;
  log: Log;
  storeOf: (kind: ResourceKind) => Store;
  observerOf: (part: ControllerPart) => { controller: ControllerObserver; queue: QueueObserver };
}

export class Term {
  readonly #options: TermOptions;
  readonly #queues = new Map<string, WorkQueue>();
  readonly #stop = new AbortController();
  readonly #subscriptions: (() => void)[] = [];
  readonly #runs: Promise<void>[] = [];

  constructor(options: TermOptions) {
    this.#options = options;
  }

  get queues(): ReadonlyMap<string, WorkQueue> {
    return this.#queues;
  }

  /** Begins; resolves when all has ended after stop(), rejects when a controller's work beside its reconciles failed. */
  run(): Promise<void> {
    for (const part of this.#options.parts) this.#runs.push(this.#start(part));
    for (const part of this.#options.parts) {
      if (part.background) this.#runs.push(this.#background(part, part.background));
    }
    return Promise.all(this.#runs).then(() => undefined);
  }

  enqueueAfter(controller: string, key: string, milliseconds: number): void {
    this.#queues.get(controller)?.addAfter(key, milliseconds);
  }

  /** No reconcile begins any more. Resolves when those under way have ended, or after `patience` milliseconds. */
  async drain(patience: number): Promise<void> {
    this.#leave();
    const { clock } = this.#options;
    const over = Promise.withResolvers<void>();
    const cancel = clock.after(patience, over.resolve);
    await Promise.race([this.#idle(), over.promise]);
    cancel();
  }

  /** Ends the reconciles under way too. */
  stop(reason: Error): void {
    this.#leave();
    this.#stop.abort(reason);
  }

  #leave(): void {
    for (const end of this.#subscriptions.splice(0)) end();
    for (const queue of this.#queues.values()) queue.close();
  }

  /** Resolves when the workers have gone home, which a closed queue makes them. */
  #idle(): Promise<unknown> {
    return Promise.allSettled(this.#workers);
  }

  readonly #workers: Promise<void>[] = [];

  #start(part: ControllerPart): Promise<void> {
    const { clock, log, observerOf, storeOf } = this.#options;
    const observer = observerOf(part);
    const queue = new WorkQueue({ clock, observer: observer.queue });
    this.#queues.set(part.name, queue);
    for (const watch of part.watches) this.#watch(queue, watch, storeOf(watch.kind), part.name);
    const controller = new Controller({
      name: part.name,
      queue,
      reconcile: this.#informed(part),
      clock,
      ...(part.workers && { workers: part.workers }),
      ...(part.deadline && { deadline: part.deadline }),
      observer: {
        ...observer.controller,
        failed: (key, error) =>
          log.warn(
            { controller: part.name, key, failures: queue.failures(key), err: error },
            'Reconcile failed',
          ),
      },
    });
    const run = controller.run(this.#stop.signal);
    this.#workers.push(run);
    return run;
  }

  #watch(queue: WorkQueue, { kind, keys, matters }: WatchSpec, store: Store, controller: string): void {
    const { log } = this.#options;
    const enqueue = (object: KubeObject, priority: number) => {
      try {
        for (const key of keys(object)) queue.add(key, priority);
      } catch (error) {
        // A handler that fails on one object must not cost the store its place in the watch.
        log.error(
          { controller, kind: kind.kind, object: keyOf(object), err: error },
          'Change not understood',
        );
      }
    };
    const onChange: OnChange = ({ before, after }, initial) => {
      if (before && after && before.metadata.uid === after.metadata.uid && matters && !matters(before, after))
        return;
      const priority = initial ? LOW_PRIORITY : 0;
      if (before) enqueue(before, priority);
      if (after) enqueue(after, priority);
    };
    this.#subscriptions.push(store.subscribe(onChange));
    for (const object of store.values()) enqueue(object, LOW_PRIORITY);
  }

  /** The part's reconcile, once the stores know what was written for the key. */
  #informed({ watches, reconcile }: ControllerPart): Reconcile {
    const { storeOf } = this.#options;
    return async (key, signal) => {
      await Promise.all(
        watches.map(({ kind, keys }) =>
          storeOf(kind).caughtUp((object) => [...keys(object)].includes(key), signal),
        ),
      );
      return reconcile(key, signal);
    };
  }

  async #background({ name }: ControllerPart, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted)
        throw new Error(`controller ${name}: ${(error as Error).message}`, { cause: error });
    }
  }
}
