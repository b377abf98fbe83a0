import { basename } from 'node:path';
import { expect, it } from 'vitest';
import { programOf } from './program.mjs';

const wordsOf = (line: string): string[] => line.split(' ').filter(Boolean);

it.each(['--against HEAD~1', '--against=HEAD~1', '--pairs 3 --against=HEAD~1 --hogs=2'])(
  'a bench alternates with another commit when it is given %s',
  (line) => {
    const [file, words] = programOf('cost', wordsOf(line));
    expect(basename(file)).toBe('against.ts');
    expect(words).toEqual(['cost', ...wordsOf(line)]);
  },
);

it.each(['', '--pairs 3', '--seconds=5'])('a bench runs alone with the options “%s”', (line) => {
  const [file, words] = programOf('cost', wordsOf(line));
  expect(basename(file)).toBe('cost.ts');
  expect(words).toEqual(wordsOf(line));
});
