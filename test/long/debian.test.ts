/** Runs one command of the manual on a bare Debian; scripts/test/scenarios.mjs chooses it. */
import { expect, it } from 'vitest';
import { runInDebian } from '../support/bare-debian.ts';

const version = Number(process.env.VIDEOPUSH_DEBIAN ?? '12');
const command = process.env.VIDEOPUSH_DEBIAN_COMMAND ?? 'npm run demo';
/** Less than the scenario's own time limit, so that this test reports a failure. */
const LIMIT_MILLISECONDS = 19 * 60_000;

it(`a bare Debian ${version} runs “${command}” to its end`, async () => {
  expect([12, 13]).toContain(version);
  await runInDebian(version as 12 | 13, command, LIMIT_MILLISECONDS);
});
