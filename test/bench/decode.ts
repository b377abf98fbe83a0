/**
 * Decode: the whole of a 1080p clip through the addon, no frame crossing into JavaScript, against
 * `ffmpeg -i X -f null -` with the same decoder threads. Ours is a decode session whose queue nobody empties
 * and which drops what does not fit.
 */
import { DecodeSession } from '@videopush/native';
import { benchClip } from '../support/bench/load.ts';
import { benchOptions } from '../support/bench/options.ts';
import { column, figure, report, spread, table } from '../support/bench/report.ts';
import { alternate } from '../support/bench/runs.ts';
import { CpuMeter } from '../support/meters.ts';
import { run } from '../support/program.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

interface Decoded {
  framesPerSecond: number;
  cpuPerFrame: number;
}

const options = benchOptions();
const fps = 30;
const frames = options.seconds * fps;
const threads = 2;
const clip = await benchClip({
  width: 1920,
  height: 1080,
  fps,
  seconds: options.seconds,
  bitRate: 6_000_000,
});

async function ours(): Promise<Decoded> {
  using scratch = new Scratch({ memory: true });
  const session = new DecodeSession({
    source: { uri: clip, threads },
    onEnd: 'Complete',
    ring: { path: scratch.file('frames'), whenFull: 'DropNewest', outputs: ['none'] },
  });
  const meter = new CpuMeter([process.pid]);
  const cpuBefore = meter.read();
  const started = performance.now();
  session.start();
  const done = await until(
    'the end of the clip',
    () => {
      const { phase, decoded, error } = session.snapshot();
      if (error) throw new Error(error.message);
      return phase === 'Ended' && decoded;
    },
    600_000,
  );
  const seconds = (performance.now() - started) / 1000;
  const cpu = meter.read() - cpuBefore;
  session.abort();
  await session.close();
  if (done !== frames) throw new Error(`decoded ${done} of ${frames} frames`);
  return { framesPerSecond: done / seconds, cpuPerFrame: (cpu * 1000) / done };
}

/**
 * ffmpeg's own account of its time (`-benchmark`), so that starting the program does not count against it.
 */
async function ffmpeg(): Promise<Decoded> {
  const args = ['-v', 'info', '-nostats', '-nostdin', '-benchmark', '-threads', `${threads}`, '-i', clip];
  const program = await run('ffmpeg', [...args, '-map', '0:v:0', '-f', 'null', '-']);
  const times = /bench: utime=([\d.]+)s stime=([\d.]+)s rtime=([\d.]+)s/.exec(program.stderr.join('\n'));
  if (!times) throw new Error(program.tail());
  const [user, system, real] = times.slice(1).map(Number) as [number, number, number];
  return { framesPerSecond: frames / real, cpuPerFrame: ((user + system) * 1000) / frames };
}

const contestants = [
  { name: 'videopush', run: ours },
  { name: 'ffmpeg -f null', run: ffmpeg },
];
const results = await alternate(contestants, options.pairs, { report: (line) => console.log(line) });
const rate = (name: string) => column(results.get(name) ?? [], (decoded) => decoded.framesPerSecond);

report('decode', {
  title: `Decode, 1080p, ${frames} frames, ${threads} threads, ${options.pairs} pairs: median [range]`,
  tables: [
    table(
      ['', 'frames/s', 'cpu ms/frame'],
      contestants.map(({ name }) => [
        name,
        figure(rate(name), 0),
        figure(column(results.get(name) ?? [], (decoded) => decoded.cpuPerFrame)),
      ]),
    ),
  ],
  results,
  targets: [
    {
      what: 'frame rate against ffmpeg',
      value: spread(rate('videopush')).median / spread(rate('ffmpeg -f null')).median,
      atLeast: 0.97,
    },
  ],
  conditions: { ...options, threads, clip: 'testsrc2 1920x1080, x264 medium with B-frames, 6 Mb/s' },
});
