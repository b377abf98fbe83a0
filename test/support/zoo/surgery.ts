/** What is done to the bytes of a source behind ffmpeg. */
import type { Matrix } from '../corners.ts';
import type { Surgery } from './recipe.ts';
import * as ts from './ts-surgeon.ts';

/** A place below 1 is a share of all bytes. */
const placeIn = (bytes: Buffer, place: number): number =>
  place > 0 && place < 1 ? Math.floor(bytes.length * place) : place;

/** It lies 40 bytes behind the type of the track header, version 0 (ISO/IEC 14496-12 section 8.3.2). */
function showBy(bytes: Buffer, [a, b, c, d]: Matrix): Buffer {
  const place = bytes.indexOf('tkhd') + 4 + 40;
  for (const [i, value] of [a, b, 0, c, d].entries()) bytes.writeInt32BE(value * 0x10000, place + 4 * i);
  return bytes;
}

interface Tag {
  at: number;
  /** Of its 11 bytes of header, its data and the 4 bytes that repeat its size. */
  length: number;
  /** Number of the frame that it carries, or that came last before it. */
  frame: number;
}

/** The tags of an FLV without sound, behind its header of 13 bytes. Video configuration is no frame. */
function tagsOf(bytes: Buffer): Tag[] {
  const tags: Tag[] = [];
  let frame = -1;
  for (let at = 13; at + 15 <= bytes.length; ) {
    const length = bytes.readUIntBE(at + 1, 3) + 15;
    const isVideo = ((bytes[at] as number) & 0x1f) === 9;
    const isH264 = ((bytes[at + 11] as number) & 0x0f) === 7;
    if (isVideo && (!isH264 || bytes[at + 12] === 1)) frame++;
    tags.push({ at, length, frame });
    at += length;
  }
  return tags;
}

/** A tag's time is in milliseconds, 24 low bits and then 8 high ones. */
function shiftTags(bytes: Buffer, from: number, to: number, seconds: number): Buffer {
  for (const { at, frame } of tagsOf(bytes)) {
    if (frame < from || frame >= to) continue;
    const before = bytes.readUIntBE(at + 4, 3) + (bytes[at + 7] as number) * 2 ** 24;
    const after = (before + Math.round(seconds * 1000)) >>> 0;
    bytes.writeUIntBE(after & 0xffffff, at + 4, 3);
    bytes[at + 7] = after >>> 24;
  }
  return bytes;
}

function cutTags(bytes: Buffer, frames: number): Buffer {
  const next = tagsOf(bytes).find(({ frame }) => frame === frames);
  return next ? bytes.subarray(0, next.at + Math.floor(next.length / 2)) : bytes;
}

export function operate(bytes: Buffer, surgery: Surgery): Buffer {
  switch (surgery.do) {
    case 'slice':
      return bytes.subarray(placeIn(bytes, surgery.from ?? 0), placeIn(bytes, surgery.to ?? bytes.length));
    case 'surround':
      return Buffer.concat([Buffer.from(surgery.before ?? ''), bytes, Buffer.from(surgery.after ?? '')]);
    case 'matrix':
      return showBy(bytes, surgery.matrix);
    case 'ts.shift':
      return ts.shift(bytes, surgery.from, surgery.to ?? Number.POSITIVE_INFINITY, surgery.seconds);
    case 'ts.unstamp':
      return ts.unstamp(bytes, surgery.keepEvery);
    case 'ts.begin':
      return ts.begin(bytes, surgery.frame);
    case 'ts.lose':
      return ts.lose(bytes, surgery.frame);
    case 'ts.stuff':
      return ts.stuff(bytes, surgery.every);
    case 'flv.shift':
      return shiftTags(bytes, surgery.from, surgery.to ?? Number.POSITIVE_INFINITY, surgery.seconds);
    case 'flv.cut':
      return cutTags(bytes, surgery.frames);
  }
}
