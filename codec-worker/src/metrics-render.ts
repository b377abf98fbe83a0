/**
 * From native snapshots to Prometheus text. Counting happens in native atomics; nothing here runs per frame.
 */
import type { HistogramSnapshot } from '@videopush/native';
import type { Metric, Registry } from 'prom-client';

export type Labels = Record<string, string>;

export interface Sample {
  labels: Labels;
  value: number;
  /** Name of the sample of a histogram: NAME_bucket, NAME_sum or NAME_count. */
  metricName?: string;
}

/** A metric family: what it is called and how its samples follow from a view of the process. */
export interface Family<View> {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  samples: (view: View) => Sample[];
}

/** One value with its labels. */
export function sample(value: number, labels: Labels = {}): Sample {
  return { labels, value };
}

/** Limits come in nanoseconds divided by 10^9: 0.06670000000000001 is 0.0667. */
function limitText(seconds: number): string {
  return String(Number(seconds.toPrecision(9)));
}

/** The cumulative buckets, sum and count of one histogram series. */
export function histogram(
  name: string,
  { bounds, buckets, sum, count }: HistogramSnapshot,
  labels: Labels = {},
): Sample[] {
  let below = 0;
  const cumulative = bounds.map((bound, index): Sample => {
    below += buckets[index] ?? 0;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: limitText(bound) }, value: below };
  });
  return [
    ...cumulative,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}

/**
 * Renders families of one view. The view is taken once per scrape, so that the series of one answer fit
 * together. `stream` becomes a label of every series.
 */
export class MetricsPage<View> {
  readonly #stream: string;
  readonly #families: readonly Family<View>[];
  readonly #take: () => View | null;
  #registry: Promise<Registry> | null = null;
  #view: View | null = null;

  constructor(stream: string, families: readonly Family<View>[], take: () => View | null) {
    this.#stream = stream;
    this.#families = families;
    this.#take = take;
  }

  async render(): Promise<{ contentType: string; text: string }> {
    this.#registry ??= this.#makeRegistry();
    const registry = await this.#registry;
    this.#view = this.#take();
    return { contentType: registry.contentType, text: await registry.metrics() };
  }

  /**
   * The library is loaded by the first scrape: a stream that nobody scrapes does without. It is CommonJS, of
   * which a bundle's late import has no names, only the whole.
   */
  async #makeRegistry(): Promise<Registry> {
    const { default: prometheus } = await import('prom-client');
    const registry = new prometheus.Registry();
    registry.setDefaultLabels({ stream: this.#stream });
    for (const family of this.#families) registry.registerMetric(this.#metric(family) as unknown as Metric);
    return registry;
  }

  /** The registry asks a metric for nothing but its name and `get()`. */
  #metric({ name, help, type, samples }: Family<View>) {
    const get = async () => ({
      name,
      help,
      type,
      aggregator: 'sum',
      values: this.#view === null ? [] : samples(this.#view),
    });
    return { name, help, type, get, reset() {} };
  }
}
