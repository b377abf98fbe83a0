/** Clips whose four corners have four colours, which show a picture's orientation and edges. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Frame } from '@videopush/native';
import { run } from './program.ts';

/** A corner, -1 or 1 in each direction, y downwards. */
export type Corner = readonly [x: number, y: number];
export const CORNERS: readonly Corner[] = [
  [-1, -1],
  [1, -1],
  [-1, 1],
  [1, 1],
];
const COLOURS = ['red', 'lime', 'blue', 'white'] as const;
export type Colour = (typeof COLOURS)[number] | 'black' | 'other';

/** The colour of a corner before any turn. */
export const colourOf = ([x, y]: Corner): Colour => COLOURS[(y < 0 ? 0 : 2) + (x < 0 ? 0 : 1)] as Colour;

/** (x, y) is shown at (a * x + c * y, b * x + d * y). */
export type Matrix = readonly [a: number, b: number, c: number, d: number];
/** All that turn by a quarter or mirror: four turns, then the mirrored ones. */
export const MATRICES: readonly Matrix[] = [
  [1, 0, 0, 1],
  [0, 1, -1, 0],
  [-1, 0, 0, -1],
  [0, -1, 1, 0],
  [-1, 0, 0, 1],
  [0, 1, 1, 0],
  [1, 0, 0, -1],
  [0, -1, -1, 0],
];

/** A phone held upright. */
export const PORTRAIT = MATRICES[1] as Matrix;

export interface CornerClipOptions {
  /** Its ending chooses the container. */
  path: string;
  width: number;
  height: number;
  frames?: number;
  /** Options of ffmpeg behind the filter; default: H.264 of high quality. */
  encode?: readonly string[];
  /** A filter behind the drawing, e.g. `setsar=2`. */
  filter?: string;
}

/** Coloured squares, an eighth of the width, in the corners of a grey picture. */
export async function makeCornerClip(options: CornerClipOptions): Promise<string> {
  const { path, width, height, frames = 3, filter } = options;
  const side = Math.floor(width / 8);
  const boxes = CORNERS.map(([x, y], i) => {
    const at = `x=${x < 0 ? 0 : width - side}:y=${y < 0 ? 0 : height - side}`;
    return `drawbox=${at}:w=${side}:h=${side}:c=${COLOURS[i]}:t=fill`;
  });
  // The colour has an end of its own: a filter that makes a palette waits for it and fills the memory.
  const picture = `color=c=gray:s=${width}x${height}:r=25:d=${frames / 25 + 1},format=rgb24`;
  const chain = [picture, ...boxes, ...(filter ? [filter] : [])].join(',');
  const encode = options.encode ?? ['-c:v', 'libx264', '-crf', '10', '-pix_fmt', 'yuv420p'];
  await run('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', chain, '-frames:v', `${frames}`],
    ...encode,
    path,
  ]);
  return path;
}

/**
 * Gives an MP4 another display matrix. It lies 40 bytes behind the type of the track header, version 0
 * (ISO/IEC 14496-12 section 8.3.2); its numbers are 16.16 fixed point.
 */
export function showBy(path: string, [a, b, c, d]: Matrix): string {
  const bytes = readFileSync(path);
  const place = bytes.indexOf('tkhd') + 4 + 40;
  for (const [i, value] of [a, b, 0, c, d].entries()) bytes.writeInt32BE(value * 0x10000, place + 4 * i);
  writeFileSync(path, bytes);
  return path;
}

/** The colour at a place of an rgb24 frame. */
export function colourAt({ data, width }: Frame, x: number, y: number): Colour {
  const [red = 0, green = 0, blue = 0] = data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3);
  const key = [red, green, blue].map((level) => (level > 180 ? 1 : level < 75 ? 0 : 'x')).join('');
  const known: Record<string, Colour> = {
    100: 'red',
    '010': 'lime',
    '001': 'blue',
    111: 'white',
    '000': 'black',
  };
  return known[key] ?? 'other';
}

/** Colours of the corners of an rgb24 frame, in the order of CORNERS, read a little inside of the edges. */
export function cornersOf(frame: Frame, inset = 6): Colour[] {
  const { width, height } = frame;
  return CORNERS.map(([x, y]) =>
    colourAt(frame, x < 0 ? inset : width - 1 - inset, y < 0 ? inset : height - 1 - inset),
  );
}

/** What the corners of a clip are, in the order of CORNERS, when it is shown by `matrix`. */
export function cornersBy([a, b, c, d]: Matrix): Colour[] {
  return CORNERS.map(([shownX, shownY]) => {
    const from = CORNERS.find(([x, y]) => a * x + c * y === shownX && b * x + d * y === shownY);
    return colourOf(from as Corner);
  });
}
