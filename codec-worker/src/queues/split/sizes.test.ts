import { slotBytes } from '@videopush/resources/builders/ring-size';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testSeed } from '../../../../test/support/random.ts';
import { count } from '../../../../test/support/repetitions.ts';
import { framesUnderWay, retainedFrames, sizesOf } from './sizes.ts';
import { format } from './testing/records.ts';

const maxBytes = 256 * 2 ** 20;
const queue = { capacityFrames: 20, maxBytes, whenFull: 'Block', encoderDelayFrames: 0 } as const;

describe('the frames of a split queue', () => {
  it('the encoder may hold the frames of its delay, those that wait for their deadline, and two more', () => {
    expect(retainedFrames(queue, 100, format)).toBe(5);
    expect(retainedFrames({ ...queue, encoderDelayFrames: 40 }, 500, format)).toBe(55);
    const ntsc = { ...format, frameRateNumerator: 30000, frameRateDenominator: 1001 };
    expect(retainedFrames(queue, 100, ntsc)).toBe(5);
    expect(retainedFrames(queue, 100, { ...format, frameRateNumerator: 0 })).toBe(5);
  });

  it('the stream may hold nearly all frames with Block, and only what an encoder needs with a dropping policy', () => {
    expect(sizesOf(queue, 100, format)).toEqual({
      maxMessages: 29,
      window: 27,
      keep: true,
      encoderRing: { capacityFrames: 20, maxBytes, retainedFrames: 5 },
    });
    expect(sizesOf({ ...queue, whenFull: 'DropOldest' }, 100, format)).toEqual({
      maxMessages: 29,
      window: 8,
      keep: false,
      encoderRing: { capacityFrames: 2, maxBytes, retainedFrames: 5 },
    });
  });

  it.each([
    ['as many as queue.maxBytes holds', '4K', 3840, 21, 19],
    ['7, the least, where queue.maxBytes holds fewer', '8K', 7680, 7, 5],
  ])('a stream keeps %s, in %s', (_, _name, width, maxMessages, window) => {
    const large = { ...format, width, height: (width * 9) / 16 };
    const sizes = sizesOf({ ...queue, encoderDelayFrames: 40 }, 100, large);
    expect(sizes).toMatchObject({ maxMessages, window, encoderRing: { capacityFrames: 20 } });
    expect(Math.floor(sizes.encoderRing.maxBytes / slotBytes(large))).toBe(window - 1);
    // With more memory, all of them wait.
    const roomy = sizesOf({ ...queue, maxBytes: 2 ** 33, encoderDelayFrames: 40 }, 100, large);
    expect(roomy).toMatchObject({ maxMessages: 69, window: 67, encoderRing: { maxBytes: 2 ** 33 } });
  });

  it('an encoder that fills its ring always leaves a frame of the window in the stream', () => {
    const configs = fc.record({
      capacityFrames: fc.integer({ min: 1, max: 256 }),
      maxBytes: fc.integer({ min: 4 * slotBytes(format), max: maxBytes }),
      whenFull: fc.constantFrom('Block', 'DropOldest', 'DropNewest'),
      encoderDelayFrames: fc.integer({ min: 0, max: 250 }),
    });
    fc.assert(
      fc.property(configs, fc.integer({ min: 0, max: 10_000 }), (config, budget) => {
        const { maxMessages, window, encoderRing } = sizesOf(config, budget, format);
        const slot = slotBytes(format);
        const slots = Math.min(
          encoderRing.capacityFrames + encoderRing.retainedFrames,
          Math.floor(encoderRing.maxBytes / slot),
        );
        expect(slots).toBeGreaterThanOrEqual(3);
        expect(maxMessages * slot).toBeLessThanOrEqual(Math.max(config.maxBytes, 7 * slot));
        expect(slots).toBeLessThan(window);
        expect(window).toBeLessThan(maxMessages);
        // What the decoder's ring has room for: its capacity stays free for the policy to act on.
        const retained = retainedFrames(config, budget, format);
        const ring = config.capacityFrames + retained + 4;
        expect(config.whenFull === 'Block' ? window : config.capacityFrames + window).toBeLessThanOrEqual(
          ring,
        );
      }),
      { seed: testSeed(), numRuns: count(100, 10_000) },
    );
  });

  it('large frames are published one after the other, small ones eight at a time', () => {
    expect(framesUnderWay(4608)).toBe(8);
    expect(framesUnderWay(1_382_400)).toBe(8);
    expect(framesUnderWay(12_441_600)).toBe(2);
    expect(framesUnderWay(60_000_000)).toBe(1);
    expect(framesUnderWay(Number.POSITIVE_INFINITY)).toBe(1);
  });
});
