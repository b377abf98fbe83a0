import { describe, expect, it } from 'vitest';
import {
  decodeSnapshot,
  encodeSnapshot,
  outputSnapshot,
  refused,
} from '../../../codec-worker/src/testing/snapshots.ts';
import { History, NO_PAST } from './history.ts';
import { statusLine } from './json.ts';
import { columns, fold, type Paint, shorten } from './layout.ts';
import type { StreamState } from './state.ts';
import { outputFigures, progressOf, quantile } from './stats.ts';
import { terminalLines } from './terminal.ts';

const plain: Paint = (_, text) => text;
const marked: Paint = (tone, text) => `<${tone}>${text}</>`;

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

const lossless = {
  sent: 250,
  repeated: 0,
  bytes: 500_000,
  dropped: { queueFull: 0, late: 0, decodeError: 0, network: 0, backlog: 0 },
  failed: { encode: 0, output: 0 },
};
const healthy = outputSnapshot({
  connects: 1,
  late: 0,
  ledger: lossless,
  reconnects: { refused: 0, timeout: 0, reset: 0, protocol: 0 },
});
const steady = { forward: 0, backward: 0, outlier: 0 };
const running: StreamState = {
  ...starting,
  elapsed: 12,
  sinceFirst: 10,
  decoder: decodeSnapshot({ phase: 'Blocked', discontinuities: steady }),
  encoder: encodeSnapshot({ outputs: [healthy] }),
  viewers: 1,
};
const sick: StreamState = {
  ...running,
  name: 'sick',
  encoder: encodeSnapshot({ outputs: [outputSnapshot({ phase: 'Waiting', error: refused, late: 7 })] }),
};

const draw = (states: StreamState[], width: number, height: number, paint = plain): string[] =>
  terminalLines(
    states,
    states.map(() => NO_PAST),
    { width, height },
    paint,
  );

describe('the live view on a terminal', () => {
  it('the live view draws a stream that has not answered yet, within the width', () => {
    const lines = draw([starting], 40, 30);
    expect(lines[0]).toContain('talk.mp4');
    expect(lines.every((line) => columns(line) <= 40)).toBe(true);
  });

  it('the live view names every file that a push has written, the one that it writes now first', () => {
    const files = ['out.mkv', 'out-2.mkv', 'out-3.mkv'];
    const encoder = encodeSnapshot({ outputs: [{ ...healthy, url: 'out.mkv', files }] });
    const lines = draw([{ ...running, encoder }], 120, 40);
    expect(lines.find((line) => line.includes('out-3.mkv'))).toMatch(
      /out-3\.mkv .*after out\.mkv, out-2\.mkv/,
    );
    expect(outputFigures({ ...running, encoder }, NO_PAST)).toMatchObject([{ url: 'out.mkv', files }]);
  });

  it('the live view shows how many timestamps of the source were corrected, and how its clock runs', () => {
    const view = (ppm: number | null, forward: number): string => {
      const decoder = decodeSnapshot({ discontinuities: { forward, backward: 0, outlier: 0 } });
      const encoder = encodeSnapshot({ outputs: [{ ...healthy, sourceClockPpm: ppm }] });
      return draw([{ ...running, decoder, encoder }], 120, 40).join('\n');
    };
    expect(view(-31.6, 1)).toMatch(/1 timestamp corrected +clock −32 ppm/);
    expect(view(-50_000, 0)).toContain('clock at 95.0 %');
    expect(view(null, 0)).not.toMatch(/clock|corrected/);
  });

  it.each([120, 80, 50, 40])('the live view shows everything about a stream within %i columns', (width) => {
    const lines = draw([{ ...running, limit: 20 }], width, 40);
    expect(lines.filter((line) => columns(line) > width)).toEqual([]);
    const text = lines.join(' ');
    for (const figure of [
      '50 %',
      '00:10 / 00:20',
      'ahead',
      '1 viewer',
      '250 frames',
      'send lead',
      'repeated 0',
    ])
      expect(text).toContain(figure);
    expect(text).toContain('since the start');
    expect(text).not.toContain('1 viewers');
    expect(text).not.toContain('…');
  });

  it.each([
    [40, 10],
    [40, 5],
    [100, 9],
    [100, 5],
  ])(
    'the live view keeps name, phase, rate and losses of a stream in %i columns and %i lines',
    (width, height) => {
      const lines = draw([running], width, height);
      expect(lines.length).toBeLessThanOrEqual(height);
      for (const figure of ['push', 'connected', 'fps', 'dropped 0', 'failed 0'])
        expect(lines.join(' ')).toContain(figure);
    },
  );

  it('the live view shows streams in trouble first where not all have room, and says how many are hidden', () => {
    const many = Array.from({ length: 8 }, (_, n) => ({ ...running, name: `stream-${n}` }));
    const lines = draw([...many, sick], 80, 5);
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^sick .*refused the connection/);
    expect(lines.at(-1)).toBe('… and 5 more streams: enlarge the window');
  });

  it('the live view has one line for each stream where that is enough', () => {
    const lines = draw([running, sick], 80, 3);
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).not.toContain('enlarge');
  });

  it('the live view colours what is wrong, and only that', () => {
    const good = draw([running], 120, 40, marked).join('\n');
    expect(good).toContain('<good>connected</>');
    expect(good).not.toMatch(/<(warning|bad)>/);
    const bad = draw([sick], 120, 40, marked).join('\n');
    expect(bad).toContain('<warning>late 7</>');
    expect(bad).toContain('<bad>dropped 9</>');
    expect(bad).toContain('<bad>failed 11</>');
    expect(bad).toContain('<bad>refused</>');
  });

  it('the live view describes a healthy queue without an alarm', () => {
    const text = draw([running], 120, 40).join('\n');
    expect(text).toContain('5 of 20 waiting   3 being encoded and sent');
    expect(text).not.toMatch(/blocked|acknowledged/);
  });

  it('the live view counts one restart in the singular', () => {
    expect(draw([{ ...running, restarts: { decoder: 1, encoder: 0 } }], 120, 40).join('\n')).toMatch(
      /1 restart$/m,
    );
  });
});

describe('figures of the live view', () => {
  it('the live view interpolates quantiles inside a bucket', () => {
    const histogram = { bounds: [0.001, 0.002], buckets: [5, 5, 0], sum: 0.01, count: 10 };
    expect(quantile(histogram, 0.5)).toBeCloseTo(0.001);
    expect(quantile(histogram, 0.75)).toBeCloseTo(0.0015);
    expect(quantile({ ...histogram, buckets: [0, 0, 0], count: 0 }, 0.5)).toBeUndefined();
  });

  it('recent figures recover from a stall within ten seconds, while those since the start remember it', () => {
    const at = (elapsed: number, buckets: number[]): StreamState => {
      const count = buckets.reduce((a, b) => a + b, 0);
      const lateness = { bounds: [0.001, 1], buckets, sum: 0, count };
      return { ...running, elapsed, encoder: encodeSnapshot({ outputs: [{ ...healthy, lateness }] }) };
    };
    const history = new History();
    history.add([at(0, [0, 0, 0])]);
    history.add([at(1, [0, 50, 0])]);
    for (let second = 2; second < 12; second++) history.add([at(second, [second * 10, 50, 0])]);
    const now = at(12, [120, 50, 0]);
    const [figures] = outputFigures(now, history.add([now])[0] ?? NO_PAST);
    expect(figures?.recentLatenessP99).toBeLessThanOrEqual(0.001);
    expect(figures?.latenessP99).toBeGreaterThan(0.5);
  });

  it('the live view takes rates over the last two seconds', () => {
    const at = (elapsed: number, count: number): StreamState => ({
      ...running,
      elapsed,
      encoder: encodeSnapshot({ outputs: [{ ...healthy, lateness: { ...healthy.lateness, count } }] }),
    });
    const history = new History();
    for (let second = 0; second < 8; second++) history.add([at(second, second * 25)]);
    const now = at(8, 7 * 25 + 75);
    expect(outputFigures(now, history.add([now])[0] ?? NO_PAST)[0]?.framesPerSecond).toBe(50);
  });

  it('the bar of a push that --for ends is counted from the first frame', () => {
    expect(progressOf({ ...running, duration: undefined, limit: 20 })).toEqual({ done: 10, total: 20 });
    expect(progressOf({ ...running, duration: undefined, limit: 20, sinceFirst: 20.3 })).toEqual({
      done: 20,
      total: 20,
    });
    expect(progressOf({ ...running, duration: 8, limit: 20, complete: true })).toEqual({ done: 8, total: 8 });
    expect(progressOf({ ...running, duration: undefined }).total).toBeUndefined();
  });

  it('a status line holds the figures of a stream as one parsable object', () => {
    expect(JSON.parse(statusLine(starting, NO_PAST, new Date(0)))).toMatchObject({
      type: 'status',
      stream: 'push',
      totalSeconds: 60,
      outputs: [],
      decoder: null,
    });
    expect(JSON.parse(statusLine(running, NO_PAST, new Date(0))).outputs[0]).toMatchObject({
      phase: 'Connected',
      latenessP99: 5,
      recentLatenessP99: 5,
      totalLead: -0.5,
      sourceClockPpm: 12.5,
      error: null,
    });
    expect(JSON.parse(statusLine(running, NO_PAST, new Date(0))).decoder.discontinuities).toEqual(steady);
  });
});

describe('rows', () => {
  it('a row of the live view is folded between its parts', () => {
    const parts = [{ text: 'alpha' }, { text: 'beta' }, { text: 'gamma' }];
    expect(fold({ label: '  ', parts }, 16, plain)).toEqual(['  alpha   beta', '  gamma']);
  });

  it('a part of a row that is wider than the terminal loses its middle', () => {
    expect(shorten('rtsp://media.example:8554/film', 12)).toBe('rtsp:/…/film');
    expect(shorten('short', 12)).toBe('short');
  });

  it('wide characters count as two columns of the terminal', () => {
    expect(columns('推流 a')).toBe(6);
    expect(columns(shorten('推流推流推流推流', 7))).toBeLessThanOrEqual(7);
  });
});
