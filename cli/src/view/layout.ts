/**
 * Rows of a live view: parts that are folded to the width of a terminal, never torn
 * within, and coloured at last. Pure.
 */

export type Tone = 'good' | 'warning' | 'bad';

/** Colours a text, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

export interface Part {
  text: string;
  tone?: Tone | undefined;
}

export interface Row {
  label: string;
  parts: readonly Part[];
  /** between parts, default three blanks */
  gap?: string;
}

/** Below this width the lines of a folded row begin further left. */
const NARROW = 60;
const NARROW_INDENT = 4;

/** Han, kana and Hangul take two columns each. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uff60]/u;

const widthOf = (character: string): number => (WIDE.test(character) ? 2 : 1);

/** Columns that a text takes on a terminal. */
export const columns = (text: string): number => [...text].reduce((sum, each) => sum + widthOf(each), 0);

/** At most `width` columns of a text; what is too long loses its middle, since both ends say more. */
export function shorten(text: string, width: number): string {
  if (columns(text) <= width) return text;
  const characters = [...text];
  let head = '';
  let tail = '';
  let left = Math.max(0, width - 1);
  for (let i = 0; i < characters.length; i++) {
    const fromHead = i % 2 === 0;
    const next = (fromHead ? characters[i >> 1] : characters.at(-1 - (i >> 1))) ?? '';
    left -= widthOf(next);
    if (left < 0) break;
    if (fromHead) head += next;
    else tail = next + tail;
  }
  return `${head}…${tail}`;
}

/** The lines of a row, each at most `width` columns wide. */
export function fold({ label, parts, gap = '   ' }: Row, width: number, paint: Paint): string[] {
  const indent = ' '.repeat(Math.min(columns(label), width < NARROW ? NARROW_INDENT : width));
  const lines: string[] = [];
  let line = label;
  let used = columns(label);
  let first = true;
  for (const { text, tone } of parts) {
    if (!first && used + gap.length + columns(text) > width) {
      lines.push(line);
      line = indent;
      used = indent.length;
      first = true;
    }
    const before = first ? '' : gap;
    const fitting = shorten(text, width - used - before.length);
    line += before + (tone ? paint(tone, fitting) : fitting);
    used += before.length + columns(fitting);
    first = false;
  }
  return [...lines, line];
}

/** A sentence as a row that is folded between its words. */
export const sentence = (label: string, text: string, tone: Tone): Row => ({
  label,
  parts: text.split(' ').map((word) => ({ text: word, tone })),
  gap: ' ',
});
