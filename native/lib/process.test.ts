/** What the addon does to its process: it never kills it, never keeps it, and gives memory back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeClip } from '../../test/support/clips.ts';
import { run } from '../../test/support/program.ts';
import { testSeed } from '../../test/support/random.ts';
import { within } from '../../test/support/repetitions.ts';
import { Scratch } from '../../test/support/tools.ts';

const program = import.meta.filename.replace('.test.ts', '.test-program.ts');
let scratch: Scratch;

beforeAll(() => {
  scratch = new Scratch({ memory: true });
});
afterAll(() => scratch[Symbol.dispose]());

/** Runs a scenario in a process of its own; fails on a signal or an exit code. Returns its lines. */
async function scenario(name: string, ...given: string[]): Promise<string[]> {
  const { stdout } = await run(process.execPath, ['--expose-gc', program, name, ...given], {
    limitMilliseconds: within(120_000),
  });
  const lines = [...stdout];
  expect(lines.pop()).toBe('done');
  return lines;
}

it('a process ends by itself whatever was left open', async () => {
  const begin = performance.now();
  await scenario('abandon', scratch.path);
  const took = performance.now() - begin;
  console.log(`ended after ${took.toFixed(0)} ms`);
  expect(took).toBeLessThan(20_000);
});

it('a worker thread may be ended while sessions run in it', async () => {
  await scenario('worker', scratch.path);
});

it(
  'every method in every state gives a result or a typed error, and none ends the process by a signal',
  async () => {
    await makeClip({
      path: scratch.file('clip.mp4'),
      frames: 30,
      width: 320,
      height: 48,
      gop: 10,
      bFrames: 2,
    });
    const seed = testSeed();
    console.log(`seed ${seed}`);
    const lines = await scenario('misuse', scratch.path, String(seed));
    console.log(lines.join('\n'));
  },
  within(120_000),
);

it('several calls may wait for one object at the same time', async () => {
  await scenario('together', scratch.path);
});

it('frames that nobody releases are collected in time, and all of them in the end', async () => {
  const clip = await makeClip({ path: scratch.file('hd.mp4'), frames: 300, width: 1280, height: 720 });
  const [line = '{}'] = await scenario('read', clip);
  const { most, external } = JSON.parse(line) as { most: number; external: number };
  console.log(
    `300 frames of 2.8 MB, six times: at most ${most.toFixed(0)} MB, external at the end ${external.toFixed(1)} MB`,
  );
  expect(most).toBeLessThan(1200); // all of them would be 5000
  expect(external).toBeLessThan(60);
}, 60_000);

it('libavfilter and what it brings are loaded by the first picture that needs a filter, not before', async () => {
  const clip = await makeClip({ path: scratch.file('plain.mp4'), frames: 5, width: 320, height: 48 });
  expect(await scenario('filters', clip)).toEqual(['false', 'true']);
});
