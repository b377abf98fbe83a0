import { describe, expect, it } from 'vitest';
import { makeClip } from './clips.ts';
import { FLAWLESS, judge } from './frame-verdict.ts';
import { drawStamp, readStamp, STAMP_HEIGHT, STAMP_WIDTH } from './index-stamp.ts';
import { pacingFigures, peakRate } from './pacing-figures.ts';
import type { RecordedUnit } from './recorder.ts';
import { readStamps } from './stamp-reader.ts';
import { Scratch } from './tools.ts';

const indices = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('the judge of what a reader saw', () => {
  it('the judge of what a reader saw finds nothing wrong with a whole sequence', () => {
    expect(judge(indices(100), 0, 99)).toEqual(FLAWLESS);
  });

  it('the judge of what a reader saw names a missing frame', () => {
    expect(
      judge(
        indices(100).filter((i) => i !== 41),
        0,
        99,
      ),
    ).toEqual({ ...FLAWLESS, missing: [41] });
  });

  it('the judge of what a reader saw names a missing tail', () => {
    expect(judge(indices(98), 0, 99).missing).toEqual([98, 99]);
  });

  it('the judge of what a reader saw names a repeated frame, as often as it is too many', () => {
    expect(judge([0, 1, 1, 2, 1, 3], 0, 3)).toEqual({ ...FLAWLESS, repeated: [1, 1] });
  });

  it('the judge of what a reader saw names swapped frames', () => {
    expect(judge([0, 2, 1, 3], 0, 3)).toEqual({ ...FLAWLESS, swapped: [1] });
  });

  it('the judge of what a reader saw names a frame that is not of this push', () => {
    expect(judge([0, 1, 77, 2], 0, 2)).toEqual({ ...FLAWLESS, foreign: [77] });
  });
});

describe('index stamps', () => {
  it('index stamps are read back for every power of two and the largest index', () => {
    const luma = new Uint8Array(STAMP_WIDTH * STAMP_HEIGHT);
    for (const index of [0, ...Array.from({ length: 24 }, (_, bit) => 2 ** bit), 2 ** 24 - 1]) {
      drawStamp(luma, STAMP_WIDTH, index);
      expect(readStamp(luma, STAMP_WIDTH)).toBe(index);
    }
  });

  it('index stamps are not found in black, white, grey or noise', () => {
    const size = STAMP_WIDTH * STAMP_HEIGHT;
    for (const value of [0, 16, 128, 235, 255]) {
      expect(readStamp(new Uint8Array(size).fill(value), STAMP_WIDTH)).toBeNull();
    }
    const noise = new Uint8Array(size).map((_, i) => (Math.imul(i, 2654435761) >>> 13) & 0xff);
    expect(readStamp(noise, STAMP_WIDTH)).toBeNull();
  });

  it('index stamps with one wrong bit are not read as another index', () => {
    const luma = new Uint8Array(STAMP_WIDTH * STAMP_HEIGHT);
    drawStamp(luma, STAMP_WIDTH, 1234);
    for (let row = 0; row < 16; row++) luma.fill(235, row * STAMP_WIDTH, row * STAMP_WIDTH + 16);
    expect(readStamp(luma, STAMP_WIDTH)).toBeNull();
  });

  it('index stamps survive x264 with B-frames at a low bit rate, and the instants of a variable rate are kept', async () => {
    using scratch = new Scratch();
    const path = await makeClip({
      path: scratch.file('clip.mkv'),
      frames: 120,
      bFrames: 3,
      bitRate: '150k',
      instants: 'if(lt(N,100),N/50,2+(N-100)/10)',
    });
    const frames = await readStamps(path);
    expect(
      judge(
        frames.map((frame) => frame.index ?? -1),
        0,
        119,
      ),
    ).toEqual(FLAWLESS);
    const expected = indices(120).map((n) => (n < 100 ? n / 50 : 2 + (n - 100) / 10));
    const worst = Math.max(...frames.map((f, i) => Math.abs(f.pts - (expected[i] as number))));
    expect(worst).toBeLessThan(0.002);
  });
});

describe('the pacing figures', () => {
  const unit = (at: number, mediaMs: number): RecordedUnit => ({
    connection: 1,
    track: 0,
    at,
    kernelStamp: true,
    rtp: (0xffff_0000 + mediaMs * 90) >>> 0,
    sequence: 0,
    packets: 1,
    bytes: 1,
    gap: 0,
    nalTypes: [1],
  });
  const steady = indices(300).map((i) => unit(1000 + i * 40, i * 40));

  it('the pacing figures are zero for a perfect sender, across a wrap of the timestamp', () => {
    const figures = pacingFigures(steady);
    expect(figures.p99).toBeCloseTo(0);
    expect(figures.startLead).toBeCloseTo(0);
    expect(Math.abs(figures.drift)).toBeLessThan(1);
  });

  it('the pacing figures show a late unit, a burst at the start and a slow clock', () => {
    const late = steady.map((u, i) => (i === 150 ? { ...u, at: u.at + 30 } : u));
    expect(pacingFigures(late).range).toBeCloseTo(30);
    const burst = steady.map((u, i) => (i < 10 ? { ...u, at: 1000 } : u));
    expect(pacingFigures(burst).startLead).toBeCloseTo(360);
    const slow = steady.map((u, i) => ({ ...u, at: u.at + i * 0.04 }));
    expect(pacingFigures(slow).drift).toBeCloseTo(1000, 0);
  });

  it('the pacing figures show a rate above real time', () => {
    const fast = steady.map((u, i) => ({ ...u, at: i < 100 ? u.at : 1000 + 4000 + (i - 100) * 20 }));
    expect(peakRate(steady, 400)).toBeCloseTo(1);
    expect(peakRate(fast, 400)).toBeCloseTo(2);
  });
});
