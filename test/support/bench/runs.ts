/** Runs the contestants of a bench in turn, and repeats a run from which the hypervisor took too much CPU. */
import { StealMeter } from '../meters.ts';

export interface Sample<T> {
  value: T;
  /** The average number of cores that the hypervisor took during the run. */
  steal: number;
  /** True when every attempt was disturbed; the sample is then the least disturbed one. */
  disturbed: boolean;
  attempts: number;
}

export interface Contestant<T> {
  name: string;
  run(): Promise<T>;
}

export interface RunRules {
  /** A run that lost more cores than this is discarded and repeated; default 0.15. */
  stealLimit?: number;
  /** After this many attempts the least disturbed run is taken and marked; default 10. */
  attempts?: number;
  /** Called with one line about each run. */
  report?(line: string): void;
  /** For tests of the rules themselves. */
  meter?: () => { cores(): number };
}

async function quietRun<T>(contestant: Contestant<T>, rules: RunRules): Promise<Sample<T>> {
  const limit = rules.stealLimit ?? 0.15;
  const attempts = rules.attempts ?? 10;
  let best: Sample<T> | null = null;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const meter = rules.meter?.() ?? new StealMeter();
    const value = await contestant.run();
    const steal = meter.cores();
    if (steal <= limit) return { value, steal, disturbed: false, attempts: attempt };
    rules.report?.(`  ${contestant.name}: ${steal.toFixed(2)} of a core was stolen, once more`);
    if (best === null || steal < best.steal) best = { value, steal, disturbed: true, attempts };
  }
  return best as Sample<T>;
}

/** Runs every contestant `pairs` times, alternating, and in the opposite order every other time. */
export async function alternate<T>(
  contestants: readonly Contestant<T>[],
  pairs: number,
  rules: RunRules = {},
): Promise<Map<string, Sample<T>[]>> {
  const results = new Map<string, Sample<T>[]>(contestants.map(({ name }) => [name, []]));
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of order) {
      rules.report?.(`pair ${pair + 1} of ${pairs}: ${contestant.name}`);
      results.get(contestant.name)?.push(await quietRun(contestant, rules));
    }
  }
  return results;
}
