/** What a bench prints for people and writes for programs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { repoRoot } from '../../../scripts/paths.mjs';
import { median } from '../pacing-figures.ts';
import { outputOf } from '../program.ts';
import type { Sample } from './runs.ts';

export interface Target {
  what: string;
  value: number;
  /** Reached when the value is at most (`atMost`) or at least (`atLeast`) the limit. */
  atMost?: number;
  atLeast?: number;
  unit?: string;
}

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** `0.38 [0.36–0.39]` */
export function figure(values: readonly number[], digits = 2): string {
  const { median: middle, min, max } = spread(values);
  return `${middle.toFixed(digits)} [${min.toFixed(digits)}–${max.toFixed(digits)}]`;
}

/** The numbers of one column over a contestant's samples. */
export function column<T>(samples: readonly Sample<T>[], pick: (value: T) => number): number[] {
  return samples.map((sample) => pick(sample.value));
}

/** A table with its columns aligned; the first is left-aligned, the others right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ');
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

export function reached(target: Target): boolean {
  if (Number.isNaN(target.value)) return false;
  return (
    target.value <= (target.atMost ?? Number.POSITIVE_INFINITY) &&
    target.value >= (target.atLeast ?? Number.NEGATIVE_INFINITY)
  );
}

export function targetLines(targets: readonly Target[]): string {
  return table(
    ['target', 'value', 'to reach', ''],
    targets.map((target) => [
      target.what,
      `${target.value.toFixed(3)}${target.unit ?? ''}`,
      target.atMost === undefined
        ? `>= ${target.atLeast}${target.unit ?? ''}`
        : `<= ${target.atMost.toFixed(3)}${target.unit ?? ''}`,
      reached(target) ? 'reached' : 'NOT REACHED',
    ]),
  );
}

/** One line per contestant of how disturbed its runs were; nothing when all were quiet. */
export function disturbances(results: ReadonlyMap<string, readonly Sample<unknown>[]>): string[] {
  return [...results].flatMap(([name, samples]) => {
    const disturbed = samples.filter((sample) => sample.disturbed);
    if (disturbed.length === 0) return [];
    const steals = disturbed.map((sample) => sample.steal.toFixed(2)).join(', ');
    return [
      `DISTURBED: ${name}: ${disturbed.length} of ${samples.length} runs never were quiet (stolen: ${steals})`,
    ];
  });
}

/**
 * Prints table and targets, writes bench-results/NAME-TIME.json. The exit code stays 0:
 * figures are judged by people.
 */
export function report(
  name: string,
  parts: {
    title: string;
    tables: readonly string[];
    results: ReadonlyMap<string, readonly Sample<unknown>[]>;
    targets: readonly Target[];
    conditions: Record<string, unknown>;
  },
): void {
  console.log(`\n${parts.title}\n`);
  for (const text of parts.tables) console.log(`${text}\n`);
  for (const line of disturbances(parts.results)) console.log(line);
  console.log(`${targetLines(parts.targets)}\n`);
  const folder = join(repoRoot, 'bench-results');
  mkdirSync(folder, { recursive: true });
  const now = new Date();
  const file = join(folder, `${name}-${now.toISOString().replace(/[:.]/g, '-')}.json`);
  const document = {
    bench: name,
    at: now.toISOString(),
    machine: machine(),
    conditions: parts.conditions,
    targets: parts.targets.map((target) => ({ ...target, reached: reached(target) })),
    results: Object.fromEntries(parts.results),
  };
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  console.log(`figures: ${file}`);
}

function machine(): Record<string, unknown> {
  const ffmpeg = outputOf('ffmpeg', ['-version']).split('\n', 1)[0];
  return {
    processor: cpus()[0]?.model,
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    ffmpeg,
  };
}
