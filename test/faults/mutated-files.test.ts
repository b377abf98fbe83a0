/**
 * Mutated files, each read in full under AddressSanitizer by native/test/fuzz: a typed error or frames, in
 * bounded time, nothing else opened. Mutated RTSP answers are a unit test of native/test/sinks.
 */
import { expect, it } from 'vitest';
import { nativeBuild, nativeProgram } from '../../scripts/setup/native-build.mjs';
import { run } from '../support/program.ts';
import { count } from '../support/repetitions.ts';

it('mutated files end in frames or in a typed error, never in a crash or a hang', async () => {
  const files = count(200, 2_000);
  const seed = process.env.VIDEOPUSH_TEST_SEED ?? '1';
  // Compiling the core with the sanitizer takes most of the time, unless the stage native-asan has done so.
  for (const { file, args, env } of nativeBuild('fuzz')) {
    await run(file, args, { env, limitMilliseconds: 900_000 });
  }
  const { stdout } = await run(nativeProgram('fuzz', 'mutate_sources'), [`${files}`, seed], {
    env: { ...process.env, VERBOSE: '1' },
    limitMilliseconds: 900_000,
  });
  const endings = stdout.flatMap((line) => {
    const [, times, ending] = /^ *(\d+) (\w+)$/.exec(line) ?? [];
    return ending ? [{ ending, times: Number(times) }] : [];
  });
  console.log(endings.map(({ ending, times }) => `${times} ${ending}`).join(', '));
  expect(stdout).toContainEqual(expect.stringMatching(/^0 failures/));
  expect(endings.reduce((sum, { times }) => sum + times, 0)).toBe(files);
  // Mutations that never hurt, or always do, would prove nothing.
  expect(endings.length).toBeGreaterThan(3);
}, 1_000_000);
