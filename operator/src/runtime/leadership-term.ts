/**
 * The time in which this process leads: queues, workers, and what the controllers do beside them. Each term
 * begins with a check of everything, since the leader before it may have left anything half done.
 */
import { type KubeObject, keyOf, type ResourceKind } from '@videopush/resources/objects';
import type { Clock } from '../kube/clock.ts';
import type { OnChange } from '../kube/reflector.ts';
import type { Store } from '../kube/store.ts';
import { Controller, type ControllerObserver, type Reconcile } from './controller.ts';
import type { ControllerSpec, Log, WatchSpec } from './controller-spec.ts';
import { LOW_PRIORITY, type QueueObserver, WorkQueue } from './work-queue.ts';

export interface LeadershipTermOptions {
  specs: readonly ControllerSpec[];
  clock: Clock;
  log: Log;
  storeOf: (kind: ResourceKind) => Store;
  observerOf: (spec: ControllerSpec) => { controller: ControllerObserver; queue: QueueObserver };
}

export class LeadershipTerm {
  readonly #options: LeadershipTermOptions;
  readonly #queues = new Map<string, WorkQueue>();
  readonly #stop = new AbortController();
  readonly #subscriptions: (() => void)[] = [];
  readonly #runs: Promise<void>[] = [];

  constructor(options: LeadershipTermOptions) {
    this.#options = options;
  }

  get queues(): ReadonlyMap<string, WorkQueue> {
    return this.#queues;
  }

  /**
   * Begins; resolves when all has ended after stop(), rejects when a controller's
   * work beside its reconciles failed.
   */
  run(): Promise<void> {
    for (const spec of this.#options.specs) this.#runs.push(this.#start(spec));
    for (const spec of this.#options.specs) {
      if (spec.background) this.#runs.push(this.#background(spec, spec.background));
    }
    return Promise.all(this.#runs).then(() => undefined);
  }

  enqueueAfter(controller: string, key: string, milliseconds: number): void {
    this.#queues.get(controller)?.addAfter(key, milliseconds);
  }

  /**
   * No reconcile begins any more. Resolves when those under way have ended, or after `patience` milliseconds.
   */
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

  #start(spec: ControllerSpec): Promise<void> {
    const { clock, log, observerOf, storeOf } = this.#options;
    const observer = observerOf(spec);
    const queue = new WorkQueue({ clock, observer: observer.queue });
    this.#queues.set(spec.name, queue);
    for (const watch of spec.watches) this.#watch(queue, watch, storeOf(watch.kind), spec.name);
    const controller = new Controller({
      name: spec.name,
      queue,
      reconcile: this.#informed(spec),
      clock,
      ...(spec.workers && { workers: spec.workers }),
      ...(spec.deadline && { deadline: spec.deadline }),
      observer: {
        ...observer.controller,
        failed: (key, error) =>
          log.warn(
            { controller: spec.name, key, failures: queue.failures(key), err: error },
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

  /** The spec's reconcile, once the stores know what was written for the key. */
  #informed({ watches, reconcile }: ControllerSpec): Reconcile {
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

  async #background({ name }: ControllerSpec, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted)
        throw new Error(`controller ${name}: ${(error as Error).message}`, { cause: error });
    }
  }
}
