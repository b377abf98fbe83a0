/** The live view on a real terminal: colour, and what a change of the window's size leaves behind. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { childEnvironment, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { Terminal, type TerminalOptions } from '../support/terminal.ts';
import { Scratch } from '../support/tools.ts';

/**
 * A colour terminal of its own: neither the one that runs the tests nor `CI`, which turns colour off, counts.
 */
const TERMINAL = {
  TERM: 'xterm-256color',
  CI: undefined,
  TMUX: undefined,
  COLORTERM: undefined,
  NO_COLOR: undefined,
  NODE_DISABLE_COLORS: undefined,
  FORCE_COLOR: undefined,
};

const push = (file: string, options: TerminalOptions): Terminal => {
  const words = ['push', 'testpattern:size=320x180', file, '--for', '4'];
  return new Terminal(nodeBinary(), [join(repoRoot, 'cli', 'bin', 'videopush.mjs'), ...words], {
    limitMilliseconds: 90_000,
    env: childEnvironment(TERMINAL),
    ...options,
  });
};

const GREEN = '\u001b[32mconnected';

it('the live view is coloured on a terminal, and not where NO_COLOR is set', async () => {
  using scratch = new Scratch();
  await using coloured = push(scratch.file('a.mkv'), {});
  expect(await coloured.program.waitForExit(60_000), coloured.program.tail()).toMatchObject({ code: 0 });
  expect(coloured.program.stdout.join('\n')).toContain(GREEN);

  await using plain = push(scratch.file('b.mkv'), {
    env: childEnvironment({ ...TERMINAL, NO_COLOR: '1' }),
  });
  expect(await plain.program.waitForExit(60_000), plain.program.tail()).toMatchObject({ code: 0 });
  expect(plain.program.stdout.join('\n')).toContain('connected');
  expect(plain.program.stdout.join('\n')).not.toContain(GREEN);
}, 150_000);

it('a window that changes its size is emptied and drawn again at its new width', async () => {
  using scratch = new Scratch();
  await using terminal = push(scratch.file('out.mkv'), {
    columns: 100,
    rows: 30,
    resize: { afterSeconds: 4, columns: 50, rows: 20 },
  });
  expect(await terminal.program.waitForExit(60_000), terminal.program.tail()).toMatchObject({ code: 0 });
  const [before = '', ...after] = terminal.program.stdout.join('\n').split('\u001b[H');
  expect(before).toContain('push: metrics at');
  // Every line of the window is emptied; what stays and the view are written again.
  expect(after[0]?.split('\u001b[2K')).toHaveLength(21);
  expect(after[1]).toContain('push: metrics at');
  const widest = after
    .join('')
    .split('\n')
    .filter((line) => line.includes('lateness'));
  for (const line of widest) expect(line.length).toBeLessThan(100);
}, 100_000);
