/**
 * Cost: CPU per frame of decoding, encoding and publishing at the source's rate, both our processes and their
 * supervisors together, against one `ffmpeg -re` with the same encoder options and threads. 720p and 1080p.
 * Beside it what the start takes, and the memory: the proportional set size of all processes, since they
 * share the pages of Node and of the libraries.
 */
import { benchClip } from '../support/bench/load.ts';
import { benchOptions } from '../support/bench/options.ts';
import { FIRST, type PushRun, runFfmpeg, runOurs } from '../support/bench/pushes.ts';
import { column, figure, report, spread, type Target, table } from '../support/bench/report.ts';
import { alternate, type Sample } from '../support/bench/runs.ts';

const options = benchOptions();
const fps = 30;
const sizes = [
  { name: '720p', width: 1280, height: 720, bitRate: 4_000_000, atMost: 1 },
  { name: '1080p', width: 1920, height: 1080, bitRate: 6_000_000, atMost: 1.05 },
];
type Cost = Omit<PushRun, 'units'>;
const withoutUnits = async (run: Promise<PushRun>): Promise<Cost> => {
  const { units: _, ...cost } = await run;
  return cost;
};

const all = new Map<string, Sample<Cost>[]>();
const tables: string[] = [];
const targets: Target[] = [];
for (const size of sizes) {
  // Two seconds more than asked for: the first 60 frames do not count.
  const seconds = options.seconds + 3;
  const clip = await benchClip({
    width: size.width,
    height: size.height,
    fps,
    seconds,
    bitRate: size.bitRate,
  });
  const encode = {
    preset: 'veryfast',
    tune: 'zerolatency',
    bitRate: size.bitRate,
    gopFrames: 60,
    threads: 2,
  };
  const settings = { clip, frames: seconds * fps, seconds, encode };
  const contestants = [
    { name: `videopush ${size.name}`, run: () => withoutUnits(runOurs(settings)) },
    { name: `ffmpeg -re ${size.name}`, run: () => withoutUnits(runFfmpeg(settings)) },
  ];
  const results = await alternate(contestants, options.pairs, { report: (line) => console.log(line) });
  for (const [name, samples] of results) all.set(name, samples);
  const of = (name: string, pick: (cost: Cost) => number) => column(results.get(name) ?? [], pick);
  const [ours, rival] = contestants.map(({ name }) => of(name, (cost) => cost.cpuPerFrame)) as [
    number[],
    number[],
  ];
  targets.push({
    what: `CPU against ffmpeg, ${size.name}`,
    value: spread(ours).median / spread(rival).median,
    atMost: size.atMost,
  });
  if (size.name === '720p') {
    const name = contestants[0]?.name ?? '';
    targets.push(
      {
        what: 'memory of both processes, 720p',
        value: spread(of(name, ({ memory }) => memory / 1e6)).median,
        atMost: 160,
        unit: ' MB',
      },
      {
        what: 'CPU of the start, 720p',
        value: spread(of(name, ({ startUpCpu, cpuPerFrame }) => startUpCpu - (FIRST * cpuPerFrame) / 1000))
          .median,
        atMost: 0.3,
        unit: ' s',
      },
    );
  }
  tables.push(
    table(
      [size.name, 'cpu ms/frame', 'start-up ms', 'start-up cpu s', 'PSS MB', 'of it queue', 'peak RSS MB'],
      contestants.map(({ name }) => [
        name,
        figure(of(name, (cost) => cost.cpuPerFrame)),
        figure(
          of(name, (cost) => cost.startUpMs),
          0,
        ),
        figure(of(name, (cost) => cost.startUpCpu)),
        ...(['memory', 'sharedMemory', 'peakMemory'] as const).map((key) =>
          figure(
            of(name, (cost) => cost[key] / 1e6),
            0,
          ),
        ),
      ]),
    ),
  );
}

report('cost', {
  title: `Cost, ${options.seconds} s, ${options.pairs} pairs: CPU from frame 60 to 15 frames before the end, median [range]`,
  tables,
  results: all,
  targets,
  conditions: { ...options, fps, threads: 2, preset: 'veryfast', tune: 'zerolatency' },
});
