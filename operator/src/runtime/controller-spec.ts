/**
 * What a controller is written against: it brings a ControllerSpec, made from an OperatorContext. The manager
 * does the rest: caches, queue, workers, leadership, metrics, the order of starting and stopping.
 */
import type { KubeObject, ResourceKind } from '@videopush/resources/objects';
import type { Clock } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Resource } from '../kube/resource.ts';
import type { Index, IndexFunction } from '../kube/store.ts';
import type { Reconcile } from './controller.ts';

/** Lines for people who read the operator's log; pino's Logger is one. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The cluster's objects of one kind as they were last heard of. Not to be changed: they are shared. */
export interface StoreReader {
  /** `namespace/name`, or the name of what has no namespace */
  get(key: string): KubeObject | undefined;
  values(): Iterable<KubeObject>;
  /** Makes an index, once, when the controller is built; it is kept up to date from then on. */
  index(of: IndexFunction): Index;
}

/**
 * A change of an object of `kind` queues the keys that `keys` finds, for its state
 * before and for its state after.
 */
export interface WatchSpec {
  kind: ResourceKind;
  /**
   * Keys for this controller. Only looks at the object and at stores, never waits; see
   * `toItself`, `toOwner` in watches.ts.
   */
  keys: (object: KubeObject) => Iterable<string>;
  /** Whether a change is worth a reconcile; default: each is. An object that is new or gone always is. */
  matters?: (before: KubeObject, after: KubeObject) => boolean;
}

export interface ControllerSpec {
  /** in metrics and logs; one word, such as videopush */
  name: string;
  /** at a time, default 8 */
  workers?: number;
  /** of one reconcile, milliseconds, default 60000 */
  deadline?: number;
  reconcile: Reconcile;
  watches: readonly WatchSpec[];
  /**
   * Work beside the reconciles, such as looking at pages of pods. Runs while this process leads, with filled
   * stores; returns once the signal is aborted. What it throws before ends the process.
   */
  background?: (signal: AbortSignal) => Promise<void>;
}

/**
 * Makes one controller. Called once, before anything is read: it asks for its
 * stores and indexes, and keeps them.
 */
export type ControllerFactory = (context: OperatorContext) => ControllerSpec;

export interface OperatorContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  /**
   * The watched objects of a kind: for kinds of ours all, for other kinds only those with the label
   * app.kubernetes.io/managed-by=videopush-operator. Only resource(kind).get() shows whether somebody else
   * has taken a name.
   */
  store(kind: ResourceKind): StoreReader;
  /** Reads go to the API server; writes pass the gate that is open only while this process leads. */
  resource(kind: ResourceKind): Resource;
  /**
   * Queues `key` for the controller of that name, in `milliseconds` or now (0).
   * Ignored while nobody works here.
   */
  enqueueAfter(controller: string, key: string, milliseconds: number): void;
}
