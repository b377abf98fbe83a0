/**
 * A frame's index drawn into its luma: 24 bits of index and 8 of CRC, as a 16 x 2 grid of black and white
 * blocks of 16 x 16 pixels in the top left corner (256 x 32). Blocks of that size survive any H.264 rate a
 * test uses, and a picture without a stamp (a server's slate) passes the CRC once in 256 times at most, which
 * the mid-grey test of the blocks makes rarer still.
 */

export const STAMP_WIDTH = 256;
export const STAMP_HEIGHT = 32;
const BLOCK = 16;
const COLUMNS = STAMP_WIDTH / BLOCK;
const BLACK = 16;
const WHITE = 235;
/** A block whose mean lies between these is no bit. */
const UNSURE = [85, 165] as const;

/** CRC-8 (polynomial 0x07, initial value 0xff) over the three bytes of the index. */
function checksum(index: number): number {
  let crc = 0xff;
  for (const byte of [(index >> 16) & 0xff, (index >> 8) & 0xff, index & 0xff]) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
  }
  return crc;
}

/** Draws the stamp into an 8-bit luma plane. */
export function drawStamp(luma: Uint8Array, stride: number, index: number): void {
  const word = index * 256 + checksum(index);
  for (let bit = 0; bit < 32; bit++) {
    const value = Math.floor(word / 2 ** (31 - bit)) % 2 === 1 ? WHITE : BLACK;
    const x = (bit % COLUMNS) * BLOCK;
    const y = Math.floor(bit / COLUMNS) * BLOCK;
    for (let row = 0; row < BLOCK; row++) {
      const at = (y + row) * stride + x;
      luma.fill(value, at, at + BLOCK);
    }
  }
}

/**
 * The index in a picture, or null when it carries none.
 * @param step bytes from one pixel to the next: 1 for luma, 3 for RGB24 (its red is good enough:
 *   stamps are grey)
 * @param scale size of the picture relative to the one that was stamped
 */
export function readStamp(pixels: Uint8Array, stride: number, step = 1, scale = 1): number | null {
  let word = 0;
  for (let bit = 0; bit < 32; bit++) {
    const x = (bit % COLUMNS) * BLOCK;
    const y = Math.floor(bit / COLUMNS) * BLOCK;
    const mean = blockMean(pixels, stride, step, scale, x, y);
    if (mean > UNSURE[0] && mean < UNSURE[1]) return null;
    word = word * 2 + (mean >= UNSURE[1] ? 1 : 0);
  }
  const index = Math.floor(word / 256);
  return checksum(index) === word % 256 ? index : null;
}

/** Mean of the block's inner half, away from the edges that compression blurs. */
function blockMean(
  pixels: Uint8Array,
  stride: number,
  step: number,
  scale: number,
  x: number,
  y: number,
): number {
  let sum = 0;
  let count = 0;
  for (let row = 4; row < 12; row += 2) {
    for (let column = 4; column < 12; column += 2) {
      const at = Math.floor((y + row) * scale) * stride + Math.floor((x + column) * scale) * step;
      sum += pixels[at] ?? 0;
      count++;
    }
  }
  return sum / count;
}
