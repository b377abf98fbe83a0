/**
 * From native snapshots to Prometheus text. Counting happens in native atomics; nothing here runs per frame.
 */
import type { HistogramSnapshot } from '@videopush/native';
import { type Metric, Registry } from 'prom-client';

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
  readonly #registry = new Registry();
  readonly #take: () => View | null;
  #view: View | null = null;

  constructor(stream: string, families: readonly Family<View>[], take: () => View | null) {
    this.#take = take;
    this.#registry.setDefaultLabels({ stream });
    for (const family of families) this.#registry.registerMetric(this.#metric(family) as unknown as Metric);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async render(): Promise<string> {
    this.#view = this.#take();
    return await this.#registry.metrics();
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
