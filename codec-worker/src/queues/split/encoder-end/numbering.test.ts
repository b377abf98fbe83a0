import { FRAME_FLAG, type RingFrameHeader } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { frameRecord, queueRecord } from '../testing/records.ts';
import { epochTag, Numbering } from './numbering.ts';

const NOW = 1250;

/** Puts frames of the stream into an empty ring; the numbering and the last header of the ring. */
function filled(
  first: bigint,
  count: number,
  queue = queueRecord(),
): { numbering: Numbering; last: RingFrameHeader } {
  const numbering = new Numbering(null);
  let last: RingFrameHeader | null = null;
  for (let i = 0n; i < BigInt(count); i++) {
    last = numbering.place(queue, frameRecord(first + i), NOW).header;
    numbering.accept(last);
  }
  return { numbering, last: last as RingFrameHeader };
}

describe('the beginning of a ring', () => {
  it('a ring that begins with the first frame of a stream keeps its numbers and times', () => {
    const placed = new Numbering(null).place(queueRecord(), frameRecord(0n), NOW);
    expect(placed).toMatchObject({ duplicate: false, lost: 0n, first: 'ring' });
    expect(placed.header).toMatchObject({ sequence: 0n, pts: 0n, flags: 0, ageSeconds: 0.25 });
  });

  it('a ring that begins in the midst of a stream counts from 0, without a break in time', () => {
    const placed = new Numbering(null).place(queueRecord(), frameRecord(250n), NOW);
    expect(placed).toMatchObject({ duplicate: false, lost: 0n, first: 'ring' });
    expect(placed.header).toMatchObject({ sequence: 0n, pts: 250n, sourceIndex: 250n, flags: 0 });
    const { numbering } = filled(250n, 3);
    expect(numbering.place(queueRecord(), frameRecord(253n), NOW).header.sequence).toBe(3n);
    expect(numbering.end(queueRecord(), { kind: 'end', sourceFrames: 400n, previous: 399n })).toBe(150n);
  });

  it('a ring that gets nothing but the end marker has no frame at all', () => {
    const end = { kind: 'end', sourceFrames: 400n, previous: 399n } as const;
    expect(new Numbering(null).end(queueRecord(), end)).toBe(0n);
  });
});

describe('the continuation of a ring', () => {
  it('a ring that goes on in another process needs only the header of its last frame', () => {
    const { last } = filled(250n, 3);
    const placed = new Numbering(last).place(queueRecord({ term: 101 }), frameRecord(253n), NOW);
    expect(placed).toMatchObject({ duplicate: false, first: null, lost: 0n });
    expect(placed.header).toMatchObject({ sequence: 3n, pts: 253n, flags: 0 });
  });

  it('a ring that goes on takes the frames that it holds already for duplicates', () => {
    const { numbering } = filled(250n, 3);
    for (const sequence of [250n, 251n, 252n]) {
      const placed = numbering.place(queueRecord(), frameRecord(sequence), NOW);
      expect(placed).toMatchObject({ duplicate: true, first: null, header: { sequence: sequence - 250n } });
    }
  });

  it('a ring that goes on counts a gap that the decoder reports as dropped frames, not as a loss', () => {
    const { numbering } = filled(0n, 3);
    const placed = numbering.place(queueRecord(), frameRecord(8n, { previous: 2n }), NOW);
    expect(placed).toMatchObject({ lost: 0n, header: { sequence: 8n, flags: 0 } });
  });

  it('a ring that goes on counts any other gap as a loss on the way, which breaks the time', () => {
    const { numbering } = filled(0n, 3);
    const placed = numbering.place(queueRecord(), frameRecord(8n, { previous: 7n }), NOW);
    expect(placed).toMatchObject({ lost: 5n, header: { sequence: 8n, flags: FRAME_FLAG.discontinuity } });
  });
});

describe('the restart of a decoder', () => {
  const second = queueRecord({ epoch: 'second', term: 200 });

  it('a frame of a restarted decoder is numbered and timed behind the last frame, after a break in time', () => {
    const { numbering } = filled(250n, 3);
    const placed = numbering.place(second, frameRecord(0n), NOW);
    expect(placed).toMatchObject({ duplicate: false, first: 'epoch' });
    expect(placed.header).toMatchObject({
      sequence: 3n,
      pts: 253n,
      sourceIndex: 0n,
      segmentOrigin: epochTag('second'),
      segmentStart: 253n,
      flags: FRAME_FLAG.discontinuity,
    });
    numbering.accept(placed.header);
    expect(numbering.place(second, frameRecord(1n), NOW).header).toMatchObject({
      sequence: 4n,
      pts: 254n,
      flags: 0,
    });
    expect(numbering.end(second, { kind: 'end', sourceFrames: 10n, previous: 9n })).toBe(13n);
  });

  it('a frame of the decoder before the restart counts as a duplicate when it is delivered late', () => {
    const { numbering } = filled(250n, 3);
    numbering.accept(numbering.place(second, frameRecord(0n), NOW).header);
    const stale = numbering.place(queueRecord(), frameRecord(251n), NOW);
    expect(stale).toMatchObject({ duplicate: true, first: null, header: { sequence: 3n } });
  });

  it('a frame of a restarted decoder keeps its place in time when the ring has changed its time base', () => {
    const { numbering } = filled(250n, 3);
    const { header } = numbering.place(second, frameRecord(0n), NOW);
    // From 1/25 to 1/100 s, as a ring's next generation does it.
    const last = { ...header, pts: header.pts * 4n, duration: 4n, segmentStart: header.segmentStart * 4n };
    const record = frameRecord(1n);
    const placed = new Numbering(last).place(
      second,
      { ...record, header: { ...record.header, pts: 4n } },
      NOW,
    );
    expect(placed.header).toMatchObject({ sequence: 4n, pts: 4n + 253n * 4n });
  });
});
