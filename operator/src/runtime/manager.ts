/**
 * Puts the operator together: stores that follow the API server from the start, leader election, and
 * while this process leads the controllers, whose writes pass one gate. See controller-spec.ts for
 * what a controller has to bring.
 */
import { objectKey, type ResourceKind } from '@videopush/resources/objects';
import { aborted, type Clock, systemClock } from '../kube/clock.ts';
import { EventRecorder } from '../kube/events.ts';
import { CHILD_KINDS, EVENTS, LEASES, resourceName } from '../kube/kinds.ts';
import { leaseClient } from '../kube/lease.ts';
import type { Collection } from '../kube/reflector.ts';
import { Resource } from '../kube/resource.ts';
import { Store } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import { GateClosedError, WriteGate } from '../kube/write-gate.ts';
import type { ControllerFactory, ControllerSpec, Log, OperatorContext } from './controller-spec.ts';
import { type HealthServers, type HealthServersOptions, openHealthServers } from './health-server.ts';
import { type ElectionOptions, LeaderElection } from './leader-election.ts';
import { LeadershipTerm } from './leadership-term.ts';
import type { Metrics } from './metrics.ts';

export interface ElectionSettings
  extends Pick<ElectionOptions, 'leaseDuration' | 'renewDeadline' | 'retryPeriod' | 'standDownLimit'> {
  /** where the lease is */
  namespace: string;
  name: string;
}

export interface ManagerOptions {
  transport: Transport;
  log: Log;
  metrics: Metrics;
  /** of this process, in events and in the lease: the pod's name. The lease gets a random part beside it. */
  identity: string;
  /** of events, such as videopush.dev/operator */
  reportingController: string;
  /** value of the label app.kubernetes.io/managed-by on what we make */
  managedBy: string;
  /** to be looked at; empty: all */
  namespaces?: readonly string[];
  /** unset: this process leads from the start */
  election?: ElectionSettings | undefined;
  /** unset: none */
  pages?: Pick<HealthServersOptions, 'metricsPort' | 'healthPort' | 'host'> | undefined;
  clock?: Clock;
  /** of stores: for tests, default false */
  freeze?: boolean;
}

/** How long reconciles under way may continue after a request to end this process, milliseconds. */
const GRACE = 1_000;

export class Manager {
  readonly context: OperatorContext;
  readonly #options: ManagerOptions;
  readonly #clock: Clock;
  readonly #gate = new WriteGate();
  readonly #stores = new Map<string, { kind: ResourceKind; store: Store }>();
  readonly #resources = new Map<string, Resource>();
  readonly #specs: ControllerSpec[] = [];
  readonly #events: EventRecorder;
  #election: LeaderElection | undefined;
  #term: LeadershipTerm | undefined;
  #running = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#events = this.#recorder();
    this.context = {
      clock: this.#clock,
      log: options.log,
      events: this.#events,
      store: (kind) => this.#store(kind),
      resource: (kind) => this.#resource(kind),
      enqueueAfter: (controller, key, milliseconds) =>
        this.#term?.enqueueAfter(controller, key, milliseconds),
    };
    const { metrics } = options;
    metrics.queues(() => this.#term?.queues ?? []);
    metrics.silences(() =>
      [...this.#stores].map(([name, { store }]) => [name, store.silentSeconds] as const),
    );
    if (options.election) metrics.leader(options.election.name, () => this.leading);
  }

  get leading(): boolean {
    return this.#term !== undefined;
  }

  /** Adds a controller. Must be called before run(). */
  add(factory: ControllerFactory): void {
    const spec = factory(this.context);
    if (this.#specs.some(({ name }) => name === spec.name))
      throw new Error(`the controller ${spec.name} is defined twice`);
    for (const { kind } of spec.watches) this.#store(kind);
    this.#specs.push(spec);
  }

  /**
   * Works until the signal is aborted, then ends in order: no new reconcile, those under way have a second,
   * the lease is given back. Rejects with ListenError, StandDownError (writes may still be under way: end the
   * process), or with what a controller threw.
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#running = true;
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const pages = await this.#openHealthServers();
    const follows = [...this.#stores.values()].map(({ store }) => store.run(both));
    try {
      await this.#synced(both);
      if (!both.aborted) await this.#compete(both);
    } finally {
      stop.abort();
      await Promise.all(follows);
      await pages?.close();
    }
  }

  async #compete(signal: AbortSignal): Promise<void> {
    const { election, log } = this.#options;
    if (!election) {
      await this.#lead(signal, signal);
      return;
    }
    const { namespace, name, ...times } = election;
    // Whoever does not lead must be able to write the lease.
    const gate = new WriteGate();
    gate.open();
    const client = leaseClient(new Resource(LEASES, this.#options.transport, gate), { namespace, name });
    const identity = `${this.#options.identity}_${crypto.randomUUID()}`;
    this.#election = new LeaderElection({
      ...times,
      client,
      identity,
      clock: this.#clock,
      onError: (error) => log.warn({ lease: objectKey(namespace, name), err: error }, 'Lease not reached'),
    });
    await this.#election.run(signal, (leading) => this.#lead(leading, signal));
  }

  /** One term, until `leading` is aborted: in order when that is because of `ending`, else at once. */
  async #lead(leading: AbortSignal, ending: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const term = new LeadershipTerm({
      specs: this.#specs,
      clock: this.#clock,
      log,
      storeOf: (kind) => this.#store(kind),
      observerOf: ({ name, workers = 8 }) => ({
        controller: this.#options.metrics.controller(name, workers),
        queue: this.#options.metrics.queue(name),
      }),
    });
    log.info({}, 'Leading');
    this.#gate.open();
    this.#term = term;
    const ended = term.run();
    try {
      await Promise.race([aborted(leading), ended]);
      if (ending.aborted) await this.#finish(term);
    } finally {
      this.#term = undefined;
      term.stop(new GateClosedError());
      await this.#gate.close();
      log.info({}, 'No longer leading');
    }
    await ended;
  }

  /** Waits for the reconciles under way and for the writes of their events. */
  async #finish(term: LeadershipTerm): Promise<void> {
    const began = this.#clock.now();
    await term.drain(GRACE);
    const left = GRACE - (this.#clock.now() - began);
    if (left <= 0) return;
    const over = Promise.withResolvers<void>();
    const cancel = this.#clock.after(left, over.resolve);
    await Promise.race([this.#events.flush(), over.promise]);
    cancel();
  }

  async #synced(signal: AbortSignal): Promise<void> {
    const all = [...this.#stores.values()].map(({ store }) => store.synced);
    await Promise.race([Promise.all(all), aborted(signal)]);
    if (!signal.aborted) this.#options.log.info({ kinds: [...this.#stores.keys()] }, 'Stores filled');
  }

  #openHealthServers(): Promise<HealthServers> | undefined {
    const { pages, metrics } = this.#options;
    return (
      pages &&
      openHealthServers({
        ...pages,
        metrics: () => metrics.render(),
        healthy: () => this.unhealthy(),
        ready: () => this.unready(),
      })
    );
  }

  /**
   * Why this process should be restarted: it still acts as leader with an expired lease. null: it should not.
   */
  unhealthy(): string | null {
    const { leaseDuration = 15_000 } = this.#options.election ?? {};
    const age = this.#election?.leaseAge ?? 0;
    if (!this.leading || age <= leaseDuration) return null;
    return `leading with a lease that was not renewed for ${Math.round(age / 1000)} s`;
  }

  /** Why this process could not take over: stores that are not filled. */
  unready(): string | null {
    if (!this.#running) return 'not started';
    const missing = [...this.#stores].filter(([, { store }]) => !store.isSynced).map(([name]) => name);
    return missing.length === 0 ? null : `not read yet: ${missing.join(', ')}`;
  }

  #store(kind: ResourceKind): Store {
    const name = resourceName(kind);
    const known = this.#stores.get(name);
    if (known) return known.store;
    if (this.#running) throw new Error(`${name}: a store has to be asked for before the manager runs`);
    const { log, freeze = false } = this.#options;
    const store = new Store({
      name,
      collections: this.#collections(kind),
      clock: this.#clock,
      freeze,
      onError: (error) => log.warn({ kind: name, err: error }, 'Watch interrupted'),
    });
    this.#stores.set(name, { kind, store });
    return store;
  }

  #collections(kind: ResourceKind): Map<string, Collection> {
    const { namespaces = [], managedBy } = this.#options;
    const own = CHILD_KINDS.some((child) => resourceName(child) === resourceName(kind));
    const labelSelector = own ? `app.kubernetes.io/managed-by=${managedBy}` : undefined;
    const places = namespaces.length === 0 || kind.namespaced === false ? [''] : namespaces;
    return new Map(
      places.map((place) => [
        place,
        this.#resource(kind).collection({ namespace: place || undefined, labelSelector }),
      ]),
    );
  }

  #resource(kind: ResourceKind): Resource {
    const name = resourceName(kind);
    const known = this.#resources.get(name);
    if (known) return known;
    const onWritten = (written: Parameters<Store['wrote']>[0]) =>
      this.#stores.get(name)?.store.wrote(written);
    const resource = new Resource(kind, this.#options.transport, this.#gate, { onWritten });
    this.#resources.set(name, resource);
    return resource;
  }

  #recorder(): EventRecorder {
    const { identity, reportingController, log } = this.#options;
    return new EventRecorder({
      events: new Resource(EVENTS, this.#options.transport, this.#gate),
      clock: this.#clock,
      controller: reportingController,
      instance: identity,
      onError: (error) => {
        if (!(error instanceof GateClosedError)) log.warn({ err: error }, 'Event not written');
      },
    });
  }
}
