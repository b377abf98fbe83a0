/** Values as people write them on a command line. Pure; every refusal names what is allowed. */

import type { TestPattern } from '@videopush/native';
import {
  LIMITS,
  MAX_FRAME_RATE,
  MAX_PIXELS,
  type Range,
  VIDEO_TRACK,
  wholeNumberFrom,
} from '@videopush/resources/limits';
import { parseQuantity } from '@videopush/resources/quantity';
import { InvalidArgumentError } from 'commander';

const refuse = (message: string): never => {
  throw new InvalidArgumentError(message);
};

/** "1280x720" in pixels, even numbers. */
export function parseSize(text: string): { width: number; height: number } {
  const match = /^(\d+)[x×:](\d+)$/i.exec(text.trim());
  if (!match) return refuse('a size is WIDTHxHEIGHT, for example 1280x720.');
  const [width, height] = [Number(match[1]), Number(match[2])];
  const { least, most } = LIMITS.side;
  for (const side of [width, height]) {
    if (side < least || side > most || side % 2)
      return refuse(`width and height must be even numbers from ${least} to ${most}.`);
  }
  if (width * height > MAX_PIXELS)
    return refuse(`a picture must have at most ${MAX_PIXELS} pixels (8192x4352).`);
  return { width, height };
}

export type Gop = { gopFrames: number } | { gopSeconds: number };

export interface Crop {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Reads "0,60,0,60": pixels at the left, top, right and bottom, in even numbers. */
export function parseCrop(text: string): Crop {
  const sides = text.split(',').map((side) => (/^\d+$/.test(side.trim()) ? Number(side) : Number.NaN));
  const { most } = LIMITS.crop;
  if (sides.length !== 4 || !sides.every((side) => side <= most && side % 2 === 0))
    return refuse(`a crop is LEFT,TOP,RIGHT,BOTTOM in even numbers up to ${most}, for example 0,60,0,60.`);
  const [left = 0, top = 0, right = 0, bottom = 0] = sides;
  return { left, top, right, bottom };
}

/** Reads "#rrggbb", in either case. */
export function parseColour(text: string): string {
  return /^#[0-9a-f]{6}$/i.test(text) ? text : refuse("a colour is '#RRGGBB', for example '#000000'.");
}

/** "4M", "2500k", "3.5M" or plain bits per second; returns bits per second. */
export function parseBitRate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kKmM]?)$/.exec(text.trim());
  if (!match) return refuse('a bit rate is a number with k or M, for example 4M or 2500k.');
  const scale = { '': 1, k: 1e3, m: 1e6 }[match[2]?.toLowerCase() as '' | 'k' | 'm'];
  const rate = Math.round(Number(match[1]) * scale);
  const { least, most } = LIMITS.bitRate;
  if (rate < least || rate > most)
    return refuse(`a bit rate must be from ${least / 1e3}k to ${most / 1e6}M.`);
  return rate;
}

/** "50" (frames) or "4s" (seconds of media): the distance of key frames. */
export function parseGop(text: string): Gop {
  const [, number, unit] = /^(\d{1,9})(s?)$/.exec(text.trim()) ?? [];
  const { gopFrames, gopSeconds } = LIMITS;
  const value = Number(number);
  const { least, most } = unit === 's' ? gopSeconds : gopFrames;
  if (!(value >= least && value <= most))
    return refuse(
      `it must be a whole number of frames up to ${gopFrames.most}, or of seconds up to ${gopSeconds.most}, such as 50 or 4s.`,
    );
  return unit === 's' ? { gopSeconds: value } : { gopFrames: value };
}

/** "0", "id:0x100", "lang:eng". */
export function parseVideoTrack(text: string): string {
  if (!VIDEO_TRACK.test(text))
    return refuse('a video track is a number from 0, id:N or lang:xxx, such as 0, id:0x100 or lang:eng.');
  return text;
}

/** "512Mi", "1G": an amount of memory as Kubernetes writes it. */
export function parseBytes(text: string): number {
  const bytes = parseQuantity(text);
  const { least, most } = LIMITS.queueBytes;
  if (bytes === undefined || bytes < least || bytes > most)
    return refuse(`it must be from ${least / 2 ** 20}Mi to ${most / 2 ** 30}Gi, such as 512Mi.`);
  return Math.floor(bytes);
}

/** "25", "29.97", "30000/1001" as an exact fraction. NTSC decimals become n·1000/1001. */
export function parseRate(text: string): string {
  const fraction = /^(\d{1,7})(?:\/(\d{1,7}))?$/.exec(text.trim()); // digits as in a resource's frameRate
  const ntsc = {
    '23.976': '24000/1001',
    '23.98': '24000/1001',
    '29.97': '30000/1001',
    '59.94': '60000/1001',
  };
  const known = ntsc[text.trim() as keyof typeof ntsc];
  if (known) return known;
  if (fraction) {
    const [num, den] = [Number(fraction[1]), Number(fraction[2] ?? 1)];
    if (num > 0 && den > 0 && num / den <= MAX_FRAME_RATE) return den === 1 ? `${num}` : `${num}/${den}`;
    return refuse(`a frame rate must be above 0 and at most ${MAX_FRAME_RATE}.`);
  }
  const decimal = /^(\d{1,4})\.(\d{1,3})$/.exec(text.trim());
  if (!decimal) return refuse('a frame rate is a number or a fraction, for example 25 or 30000/1001.');
  const den = 10 ** (decimal[2] ?? '').length;
  return parseRate(`${Number(`${decimal[1]}${decimal[2]}`)}/${den}`);
}

/** A whole number within bounds. */
export function wholeNumber(range: Range): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || value < range.least || value > range.most) {
      return refuse(`it ${wholeNumberFrom(range)}.`);
    }
    return value;
  };
}

/** A duration: seconds, or with a unit: 90, 90s, 5m, 2h. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text.trim());
  const seconds = match
    ? Number(match[1]) * { s: 1, m: 60, h: 3600 }[(match[2] ?? 's') as 's' | 'm' | 'h']
    : 0;
  if (!(seconds > 0)) return refuse('a duration is a number of seconds, or for example 5m or 2h.');
  const { most } = LIMITS.durationSeconds;
  return seconds <= most ? seconds : refuse(`a duration must be at most ${most / 3600}h.`);
}

/** One of a few words; matched without regard to case and dashes, returned as the resources spell it. */
export function oneOf<const T extends string>(...words: T[]): (text: string) => T {
  const key = (word: string) => word.toLowerCase().replaceAll(/[-_]/g, '');
  const spelled = words.map((word) => word.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase());
  return (text) =>
    words.find((word) => key(word) === key(text)) ?? refuse(`choose one of: ${spelled.join(', ')}.`);
}

const patternKeys = 'pattern, size, rate, duration';

/**
 * "testpattern", or "testpattern:size=1280x720,rate=30,duration=10,pattern=smptehdbars"; undefined
 * when `source` is something else.
 */
export function parseTestPattern(source: string): TestPattern | undefined {
  const match = /^testpattern(?::(.*))?$/i.exec(source);
  if (!match) return undefined;
  const pattern: TestPattern = {};
  for (const pair of (match[1] ?? '').split(',').filter(Boolean)) {
    const [key = '', value = ''] = pair.split('=', 2);
    if (key === 'pattern') pattern.pattern = value;
    else if (key === 'size') Object.assign(pattern, parseSize(value));
    else if (key === 'rate') pattern.frameRate = parseRate(value);
    else if (key === 'duration') pattern.durationSeconds = parseDuration(value);
    else return refuse(`testpattern knows ${patternKeys}; '${key}' is none of them.`);
  }
  return pattern;
}
