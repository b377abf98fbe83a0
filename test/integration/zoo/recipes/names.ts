/** Names of files, as people and programs give them. */
import type { Recipe } from '../../../support/zoo/recipe.ts';
import { H264 } from './encode.ts';

const named = (name: string, file: string, word?: string): Recipe => ({
  name: `name-${name}`,
  what: `a file with the name ${JSON.stringify(word ?? file)}`,
  ending: 'mp4',
  parts: [{ frames: 5, encode: H264 }],
  file,
  ...(word !== undefined && { word }),
  expected: {},
});

export const NAMES: readonly Recipe[] = [
  named('blanks', ' two  blanks .mp4'),
  named('percent', '100%20%d.mp4'),
  named('colon', 'rtsp: 12:30:00.mp4'),
  named('marks', `what's "this"?#1&2*[3]{4}.mp4`),
  named('dash', '-i.mp4'),
  named('backslash', 'C:\\films\\one.mp4'),
  {
    ...named('newline', 'two\nlines.mp4'),
    expected: { refused: 'exit 1', says: 'must not contain control characters' },
  },
  named('unicode', '影片 – é\u0301 🎬.mp4'),
  { ...named('long', `${'long-'.repeat(50)}.mp4`), what: 'a file with a name of 254 bytes' },
  named('without-ending', 'film'),
  named('wrong-ending', 'film.jpg'),
  named('protocol', 'pipe:0'),
  named('subfile', 'concat:a|b.mp4'),
  named('url', 'a b%c.mp4', 'file:a%20b%25c.mp4'),
];
