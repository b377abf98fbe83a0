import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testSeed } from '../../../../test/support/random.ts';
import { count } from '../../../../test/support/repetitions.ts';
import { frameRecord, queueRecord } from './testing/records.ts';
import { Decoder, encodeQueue, encodeRecord, type FrameRecord } from './wire.ts';

const read = (queue: string, frame: string) => new Decoder().decode({ queue, frame });

describe('messages between decoder and encoder', () => {
  it('a message is read as it was written, up to the ends of 64 bits', () => {
    const big = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
    const sequence = fc.bigInt({ min: 0n, max: 2n ** 53n });
    const records = fc.record({
      pts: big,
      sourcePts: big,
      segmentOrigin: big,
      sequence,
      previous: fc.option(sequence),
      flags: fc.integer({ min: 0, max: 7 }),
    });
    fc.assert(
      fc.property(records, ({ previous, ...header }) => {
        const base = frameRecord(0n);
        const record: FrameRecord = { ...base, header: { ...base.header, ...header }, previous };
        const queue = queueRecord({ term: 1_795_549_926_002 });
        expect(read(encodeQueue(queue), encodeRecord(record))).toEqual({ queue, record });
      }),
      { seed: testSeed(), numRuns: count(100, 10_000) },
    );
  });

  it('a message of a decoder of the version before, without a place in the source, is read', () => {
    const record = frameRecord(1n);
    const text = encodeRecord(record).replace('"sourceKeyPosition":"-1","sourceShift":"0",', '');
    expect(text).not.toContain('sourceKeyPosition');
    expect(read(encodeQueue(queueRecord()), text).record).toEqual(record);
  });

  it('the end marker is read as it was written', () => {
    const record = { kind: 'end', sourceFrames: 3960n, previous: 3958n } as const;
    expect(read(encodeQueue(queueRecord()), encodeRecord(record)).record).toEqual(record);
  });

  it('the header of the queue is read again when the decoder changes it', () => {
    const decoder = new Decoder();
    const frame = encodeRecord(frameRecord(1n));
    expect(decoder.decode({ queue: encodeQueue(queueRecord()), frame }).queue.epoch).toBe('first');
    const queue = encodeQueue(queueRecord({ epoch: 'second' }));
    expect(decoder.decode({ queue, frame }).queue.epoch).toBe('second');
  });

  const good = encodeQueue(queueRecord());
  const frame = encodeRecord(frameRecord(1n));
  it.each([
    ['an empty header', '', frame, 'Videopush-Queue: the header is not JSON'],
    ['another version', good.replace('"version":1', '"version":2'), frame, 'Videopush-Queue: version'],
    ['no frame', good, '{}', 'Videopush-Frame: kind: must be "frame" or "end"'],
    [
      'a number in another notation',
      good,
      frame.replace('"pts":"1"', '"pts":"1e3"'),
      'Videopush-Frame: header.pts: ',
    ],
    [
      'a negative sequence',
      good,
      frame.replace('"sequence":"1"', '"sequence":"-1"'),
      'Videopush-Frame: header.sequence: ',
    ],
    ['an unknown field', good, frame.replace('"kind"', '"mood":1,"kind"'), 'Videopush-Frame'],
  ])('a message with %s is refused by the name of its header', (_, queue, record, why) => {
    expect(() => read(queue, record)).toThrow(
      expect.objectContaining({
        code: 'QueueRecordInvalid',
        permanent: true,
        message: expect.stringContaining(why),
      }),
    );
  });
});
