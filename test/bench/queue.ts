/**
 * Queue: 1080p frames through the shared-memory ring between two processes against memcpy over 20 rotating
 * buffers, and the time a frame takes to be handed over at 60 frames per second. The program is
 * native/test/bench/queue_bench.
 */
import { nativeBuild, nativeProgram } from '../../scripts/setup/native-build.mjs';
import { benchOptions } from '../support/bench/options.ts';
import { column, figure, report, spread, table } from '../support/bench/report.ts';
import { alternate } from '../support/bench/runs.ts';
import { run } from '../support/program.ts';

/** The last line of one pair: both contestants run within it, one after the other. */
interface Pair {
  ringCpuMilliseconds: number;
  memcpyCpuMilliseconds: number;
  ratio: number;
  handoffP50Milliseconds: number;
  handoffP99Milliseconds: number;
}

const options = benchOptions({ seconds: 10 });
const frames = 3000;
for (const { file, args, env } of nativeBuild('bench')) {
  await run(file, args, { env, limitMilliseconds: 600_000 });
}
const program = nativeProgram('bench', 'queue_bench');

const results = await alternate(
  [
    {
      name: 'ring and memcpy',
      run: async () => {
        const { stdout } = await run(program, ['1', `${frames}`, `${options.seconds}`], {
          limitMilliseconds: 0,
        });
        return JSON.parse(stdout.at(-1) ?? '{}') as Pair;
      },
    },
  ],
  options.pairs,
  { report: (line) => console.log(line) },
);
const of = (pick: (pair: Pair) => number) => column(results.get('ring and memcpy') ?? [], pick);
const handoff = of((pair) => pair.handoffP99Milliseconds);

report('queue', {
  title: `Queue, 1080p yuv420p, ${frames} frames, ${options.pairs} pairs: CPU of all processes, median [range]`,
  tables: [
    table(
      ['', 'cpu ms/frame', 'hand-off p50 ms', 'hand-off p99 ms'],
      [
        [
          'ring, two processes',
          figure(
            of((pair) => pair.ringCpuMilliseconds),
            3,
          ),
          figure(
            of((pair) => pair.handoffP50Milliseconds),
            3,
          ),
          figure(handoff, 3),
        ],
        [
          'memcpy, 20 buffers',
          figure(
            of((pair) => pair.memcpyCpuMilliseconds),
            3,
          ),
          '',
          '',
        ],
      ],
    ),
  ],
  results,
  targets: [
    { what: 'CPU against memcpy', value: spread(of((pair) => pair.ratio)).median, atMost: 2.5 },
    { what: 'hand-off p99', value: spread(handoff).median, atMost: 1, unit: ' ms' },
  ],
  conditions: { ...options, frames },
});
