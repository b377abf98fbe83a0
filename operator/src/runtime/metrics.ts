/**
 * Metrics of the control plane under the names of controller-runtime and client-go, so that the dashboards
 * and alerts that people have for other operators show this one too.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { OnAnswer } from '../kube/transport.ts';
import type { ControllerObserver, Outcome } from './controller.ts';
import type { QueueObserver, WorkQueue } from './work-queue.ts';

export interface MetricsOptions {
  version: string;
  /** Also those of the process: event loop delay, memory, processor time. Default true. */
  process?: boolean;
}

/** What a queue shows when it is asked; seconds. */
export type QueueView = Pick<WorkQueue, 'depth' | 'unfinishedSeconds' | 'longestRunningSeconds'>;

/** controller-runtime pkg/internal/controller/metrics/metrics.go */
const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5,
  1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** controller-runtime pkg/metrics/workqueue.go: from 10 ns by tens */
const QUEUE_BUCKETS = Array.from({ length: 12 }, (_, power) => 1e-8 * 10 ** power);
/** The word for its error path there; what it calls terminal is an error that is counted once more. */
const RESULTS: Record<Outcome, string> = {
  success: 'success',
  requeue_after: 'requeue_after',
  requeue: 'requeue',
  error: 'error',
  terminal_error: 'error',
};

export class Metrics {
  readonly registry = new Registry();
  readonly #reconciles = this.#counter(
    'controller_runtime_reconcile_total',
    'Reconciles by how they ended.',
    ['controller', 'result'],
  );
  readonly #errors = this.#counter(
    'controller_runtime_reconcile_errors_total',
    'Reconciles that failed; conflicts are tried again and do not count.',
    ['controller'],
  );
  readonly #terminal = this.#counter(
    'controller_runtime_terminal_reconcile_errors_total',
    'Reconciles that failed such that trying again cannot help.',
    ['controller'],
  );
  readonly #seconds = this.#histogram(
    'controller_runtime_reconcile_time_seconds',
    'How long a reconcile took.',
    ['controller'],
    RECONCILE_BUCKETS,
  );
  readonly #active = this.#gauge('controller_runtime_active_workers', 'Reconciles under way.', [
    'controller',
  ]);
  readonly #workers = this.#gauge(
    'controller_runtime_max_concurrent_reconciles',
    'Reconciles that may be under way at a time.',
    ['controller'],
  );
  readonly #adds = this.#counter('workqueue_adds_total', 'Keys that were put into the queue.', QUEUE);
  readonly #retries = this.#counter(
    'workqueue_retries_total',
    'Keys that were put back after a failure.',
    QUEUE,
  );
  readonly #waited = this.#histogram(
    'workqueue_queue_duration_seconds',
    'How long keys waited in the queue.',
    QUEUE,
    QUEUE_BUCKETS,
  );
  readonly #took = this.#histogram(
    'workqueue_work_duration_seconds',
    'How long keys were worked on.',
    QUEUE,
    QUEUE_BUCKETS,
  );
  readonly #requests = this.#counter(
    'rest_client_requests_total',
    'Requests to the API server by the status of the answer; <error>: there was none.',
    ['code', 'method', 'host'],
  );

  constructor({ version, process = true }: MetricsOptions) {
    this.#gauge('videopush_operator_build_info', 'Always 1; the version of this program.', ['version']).set(
      { version },
      1,
    );
    if (process) collectDefaultMetrics({ register: this.registry });
  }

  controller(controller: string, workers: number): ControllerObserver {
    this.#workers.set({ controller }, workers);
    this.#active.set({ controller }, 0);
    for (const result of new Set(Object.values(RESULTS))) this.#reconciles.inc({ controller, result }, 0);
    this.#errors.inc({ controller }, 0);
    this.#terminal.inc({ controller }, 0);
    return {
      started: () => this.#active.inc({ controller }),
      ended: (outcome, seconds) => {
        this.#active.dec({ controller });
        this.#reconciles.inc({ controller, result: RESULTS[outcome] });
        this.#seconds.observe({ controller }, seconds);
        if (RESULTS[outcome] === 'error') this.#errors.inc({ controller });
        if (outcome === 'terminal_error') this.#terminal.inc({ controller });
      },
    };
  }

  queue(name: string): QueueObserver {
    const labels = { name, controller: name };
    this.#adds.inc(labels, 0);
    this.#retries.inc(labels, 0);
    return {
      added: () => this.#adds.inc(labels),
      retried: () => this.#retries.inc(labels),
      taken: (waited) => this.#waited.observe(labels, waited),
      done: (took) => this.#took.observe(labels, took),
    };
  }

  /** What the queues show at the time of a scrape, by name. */
  queues(views: () => Iterable<readonly [string, QueueView]>): void {
    const show = (name: string, help: string, of: (view: QueueView) => number) =>
      this.shown(name, help, QUEUE, function* () {
        for (const [name, view] of views()) yield [{ name, controller: name }, of(view)];
      });
    show('workqueue_depth', 'Keys that wait for a worker.', (view) => view.depth);
    show(
      'workqueue_unfinished_work_seconds',
      'How long the keys in work have been in work, together.',
      (view) => view.unfinishedSeconds,
    );
    show(
      'workqueue_longest_running_processor_seconds',
      'How long the key that is in work for the longest has been in work.',
      (view) => view.longestRunningSeconds,
    );
  }

  leader(name: string, leading: () => boolean): void {
    this.shown(
      'leader_election_master_status',
      'Whether this process leads (1) or stands by (0).',
      ['name'],
      function* () {
        yield [{ name }, Number(leading())];
      },
    );
  }

  /** How long nothing was heard of the API server, by plural.group. */
  silences(views: () => Iterable<readonly [string, number]>): void {
    this.shown(
      'videopush_operator_watch_silence_seconds',
      'Time since anything was heard of the API server about a kind; bookmarks come every minute.',
      ['kind'],
      function* () {
        for (const [kind, seconds] of views()) yield [{ kind }, seconds];
      },
    );
  }

  /**
   * Values that are taken when somebody looks; what is not among them any more is not shown.
   * `_total` in the name: a counter.
   */
  shown<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    values: () => Iterable<[Record<L, string>, number]>,
  ): void {
    const Kind = name.endsWith('_total') ? Counter : Gauge;
    new Kind({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [labels, value] of values()) this.inc(labels, value);
      },
    });
  }

  /** Counts the answers of the API server; the transport calls it for each. */
  readonly answered: OnAnswer = (method, code, host) =>
    this.#requests.inc({ code: code === undefined ? '<error>' : `${code}`, method, host });

  async render(): Promise<{ contentType: string; text: string }> {
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: number[],
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }
}

/** client-go calls it name, controller-runtime adds controller; both are the same here. */
const QUEUE = ['name', 'controller'] as const;
