/**
 * Pacing: how far the arrival of each access unit lies from its media time, at an RTSP/TCP recorder with
 * kernel stamps. 720p30, veryfast, zerolatency; our two processes against one `ffmpeg -re`, and against a
 * bare clock_nanosleep loop that sends units of the mean size. `--hogs 2` puts busy loops beside all three.
 */
import { benchClip, Hogs } from '../support/bench/load.ts';
import { benchOptions } from '../support/bench/options.ts';
import { runFfmpeg, runMetronome, runOurs } from '../support/bench/pushes.ts';
import { column, figure, report, spread, table } from '../support/bench/report.ts';
import { alternate } from '../support/bench/runs.ts';
import { type PacingFigures, pacingFigures } from '../support/pacing-figures.ts';

const options = benchOptions();
const fps = 30;
const frames = options.seconds * fps;
const clip = await benchClip({ width: 1280, height: 720, fps, seconds: options.seconds, bitRate: 4_000_000 });
const encode = { preset: 'veryfast', tune: 'zerolatency', bitRate: 4_000_000, gopFrames: 60, threads: 2 };
const settings = { clip, frames, seconds: options.seconds, encode };

await using _hogs = new Hogs(options.hogs);
const contestants = [
  { name: 'videopush', run: async () => pacingFigures((await runOurs(settings)).units) },
  { name: 'ffmpeg -re', run: async () => pacingFigures((await runFfmpeg(settings)).units) },
  { name: 'bare timer', run: async () => pacingFigures((await runMetronome(settings, fps)).units) },
];
const results = await alternate(contestants, options.pairs, { report: (line) => console.log(line) });

const of = (name: string, pick: (figures: PacingFigures) => number) => column(results.get(name) ?? [], pick);
const middle = (name: string, pick: (figures: PacingFigures) => number) => spread(of(name, pick)).median;
const columns: [string, (figures: PacingFigures) => number][] = [
  ['sd ms', (f) => f.sd],
  ['p50', (f) => f.p50],
  ['p95', (f) => f.p95],
  ['p99', (f) => f.p99],
  ['range', (f) => f.range],
  ['start lead ms', (f) => f.startLead],
  ['drift ppm', (f) => f.drift],
];
const rows = contestants.map(({ name }) => [name, ...columns.map(([, pick]) => figure(of(name, pick)))]);
const p99 = (f: PacingFigures) => f.p99;
const sd = (f: PacingFigures) => f.sd;
const againstFfmpeg = middle('videopush', p99) / middle('ffmpeg -re', p99);

report(options.hogs > 0 ? `pacing-hogs-${options.hogs}` : 'pacing', {
  title: `Pacing, 720p30, ${options.seconds} s, ${options.pairs} pairs, ${options.hogs} busy loops beside: median [range]`,
  tables: [table(['', ...columns.map(([title]) => title)], rows)],
  results,
  targets:
    options.hogs > 0
      ? [{ what: 'p99 against ffmpeg', value: againstFfmpeg, atMost: 1 / 4 }]
      : [
          { what: 'p99 against ffmpeg', value: againstFfmpeg, atMost: 1 / 10 },
          {
            what: 'sd against ffmpeg',
            value: middle('videopush', sd) / middle('ffmpeg -re', sd),
            atMost: 1 / 8,
          },
          {
            what: 'start lead',
            value: middle('videopush', (f) => f.startLead),
            atMost: 1000 / fps,
            unit: ' ms',
          },
          {
            what: 'p99 against the bare timer',
            value: middle('videopush', p99) / middle('bare timer', p99),
            atMost: 3,
          },
        ],
  conditions: { ...options, fps, encode, clip: 'testsrc2 1280x720, x264 medium with B-frames, 4 Mb/s' },
});
