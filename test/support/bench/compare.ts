/** The reports of two commits, figure by figure. Pure. */
import { figure, spread, table } from './report.ts';

/** By contestant and name of the figure. */
export type Figures = Map<string, Map<string, number[]>>;

/** The numbers of a value, `a.b` for one within another. */
function numbersIn(value: unknown, prefix = ''): [string, number][] {
  if (typeof value === 'number') return [[prefix, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => numbersIn(inner, prefix ? `${prefix}.${key}` : key));
}

/** Adds what a report of a bench (its JSON) says. */
export function addReport(text: string, figures: Figures): void {
  const { results } = JSON.parse(text) as { results: Record<string, { value: unknown }[]> };
  for (const [contestant, samples] of Object.entries(results)) {
    const columns = figures.get(contestant) ?? new Map<string, number[]>();
    figures.set(contestant, columns);
    for (const [name, value] of samples.flatMap((sample) => numbersIn(sample.value)))
      columns.set(name, [...(columns.get(name) ?? []), value]);
  }
}

const shown = (values: readonly number[]): string =>
  figure(values, Math.abs(spread(values).median) < 1 ? 3 : 2);

/** A table for each contestant; `-` where the other commit reports no such figure. */
export function comparison(now: Figures, then: Figures, ref: string): string {
  return [...now]
    .map(([contestant, columns]) => {
      const rows = [...columns].map(([name, values]) => {
        const before = then.get(contestant)?.get(name);
        if (!before) return [name, shown(values), '-', '-'];
        const ratio = spread(values).median / spread(before).median;
        return [name, shown(values), shown(before), ratio.toFixed(3)];
      });
      return table([contestant, 'this checkout', ref, 'ratio'], rows);
    })
    .join('\n\n');
}
