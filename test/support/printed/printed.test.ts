import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expect, it } from 'vitest';
import { repoRoot } from '../../../scripts/paths.mjs';
import { allScenarios, chosen } from '../../../scripts/test/scenarios.mjs';
import { allStages } from '../../../scripts/test/stages.mjs';
import { helpCommands, pageCommands } from './printed.ts';
import {
  BENCHES,
  CHECKED_BY_LINT,
  CLUSTER,
  FROM_FFMPEG,
  GATE,
  HERE,
  LONG,
  PACKAGES,
  WITH_OWN_SERVER,
  WITH_STAND_INS,
} from './table.ts';

const listed = [
  ...[...HERE, ...FROM_FFMPEG, ...WITH_OWN_SERVER, ...WITH_STAND_INS, ...CLUSTER].map(
    ({ command }) => command,
  ),
  ...Object.values(PACKAGES),
  ...GATE,
  ...LONG,
  ...BENCHES,
  ...CHECKED_BY_LINT,
];

it('every command that a page or a help prints is run by a test, and no other is listed', async () => {
  const printed = [...pageCommands(), ...(await helpCommands())];
  const unlisted = printed.filter(({ command }) => !listed.includes(command));
  expect(
    unlisted.map(({ command, where }) => `${where}: ${command}`),
    'not in table.ts',
  ).toEqual([]);
  const commands = new Set(printed.map(({ command }) => command));
  expect(
    listed.filter((command) => !commands.has(command)),
    'not printed on any page or help',
  ).toEqual([]);
  expect(new Set(listed).size, 'listed twice').toBe(listed.length);
});

it('the stages of npm test that the pages name exist', () => {
  const stages = allStages().map(({ name }) => name);
  for (const command of GATE) {
    const words = command.replace(/^npm test( -- )?/, '').split(' ');
    const { values } = parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        stage: { type: 'string', multiple: true },
        shard: { type: 'string' },
        'no-setup': { type: 'boolean' },
      },
    });
    expect(stages).toEqual(expect.arrayContaining(values.stage ?? []));
  }
});

it('the scenarios of npm run test:long that the pages name exist', () => {
  for (const command of LONG) {
    const words = command
      .replace(/^npm run test:long( -- )?/, '')
      .split(' ')
      .filter(Boolean);
    const { positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: { seed: { type: 'string' }, list: { type: 'boolean' } },
    });
    expect(chosen(positionals, allScenarios()).length).toBeGreaterThan(0);
  }
});

it('the benches that the pages name exist', () => {
  for (const command of BENCHES) {
    const [, name] = /^npm run bench -- ([a-z]+)/.exec(command) ?? [];
    if (name) expect(existsSync(join(repoRoot, 'test', 'bench', `${name}.ts`)), command).toBe(true);
  }
});
