/** Records as a decoder writes them, for tests of what is made of them. */
import type { RingFormat } from '@videopush/native';
import type { FrameRecord, QueueRecord } from '../wire.ts';

export const format: RingFormat = {
  width: 1280,
  height: 720,
  pixelFormat: 'yuv420p',
  timeBaseNumerator: 1,
  timeBaseDenominator: 25,
  frameRateNumerator: 25,
  frameRateDenominator: 1,
  sampleAspectNumerator: 0,
  sampleAspectDenominator: 1,
  colorRange: 1,
  colorPrimaries: 1,
  colorTransfer: 1,
  colorMatrix: 1,
  chromaLocation: 1,
  gopFrames: 0,
  bitRate: 0,
};

export function queueRecord(changes: Partial<QueueRecord> = {}): QueueRecord {
  return {
    version: 1,
    epoch: 'first',
    term: 100,
    owner: 'a',
    source: 'film',
    window: 20,
    format,
    ...changes,
  };
}

/** Frame `sequence` behind the one before it; a tick a frame. */
export function frameRecord(sequence: bigint, changes: Partial<FrameRecord> = {}): FrameRecord {
  return {
    kind: 'frame',
    header: {
      sequence,
      pts: sequence,
      duration: 1n,
      sourcePts: sequence * 512n,
      sourceIndex: sequence,
      segmentOrigin: 0n,
      segmentStart: 0n,
      sourceKeyPosition: -1n,
      sourceShift: 0n,
      flags: 0,
      pass: 0,
    },
    producedAt: 1000,
    previous: sequence === 0n ? null : sequence - 1n,
    ...changes,
  };
}
