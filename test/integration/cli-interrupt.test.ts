/** Ctrl+C in a terminal, for every way in which the command is started. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { binFolder, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { Program } from '../support/program.ts';
import { Terminal } from '../support/terminal.ts';
import { Scratch } from '../support/tools.ts';

/**
 * The environment of a person's shell: the Node of the system, which may be older than the command's, comes
 * first.
 */
const outside = {
  ...process.env,
  PATH: (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .join(':'),
};
for (const name of Object.keys(outside)) if (name.startsWith('npm_')) delete outside[name as never];

const WAYS: [string, string, string[]][] = [
  ['by Node 24', nodeBinary(), [join(repoRoot, 'cli', 'bin', 'videopush.mjs')]],
  ["by the system's Node", join(binFolder, 'videopush'), []],
  ['by npx', 'npx', ['videopush']],
];

/** Frame queues whose owner, named in the folder's name, has ended. */
const orphans = (): string[] =>
  readdirSync('/dev/shm').filter((name) => {
    const [, pid] = /^videopush-\d+-(\d+)-/.exec(name) ?? [];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });

const start = (command: string, args: string[], file: string): Terminal =>
  new Terminal(command, [...args, 'push', 'testpattern:size=320x180', file], {
    cwd: repoRoot,
    env: outside,
  });

describe.each(WAYS)('a push started %s', (way, command, args) => {
  it(`a push started ${way} ends in order with code 0 and a summary after one Ctrl+C`, async () => {
    using scratch = new Scratch();
    await using terminal = start(command, args, scratch.file('out.mkv'));
    await terminal.program.waitForLine(/sent +[1-9]/, 40_000);
    terminal.interrupt();
    expect(await terminal.program.waitForExit(30_000), terminal.program.tail()).toMatchObject({ code: 0 });
    expect(terminal.program.stdout.join('\n')).toMatch(/ledger +\d+ source frames = [1-9]/);
  }, 100_000);

  it(`a push started ${way} ends at once with code 1 after a second Ctrl+C, and leaves no frame queue behind`, async () => {
    using scratch = new Scratch();
    const before = new Set(orphans());
    await using terminal = start(command, args, scratch.file('out.mkv'));
    await terminal.program.waitForLine(/sent +[1-9]/, 40_000);
    terminal.interrupt();
    await sleep(400);
    terminal.interrupt();
    const since = performance.now();
    expect(await terminal.program.waitForExit(30_000), terminal.program.tail()).toMatchObject({ code: 1 });
    expect(performance.now() - since).toBeLessThan(5_000);
    expect(terminal.program.stdout.join('\n')).not.toContain('source frames');
    expect(orphans().filter((name) => !before.has(name))).toEqual([]);
  }, 100_000);
});

it('a signal that only the launcher of Node 24 gets ends the push in order', async () => {
  using scratch = new Scratch();
  const words = ['push', 'testpattern:size=320x180', scratch.file('out.mkv')];
  await using push = new Program(join(binFolder, 'videopush'), words, { cwd: repoRoot, env: outside });
  await push.waitForLine((line) => /"sent":[1-9]/.test(line), 40_000);
  push.signal('SIGINT');
  expect(await push.waitForExit(30_000), push.tail()).toMatchObject({ code: 0 });
  expect(push.stdout.join('\n')).toContain('"type":"summary"');
}, 100_000);
