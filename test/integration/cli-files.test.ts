/** Files on the command line: written and read exactly where they were named. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { childEnvironment, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { processTree } from '../support/process-tree.ts';
import { Program } from '../support/program.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const CLI = join(repoRoot, 'cli', 'bin', 'videopush.mjs');

/** Runs in `folder`, so that names without a folder can be given. */
const videopushIn = (cwd: string, ...words: string[]): Program =>
  new Program(nodeBinary(), [CLI, ...words], { cwd, env: childEnvironment(), limitMilliseconds: 150_000 });

const summaryOf = (program: Program) =>
  program.stdout.map((line) => JSON.parse(line)).findLast(({ type }) => type === 'summary');

const PATTERN = 'testpattern:size=64x64,rate=10,duration=0.5';

it.each([
  ['filename.mkv', 'filename.mkv'],
  [' rtmp: 100%25?.ts', ' rtmp: 100%25?.ts'],
  ['file:one%20two%C3%A4.mkv', 'one twoä.mkv'],
])(
  'push writes %s where it was named, and probe and push read it by that name',
  async (name, file) => {
    using scratch = new Scratch();
    await using push = videopushIn(scratch.path, 'push', PATTERN, '--', name);
    expect(await push.waitForExit(60_000), push.tail()).toMatchObject({ code: 0 });
    expect(readdirSync(scratch.path)).toEqual([file]);
    expect(summaryOf(push)).toMatchObject({ outputs: [{ url: name, sent: 5 }] });

    await using probe = videopushIn(scratch.path, 'probe', '--json', '--', name);
    expect(await probe.waitForExit(60_000), probe.tail()).toMatchObject({ code: 0 });
    await using again = videopushIn(scratch.path, 'push', '--', name, 'copy.mkv');
    expect(await again.waitForExit(60_000), again.tail()).toMatchObject({ code: 0 });
    expect(summaryOf(again)).toMatchObject({ outputs: [{ url: 'copy.mkv', sent: 5 }] });
  },
  200_000,
);

it('a name that is not UTF-8 is refused with the way to write it, which works', async () => {
  using scratch = new Scratch();
  const words = `"$1" "$2" push ${PATTERN} "$(printf 'caf\\351.mkv')"`;
  await using broken = new Program('sh', ['-c', `exec ${words}`, 'sh', nodeBinary(), CLI], {
    cwd: scratch.path,
    env: childEnvironment(),
    limitMilliseconds: 60_000,
  });
  expect(await broken.waitForExit(60_000)).toMatchObject({ code: 2 });
  expect(broken.stderr.join('\n')).toMatch(/not UTF-8[\s\S]*file:caf%E9\.mkv/);
  expect(readdirSync(scratch.path)).toEqual([]);

  await using push = videopushIn(scratch.path, 'push', PATTERN, 'file:caf%E9.mkv');
  expect(await push.waitForExit(60_000), push.tail()).toMatchObject({ code: 0 });
  expect(readdirSync(scratch.path, { encoding: 'latin1' })).toEqual(['café.mkv']);
}, 150_000);

it('a push whose encoder was started again names every file that it has written', async () => {
  using scratch = new Scratch();
  const pattern = 'testpattern:size=64x64,rate=10,duration=8';
  await using push = videopushIn(scratch.path, 'push', pattern, 'out.mkv');
  const statusOf = (line: string) => JSON.parse(line) as { type: string; outputs: { sent: number }[] };
  const sends = (line: string) =>
    statusOf(line).type === 'status' && (statusOf(line).outputs[0]?.sent ?? 0) > 10;
  await until('frames in the first file', () => push.stdout.some(sends), 60_000);
  const encoder = processTree(push.pid).find(
    ({ argv }) => argv[0]?.endsWith('node') && argv.some((word) => word.endsWith('encoder.json')),
  );
  process.kill(encoder?.pid as number, 'SIGKILL');
  expect(await push.waitForExit(90_000), push.tail()).toMatchObject({ code: 0 });
  const files = ['out.mkv', 'out-2.mkv'];
  expect(readdirSync(scratch.path).sort()).toEqual(files.toSorted());
  expect(summaryOf(push)).toMatchObject({
    outputs: [{ url: 'out.mkv', files, sourceFrames: 80, sent: 80, dropped: 0, failed: 0, unsettled: 0 }],
  });
}, 180_000);
