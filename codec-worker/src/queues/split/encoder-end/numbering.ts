/**
 * Frames of the stream in the encoder's own numbering. A decoder's numbers begin again when it had nothing to
 * go on from (an epoch), and a new encoder's ring begins with whatever frame is the oldest in the stream; its
 * ledger counts from 0, and its time never goes back. Pure.
 *
 * All that is needed to go on is kept in the header of the ring's last frame, in fields that only a
 * decoder's ring uses: sourceIndex = the frame's number in the stream, sourcePts = the term, segmentOrigin
 * = the epoch (its tag), segmentStart = what was added to the time (a ring that changes its time base
 * converts it like every queue time).
 */
import { createHash } from 'node:crypto';
import { FRAME_FLAG, type RingFrameHeader } from '@videopush/native';
import type { EndRecord, FrameRecord, QueueRecord } from '../wire.ts';

/** The epoch as a number of 48 bits. */
export function epochTag(epoch: string): bigint {
  return BigInt(`0x${createHash('sha256').update(epoch).digest('hex').slice(0, 12)}`);
}

export interface Placed {
  header: RingFrameHeader;
  /** The ring has this frame already. */
  duplicate: boolean;
  /** Sequences in front of it that were lost on the way, and not dropped by the decoder. */
  lost: bigint;
  /** The first frame of a ring, or of another epoch. */
  first: 'ring' | 'epoch' | null;
}

export class Numbering {
  #last: RingFrameHeader | null;

  /** `last`: of the ring; null while it is empty. */
  constructor(last: RingFrameHeader | null) {
    this.#last = last;
  }

  /** `now`: system clock in milliseconds, for the frame's age. */
  place(queue: QueueRecord, record: FrameRecord, now: number): Placed {
    const last = this.#last;
    const tag = epochTag(queue.epoch);
    const { header } = record;
    const stale = last !== null && last.segmentOrigin !== tag && BigInt(queue.term) <= last.sourcePts;
    const continued = last !== null && last.segmentOrigin === tag;
    const sequenceOffset = this.#sequenceOffset(tag, header.sequence);
    const timeOffset = this.#timeOffset(tag, header.pts);
    const sequence = stale ? last.sequence : header.sequence + sequenceOffset;
    const lost = continued && record.previous !== null ? record.previous - last.sourceIndex : 0n;
    const broken = (last !== null && !continued) || lost > 0n;
    return {
      header: {
        ...header,
        sequence,
        pts: header.pts + timeOffset,
        sourceIndex: header.sequence,
        sourcePts: BigInt(queue.term),
        segmentOrigin: tag,
        segmentStart: timeOffset,
        flags: broken ? header.flags | FRAME_FLAG.discontinuity : header.flags,
        ageSeconds: Math.max(0, now - record.producedAt) / 1000,
      },
      duplicate: last !== null && sequence <= last.sequence,
      lost: lost > 0n ? lost : 0n,
      first: last === null ? 'ring' : continued || stale ? null : 'epoch',
    };
  }

  /** The frame was put into the ring. */
  accept(header: RingFrameHeader): void {
    this.#last = header;
  }

  /** The final count of sequences in the ring's numbering. */
  end(queue: QueueRecord, record: EndRecord): bigint {
    return record.sourceFrames + this.#sequenceOffset(epochTag(queue.epoch), record.sourceFrames);
  }

  #sequenceOffset(tag: bigint, first: bigint): bigint {
    const last = this.#last;
    if (last === null) return -first;
    return last.segmentOrigin === tag ? last.sequence - last.sourceIndex : last.sequence + 1n - first;
  }

  #timeOffset(tag: bigint, first: bigint): bigint {
    const last = this.#last;
    if (last === null) return 0n;
    if (last.segmentOrigin === tag) return last.segmentStart;
    return last.pts + (last.duration > 0n ? last.duration : 1n) - first;
  }
}
