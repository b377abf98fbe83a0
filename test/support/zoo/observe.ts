/** Looks at a video of cards: what each picture shows, where and when, by the ffmpeg command line. */
import { readFileSync } from 'node:fs';
import { MATRICES, type Matrix } from '../corners.ts';
import { readStamp, STAMP_HEIGHT, STAMP_WIDTH } from '../index-stamp.ts';
import { run } from '../program.ts';
import { Scratch } from '../tools.ts';
import { CARD, CORNER_SPOTS, PATCH_SPOTS, type Rgb, type Spot, STAMP_LEFT } from './card.ts';

/** How the card lies in the picture. */
export interface Placement {
  matrix: Matrix;
  /** Default all of the picture. */
  content?: readonly [x: number, y: number, width: number, height: number];
}

export interface Picture {
  /** null: no number can be read. */
  index: number | null;
  seconds: number;
  /** How far the corners and the patches are from their colours, in levels of 255. */
  corners: number;
  patches: number;
  /** Numbers in MATRICES of those by which its corners would be right. */
  turns: number[];
}

export interface Observation {
  size: readonly [width: number, height: number];
  pixelFormat: string;
  pixelAspect: string;
  pictures: Picture[];
}

/** A decoded picture as rgb24. */
interface Pixels {
  data: Buffer;
  width: number;
  height: number;
}

/** The place in the picture at which a place of the card is shown. */
function placeOf(x: number, y: number, { width, height }: Pixels, placement: Placement): [number, number] {
  const [a, b, c, d] = placement.matrix;
  const [left, top, wide, high] = placement.content ?? [0, 0, width, height];
  const [u, v] = [(2 * (x + 0.5)) / CARD.width - 1, (2 * (y + 0.5)) / CARD.height - 1];
  const [shownU, shownV] = [a * u + c * v, b * u + d * v];
  const column = Math.floor(left + ((shownU + 1) / 2) * wide);
  const row = Math.floor(top + ((shownV + 1) / 2) * high);
  return [Math.min(width - 1, Math.max(0, column)), Math.min(height - 1, Math.max(0, row))];
}

function indexOf(pixels: Pixels, placement: Placement): number | null {
  const stamp = new Uint8Array(STAMP_WIDTH * STAMP_HEIGHT);
  for (let y = 0; y < STAMP_HEIGHT; y++) {
    for (let x = 0; x < STAMP_WIDTH; x++) {
      const [column, row] = placeOf(STAMP_LEFT + x, y, pixels, placement);
      // Green is nearest to luma.
      stamp[y * STAMP_WIDTH + x] = pixels.data[(row * pixels.width + column) * 3 + 1] as number;
    }
  }
  return readStamp(stamp, STAMP_WIDTH);
}

/** Mean around the middle of a spot. */
function colourAt(spot: Spot, pixels: Pixels, placement: Placement): Rgb {
  const sums = [0, 0, 0];
  const around = [-6, 0, 6];
  for (const dy of around) {
    for (const dx of around) {
      const [column, row] = placeOf(spot.x + dx, spot.y + dy, pixels, placement);
      const at = (row * pixels.width + column) * 3;
      for (const i of [0, 1, 2]) (sums[i] as number) += pixels.data[at + i] as number;
    }
  }
  return sums.map((sum) => sum / around.length ** 2) as unknown as Rgb;
}

function deviation(spots: readonly Spot[], pixels: Pixels, placement: Placement): number {
  const each = spots.map((spot) => {
    const seen = colourAt(spot, pixels, placement);
    return Math.max(...spot.colour.map((level, i) => Math.abs(level - (seen[i] as number))));
  });
  return Math.max(...each);
}

/** Corners are as far from each other as colours can be: half of that decides. */
const SURE = 128;

function look(pixels: Pixels, seconds: number, placement: Placement): Picture {
  const { content } = placement;
  const turns = MATRICES.flatMap((matrix, i) => {
    const fits = deviation(CORNER_SPOTS, pixels, { matrix, ...(content && { content }) }) < SURE;
    return fits ? [i] : [];
  });
  return {
    index: indexOf(pixels, placement),
    seconds,
    corners: deviation(CORNER_SPOTS, pixels, placement),
    patches: deviation(PATCH_SPOTS, pixels, placement),
    turns,
  };
}

const DETAIL =
  /showinfo.* n: *\d+ pts:.*pts_time: *([-\d.e]+|NOPTS|nan) .*fmt:(\S+) .*sar:(\S+) s:(\d+)x(\d+)/;

/** @throws when ffmpeg can't read the video */
export async function observe(path: string, placement: Placement): Promise<Observation> {
  using scratch = new Scratch({ memory: true });
  const raw = scratch.file('pictures.rgb');
  const { stderr } = await run('ffmpeg', [
    ...[
      '-v',
      'info',
      '-nostats',
      '-nostdin',
      '-threads',
      '1',
      '-i',
      path,
      '-map',
      '0:v:0',
      '-vf',
      'showinfo',
    ],
    ...['-vsync', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'rgb24', raw],
  ]);
  const details = stderr.flatMap((line) => {
    const [, seconds, pixelFormat = '', pixelAspect = '', width, height] = DETAIL.exec(line) ?? [];
    if (seconds === undefined) return [];
    return [
      { seconds: Number(seconds), pixelFormat, pixelAspect, size: [Number(width), Number(height)] as const },
    ];
  });
  const [first] = details;
  if (!first) throw new Error(`${path} shows no picture`);
  const [width, height] = first.size;
  const bytes = readFileSync(raw);
  const pictures = details.map(({ seconds }, i) => {
    const data = bytes.subarray(i * width * height * 3, (i + 1) * width * height * 3);
    return look({ data, width, height }, seconds, placement);
  });
  return { size: first.size, pixelFormat: first.pixelFormat, pixelAspect: first.pixelAspect, pictures };
}
