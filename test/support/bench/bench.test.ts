import { describe, expect, it } from 'vitest';
import { addReport, comparison } from './compare.ts';
import { figure, reached, table } from './report.ts';
import { alternate } from './runs.ts';

describe('the rules of a bench', () => {
  it('a bench alternates its contestants, in the opposite order every other time', async () => {
    const order: string[] = [];
    const contestant = (name: string) => ({ name, run: async () => order.push(name) });
    const results = await alternate([contestant('ours'), contestant('rival')], 3, {
      meter: () => ({ cores: () => 0 }),
    });
    expect(order).toEqual(['ours', 'rival', 'rival', 'ours', 'ours', 'rival']);
    expect(results.get('ours')?.map((sample) => sample.value)).toEqual([1, 4, 5]);
  });

  it('a bench repeats a run from which the hypervisor stole too much', async () => {
    const steals = [0.5, 0.16, 0.15];
    const results = await alternate([{ name: 'ours', run: async () => steals.length }], 1, {
      meter: () => ({ cores: () => steals.shift() ?? 0 }),
    });
    expect(results.get('ours')).toEqual([{ value: 1, steal: 0.15, disturbed: false, attempts: 3 }]);
  });

  it('a bench takes the least disturbed of ten disturbed runs and marks it', async () => {
    const steals = [0.9, 0.8, 0.3, 0.7, 0.6, 0.9, 0.8, 0.7, 0.6, 0.5];
    let runs = 0;
    const results = await alternate([{ name: 'ours', run: async () => ++runs }], 1, {
      meter: () => ({ cores: () => steals.shift() ?? 0 }),
    });
    expect(results.get('ours')).toEqual([{ value: 3, steal: 0.3, disturbed: true, attempts: 10 }]);
  });
});

describe('the report of a bench', () => {
  it('the report of a bench shows median and range', () => {
    expect(figure([3, 1, 2])).toBe('2.00 [1.00–3.00]');
    expect(figure([4, 1], 1)).toBe('2.5 [1.0–4.0]');
  });

  it('the report of a bench knows which target was reached, and that a missing figure is none', () => {
    expect(reached({ what: '', value: 1, atMost: 1 })).toBe(true);
    expect(reached({ what: '', value: 0.96, atLeast: 0.97 })).toBe(false);
    expect(reached({ what: '', value: Number.NaN, atMost: 1 })).toBe(false);
  });

  it('the report of a bench aligns its columns', () => {
    expect(
      table(
        ['who', 'p99'],
        [
          ['ours', '1.2'],
          ['ffmpeg -re', '43.00'],
        ],
      ),
    ).toBe('who           p99\n----------  -----\nours          1.2\nffmpeg -re  43.00');
  });
});

describe('two commits in one bench', () => {
  const report = (value: unknown) => JSON.stringify({ results: { ours: [{ value, steal: 0 }] } });

  it('two commits in one bench are compared with median, range and ratio, also for figures within figures', () => {
    const now = new Map();
    const then = new Map();
    for (const p99 of [3, 1, 2]) addReport(report({ p99, aborts: { silent: 0.02 } }), now);
    for (const p99 of [4, 4]) addReport(report({ p99, aborts: { silent: 0.01 } }), then);
    const head = ['ours', 'this checkout', 'HEAD~1', 'ratio'];
    expect(comparison(now, then, 'HEAD~1')).toBe(
      table(head, [
        ['p99', '2.00 [1.00–3.00]', '4.00 [4.00–4.00]', '0.500'],
        ['aborts.silent', '0.020 [0.020–0.020]', '0.010 [0.010–0.010]', '2.000'],
      ]),
    );
  });

  it('two commits in one bench are compared with a dash for what only one of them reports', () => {
    const now = new Map();
    addReport(report({ fresh: 1 }), now);
    expect(comparison(now, new Map(), 'HEAD~1')).toMatch(/^fresh +1\.00 \[1\.00–1\.00\] +- +-$/m);
  });
});
