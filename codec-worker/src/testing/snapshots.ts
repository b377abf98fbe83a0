/** Snapshots as the native core gives them, for tests of what is made of them. */
import type {
  DecodeSnapshot,
  EncodeSnapshot,
  HistogramSnapshot,
  NativeErrorShape,
  OutputSnapshot,
} from '@videopush/native';

export const refused: NativeErrorShape = {
  code: 'ConnectRefused',
  message: 'media.example:8554 refused the connection',
  action: 'start the server, or correct the port',
  permanent: false,
};

/** Three values: 1 ms, 3 ms and 10 s. */
export const threeValues: HistogramSnapshot = {
  bounds: [0.002, 0.004, 5],
  buckets: [1, 1, 0, 1],
  sum: 10.004,
  count: 3,
};

export function outputSnapshot(changes: Partial<OutputSnapshot> = {}): OutputSnapshot {
  return {
    name: 'main',
    protocol: 'rtsp',
    url: 'rtsp://media.example:8554/film',
    files: [],
    phase: 'Connected',
    error: null,
    connects: 2,
    reconnects: { refused: 1, timeout: 2, reset: 3, protocol: 4 },
    renewals: 1,
    outageSeconds: 1.5,
    ledger: {
      sent: 90,
      repeated: 1,
      bytes: 123_456,
      dropped: { queueFull: 2, late: 3, decodeError: 0, network: 4, backlog: 0 },
      failed: { encode: 5, output: 6 },
    },
    keyFrames: 3,
    late: 7,
    lateness: threeValues,
    intervalError: threeValues,
    writeDuration: threeValues,
    sendLeadSeconds: -0.01,
    leadSeconds: 0.5,
    jitterSeconds: 0.001,
    intervalSeconds: 3,
    intervalSquaredSeconds: 0.1,
    waitSeconds: 2.9,
    rebases: { stall: 1, resume: 2, discontinuity: 3, sourceClock: 4 },
    rebaseSeconds: 4,
    totalLeadSeconds: -0.5,
    backlogBytes: 100,
    sourceClockPpm: 12.5,
    secondsUntilDue: null,
    ...changes,
  };
}

export function encodeSnapshot(changes: Partial<EncodeSnapshot> = {}): EncodeSnapshot {
  return {
    running: true,
    ended: false,
    error: null,
    sourceFrames: 110,
    dequeued: 100,
    encoded: 95,
    resumes: 1,
    encoder: null,
    format: null,
    encodeDuration: threeValues,
    residence: threeValues,
    latency: threeValues,
    queue: {
      depth: 5,
      capacity: 20,
      unacked: 8,
      producerBlockedSeconds: 1.25,
      consumerBlockedSeconds: 2.5,
      sourceFrames: 110,
      ended: false,
    },
    outputs: [outputSnapshot()],
    ...changes,
  };
}

export function decodeSnapshot(changes: Partial<DecodeSnapshot> = {}): DecodeSnapshot {
  return {
    phase: 'Running',
    error: null,
    descriptor: null,
    demuxed: 120,
    decoded: 115,
    enqueued: 110,
    dropped: { queueFull: 2, decodeError: 1 },
    rateRepeats: 4,
    rateDrops: 5,
    discontinuities: { forward: 3, backward: 2, outlier: 1 },
    passes: 0,
    reconnects: 0,
    resumes: 2,
    secondsSinceLastFrame: 0.02,
    positionSeconds: 4.4,
    decodeDuration: threeValues,
    queue: encodeSnapshot().queue,
    ...changes,
  };
}
