import { describe, expect, it } from 'vitest';
import { statusLine } from './json.ts';
import { quantile, type StreamState } from './stats.ts';
import { terminalLines } from './terminal.ts';

const starting: StreamState = {
  name: 'push',
  source: 'talk.mp4',
  elapsed: 2,
  sinceFirst: 0,
  limit: undefined,
  duration: 60,
  complete: false,
  decoder: undefined,
  encoder: undefined,
  restarts: { decoder: 0, encoder: 0 },
  viewers: undefined,
};

describe('the live view', () => {
  it('interpolates quantiles inside a bucket', () => {
    const histogram = { bounds: [0.001, 0.002], buckets: [5, 5, 0], sum: 0.01, count: 10 };
    expect(quantile(histogram, 0.5)).toBeCloseTo(0.001);
    expect(quantile(histogram, 0.75)).toBeCloseTo(0.0015);
    expect(quantile({ ...histogram, buckets: [0, 0, 0], count: 0 }, 0.5)).toBeUndefined();
  });

  it('draws a stream that has not answered yet, within the width of the terminal', () => {
    const lines = terminalLines(starting, undefined, 40);
    expect(lines[0]).toContain('talk.mp4');
    expect(lines.every((line) => [...line].length <= 40)).toBe(true);
  });

  it('writes one parsable object per status line', () => {
    const line = JSON.parse(statusLine(starting, undefined, new Date(0)));
    expect(line).toMatchObject({
      type: 'status',
      stream: 'push',
      totalSeconds: 60,
      outputs: [],
      decoder: null,
    });
  });
});
