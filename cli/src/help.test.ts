import { Command } from 'commander';
import { expect, it } from 'vitest';
import { nameHelps, wrapped } from './help.ts';

it('paragraphs of a help text are wrapped at the width of the terminal, and lines of examples stay whole', () => {
  const text = `one two three four five six\n\n  videopush push a-long-file-name.mp4 rtsp://host/path`;
  expect(wrapped(text, 14).split('\n')).toEqual([
    'one two three',
    'four five six',
    '',
    '  videopush push a-long-file-name.mp4 rtsp://host/path',
  ]);
});

/** What the command prints about the words that it was given. */
function mistake(...words: string[]): string {
  let said = '';
  const root = new Command('videopush')
    .exitOverride()
    .configureOutput({ writeErr: (text) => (said += text) });
  root.command('push').option('--codec <NAME>');
  root.command('server').option('--host <ADDRESS>');
  nameHelps(root);
  expect(() => root.parse(words, { from: 'user' })).toThrow();
  return said;
}

it.each([
  [
    'a misspelt option of a command',
    ['push', '--codek', 'H264'],
    '(videopush push --help lists the options)',
  ],
  ['an option without its value', ['server', '--host'], '(videopush server --help lists the options)'],
  [
    'an option of another command',
    ['server', '--codec', 'VP8'],
    '(videopush server --help lists the options)',
  ],
  ['a misspelt command', ['pusch'], '(videopush --help lists the commands)'],
  ['a misspelt option before the command', ['--versoin'], '(videopush --help lists the commands)'],
])('the hint after %s names the help that lists the right words', (_, words, hint) => {
  expect(
    mistake(...words)
      .trimEnd()
      .split('\n')
      .at(-1),
  ).toBe(hint);
});
