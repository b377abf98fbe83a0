/** Runs one part of the README on a bare Debian; scripts/test/scenarios.mjs names the parts. */
import { expect, it } from 'vitest';
import { runInDebian } from '../support/bare-debian.ts';

const version = Number(process.env.VIDEOPUSH_DEBIAN ?? '12');
const part = process.env.VIDEOPUSH_DEBIAN_PART ?? 'demo';
/** Less than the scenario's own time limit, so that this test reports a failure. */
const LIMIT_MILLISECONDS = 19 * 60_000;

/** The commands of the parts that are not stages of `npm test`. */
const COMMANDS: Readonly<Record<string, string>> = {
  demo: 'npm run demo',
  setup: 'npm run setup -- --for test',
};

it(`a bare Debian ${version}: ${COMMANDS[part] ?? `npm test -- --stage ${part}`}`, async () => {
  expect([12, 13]).toContain(version);
  await runInDebian(version as 12 | 13, COMMANDS[part] ?? `npm test -- --stage ${part}`, LIMIT_MILLISECONDS);
});
