/**
 * Loop: what pushing does to the event loop of the process it runs in: during four pushes,
 * through servers that refuse, are silent, swallow packets or stop reading; and how long an
 * abort takes in each of these waits.
 */

import { benchOptions } from '../support/bench/options.ts';
import { column, figure, report, spread, table } from '../support/bench/report.ts';
import { alternate } from '../support/bench/runs.ts';
import { BlackHole } from '../support/black-hole.ts';
import { LoopMeter } from '../support/loop-meter.ts';
import { freePort } from '../support/ports.ts';
import { RawServer } from '../support/raw-server.ts';
import { Recorder } from '../support/recorder.ts';
import { Push } from '../support/sessions.ts';
import { until } from '../support/until.ts';

interface Figures {
  p99: number;
  longest: number;
  /** The time that each abort took, in milliseconds, by the activity that it ended. */
  aborts: Record<string, number>;
}

const options = benchOptions({ seconds: 20 });
const encoder = { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency' };

async function aborted(push: Push): Promise<number> {
  const started = performance.now();
  push.encoder.abort();
  push.decoder.abort();
  await Promise.allSettled([push.encoder.wait(), push.decoder.wait()]);
  return performance.now() - started;
}

async function fourPushes(): Promise<Figures> {
  await using recorder = await Recorder.start();
  const pushes = Array.from(
    { length: 4 },
    (_, i) =>
      new Push({
        source: { testPattern: { width: 640, height: 360, frameRate: '30' } },
        outputs: recorder.url(`push-${i}`),
        encode: { encoder: { ...encoder, bitRate: 1_000_000 } },
      }),
  );
  try {
    await recorder.untilUnits(4 * 30, 30_000);
    using meter = new LoopMeter();
    await recorder.untilUnits(4 * 30 * (options.seconds + 1), (options.seconds + 60) * 1000);
    const figures = { p99: meter.p99(), longest: meter.max() };
    const aborts = await Promise.all(pushes.map(aborted));
    return { ...figures, aborts: { 'four at once': Math.max(...aborts) } };
  } finally {
    await Promise.all(pushes.map((push) => push[Symbol.asyncDispose]()));
  }
}

async function faults(): Promise<Figures> {
  await using silent = await RawServer.start('silent');
  await using deaf = await RawServer.start('deaf');
  await using rubbish = await RawServer.start('garbage');
  await using closing = await RawServer.start('close');
  await using resetting = await RawServer.start('reset');
  await using hole = await BlackHole.open();
  await using stopped = await Recorder.start({ receiveBuffer: 65_536 });
  const servers = { silent, deaf, rubbish, closing, resetting };
  const cases = [
    ...Object.entries(servers).flatMap(([name, server]) =>
      ['rtsp', 'rtmp'].map((scheme) => [`${name} ${scheme}`, server.url(scheme)] as const),
    ),
    ['refusing', `rtsp://127.0.0.1:${await freePort()}/live`],
    ['black hole', `rtsp://127.0.0.1:${hole.port}/live`],
    ['unknown host', 'rtsp://no-such-host.invalid/live'],
    ['stopped reading', stopped.url()],
  ] as const;
  const aborts: Record<string, number> = {};
  using meter = new LoopMeter();
  for (const [name, url] of cases) {
    await using push = new Push({
      source: { testPattern: { width: 640, height: 360, frameRate: '30' } },
      outputs: [{ name: 'main', url }],
      encode: { encoder: { ...encoder, bitRate: 20_000_000 } },
    });
    if (url === stopped.url()) {
      await stopped.untilUnits(10, 20_000);
      stopped.program.signal('SIGSTOP');
      await until('a write that waits', () => push.output().backlogBytes > 200_000, 20_000);
    } else {
      await until('the wait', () => push.output().phase !== 'Idle', 20_000);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    aborts[name] = await aborted(push);
  }
  stopped.program.signal('SIGCONT');
  return { p99: meter.p99(), longest: meter.max(), aborts };
}

const contestants = [
  { name: 'four pushes', run: fourPushes },
  { name: 'faults', run: faults },
];
const results = await alternate(contestants, options.pairs, { report: (line) => console.log(line) });
const slowest = ({ aborts }: Figures) => Math.max(...Object.values(aborts));
const of = (name: string, pick: (figures: Figures) => number) => column(results.get(name) ?? [], pick);

report('loop', {
  title: `Event loop, ${options.pairs} runs each, ms: median [range]`,
  tables: [
    table(
      ['', 'delay p99', 'longest delay', 'slowest abort'],
      contestants.map(({ name }) => [
        name,
        figure(of(name, (f) => f.p99)),
        figure(of(name, (f) => f.longest)),
        figure(of(name, slowest), 0),
      ]),
    ),
    table(
      ['abort while', 'ms'],
      [...results.values()].flatMap((samples) =>
        Object.keys(samples[0]?.value.aborts ?? {}).map((what) => [
          what,
          figure(
            column(samples, (figures) => figures.aborts[what] ?? Number.NaN),
            0,
          ),
        ]),
      ),
    ),
  ],
  results,
  targets: [
    {
      what: 'delay p99 during four pushes',
      value: spread(of('four pushes', (f) => f.p99)).median,
      atMost: 5,
      unit: ' ms',
    },
    {
      what: 'delay p99 through the faults',
      value: spread(of('faults', (f) => f.p99)).median,
      atMost: 10,
      unit: ' ms',
    },
    {
      what: 'slowest abort of all',
      value: Math.max(...[...results.values()].flat().map((sample) => slowest(sample.value))),
      atMost: 100,
      unit: ' ms',
    },
  ],
  conditions: { ...options, picture: '640x360 at 30 fps, ultrafast' },
});
