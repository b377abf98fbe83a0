import { expect, it } from 'vitest';
import { wrapped } from './help.ts';

it('paragraphs of a help are wrapped at the width of the terminal, and lines of examples stay whole', () => {
  const text = `one two three four five six\n\n  videopush push a-long-file-name.mp4 rtsp://host/path`;
  expect(wrapped(text, 14).split('\n')).toEqual([
    'one two three',
    'four five six',
    '',
    '  videopush push a-long-file-name.mp4 rtsp://host/path',
  ]);
});
