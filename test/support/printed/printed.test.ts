import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expect, it } from 'vitest';
import { repoRoot } from '../../../scripts/paths.mjs';
import { allScenarios, chosen } from '../../../scripts/test/scenarios.mjs';
import { allStages } from '../../../scripts/test/stages.mjs';
import { allProseCommands, helpCommands, isShortFor, pageCommands, proseCommands } from './printed.ts';
import {
  BENCHES,
  CHECKED_BY_LINT,
  CLUSTER,
  FROM_FFMPEG,
  GATE,
  HERE,
  IN_THE_LONG_SUITE,
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
  ...IN_THE_LONG_SUITE,
  ...BENCHES,
  ...CHECKED_BY_LINT,
];

it('every command that a page or a help prints is run by a test, and no other is listed', async () => {
  const whole = [...pageCommands(), ...(await helpCommands())];
  const mentioned = allProseCommands();
  const isRun = (mention: string) => listed.some((command) => isShortFor(mention, command));
  const unlisted = [
    ...whole.filter(({ command }) => !listed.includes(command)),
    ...mentioned.filter(({ command }) => !isRun(command)),
  ];
  expect(
    unlisted.map(({ command, where }) => `${where}: ${command}`),
    'not in table.ts',
  ).toEqual([]);
  const commands = new Set([...whole, ...mentioned].map(({ command }) => command));
  expect(
    listed.filter((command) => !commands.has(command)),
    'not printed on any page or help',
  ).toEqual([]);
  expect(new Set(listed).size, 'listed twice').toBe(listed.length);
});

it("commands are found in the sentences and tables of a page, but not in blocks or as a program's name alone", () => {
  const page = [
    '# A page',
    '',
    '```sh',
    'npm run demo   # `npm run other`',
    '```',
    '',
    'With `kind` or `docker`, `kind: List`: `npm run',
    'images -- worker`, then',
    '',
    '| `kubectl describe ms` | `helm` |',
  ].join('\n');
  expect(proseCommands(page)).toEqual([
    { command: 'npm run images -- worker', line: 7 },
    { command: 'kubectl describe ms', line: 10 },
  ]);
});

it('a sentence may leave out words of a command, but may not add any', () => {
  const command = 'helm install videopush charts/videopush --create-namespace --wait';
  expect(isShortFor('helm install --wait', command)).toBe(true);
  expect(isShortFor('helm install --atomic', command)).toBe(false);
  expect(isShortFor('install helm', command)).toBe(false);
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
