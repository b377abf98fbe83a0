/**
 * The card that every frame of the zoo shows: its number, four corners of four colours, patches of other
 * colours, and a bar that moves. The number tells order and loss, the corners orientation and edges, the
 * patches whether colours are right.
 */
import { CORNERS } from '../corners.ts';
import { drawStamp, STAMP_HEIGHT, STAMP_WIDTH } from '../index-stamp.ts';

export const CARD = { width: 320, height: 192 } as const;
/** As many numbers as a source may have. */
export const CARDS = 256;

export type Rgb = readonly [red: number, green: number, blue: number];

/** A colour at a place of the card. */
export interface Spot {
  x: number;
  y: number;
  colour: Rgb;
}

/** Side of a corner and of a patch. */
const SIDE = 32;
export const STAMP_LEFT = SIDE;

const CORNER_COLOURS: readonly Rgb[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];

/** Middles of the corners. */
export const CORNER_SPOTS: readonly Spot[] = CORNERS.map(([x, y], i) => ({
  x: x < 0 ? SIDE / 2 : CARD.width - SIDE / 2,
  y: y < 0 ? SIDE / 2 : CARD.height - SIDE / 2,
  colour: CORNER_COLOURS[i] as Rgb,
}));

/** Between the extremes, so that another matrix or range shows. */
const PATCH_COLOURS: readonly Rgb[] = [
  [200, 60, 60],
  [60, 180, 75],
  [70, 90, 200],
  [215, 180, 60],
  [60, 190, 190],
  [180, 70, 180],
  [40, 40, 40],
  [220, 220, 220],
];

/** Middles of the patches, which lie in a row. */
export const PATCH_SPOTS: readonly Spot[] = PATCH_COLOURS.map((colour, i) => ({
  x: STAMP_LEFT + SIDE * i + SIDE / 2,
  y: 80 + SIDE / 2,
  colour,
}));

/** All cards one after the other, as rgb24. */
export function drawCards(): Buffer {
  const bytes = CARD.width * CARD.height * 3;
  const background = drawBackground();
  const cards = Buffer.alloc(bytes * CARDS);
  for (let index = 0; index < CARDS; index++) {
    const card = cards.subarray(index * bytes, (index + 1) * bytes);
    background.copy(card);
    drawNumber(card, index);
    const left = (index * 8) % (CARD.width - 16);
    fill(card, left, 128, 16, 16, [235, 235, 235]);
  }
  return cards;
}

function drawBackground(): Buffer {
  const card = Buffer.alloc(CARD.width * CARD.height * 3);
  for (let y = 0; y < CARD.height; y++) {
    const level = 90 + Math.floor((y * 70) / CARD.height);
    fill(card, 0, y, CARD.width, 1, [level, level, level]);
  }
  for (const { x, y, colour } of [...CORNER_SPOTS, ...PATCH_SPOTS]) {
    fill(card, x - SIDE / 2, y - SIDE / 2, SIDE, SIDE, colour);
  }
  return card;
}

function drawNumber(card: Buffer, index: number): void {
  const luma = Buffer.alloc(STAMP_WIDTH * STAMP_HEIGHT);
  drawStamp(luma, STAMP_WIDTH, index);
  for (let y = 0; y < STAMP_HEIGHT; y++) {
    for (let x = 0; x < STAMP_WIDTH; x++) {
      const level = luma[y * STAMP_WIDTH + x] as number;
      const at = (y * CARD.width + STAMP_LEFT + x) * 3;
      card.fill(level, at, at + 3);
    }
  }
}

function fill(card: Buffer, x: number, y: number, width: number, height: number, colour: Rgb): void {
  for (let row = y; row < y + height; row++) {
    for (let column = x; column < x + width; column++) {
      for (const [i, level] of colour.entries()) card[(row * CARD.width + column) * 3 + i] = level;
    }
  }
}
