/** The options that every bench knows. */
import { parseArgs } from 'node:util';

export interface BenchOptions {
  seconds: number;
  pairs: number;
  hogs: number;
}

/** Reads `--seconds S --pairs N --hogs N`; a wrong word ends the bench with a sentence. */
export function benchOptions(defaults: Partial<BenchOptions> = {}): BenchOptions {
  const options = { seconds: 60, pairs: 5, hogs: 0, ...defaults };
  try {
    const { values } = parseArgs({
      options: { seconds: { type: 'string' }, pairs: { type: 'string' }, hogs: { type: 'string' } },
    });
    for (const name of ['seconds', 'pairs', 'hogs'] as const) {
      const text = values[name];
      if (text === undefined) continue;
      if (!/^\d+$/.test(text)) throw new Error(`--${name} wants a whole number, not ${text}`);
      options[name] = Number(text);
    }
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\nOptions: --seconds S, --pairs N, --hogs N`);
    process.exit(2);
  }
  return options;
}
