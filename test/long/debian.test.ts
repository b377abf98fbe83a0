/** A bare Debian does what the README prints: one part per run of this file, as scripts/test/scenarios.mjs names them. */
import { expect, it } from 'vitest';
import { runInDebian } from '../support/bare-debian.ts';

const version = Number(process.env.VIDEOPUSH_DEBIAN ?? '12');
const part = process.env.VIDEOPUSH_DEBIAN_PART ?? 'demo';
/** Less than the scenario has, so that a failure is told here. */
const LIMIT_MILLISECONDS = 19 * 60_000;

/** Parts that are no stages. */
const COMMANDS: Readonly<Record<string, string>> = {
  demo: 'npm run demo',
  setup: 'npm run setup -- --for test',
};

it(`a bare Debian ${version}: ${COMMANDS[part] ?? `npm test -- --stage ${part}`}`, async () => {
  expect([12, 13]).toContain(version);
  await runInDebian(version as 12 | 13, COMMANDS[part] ?? `npm test -- --stage ${part}`, LIMIT_MILLISECONDS);
});
