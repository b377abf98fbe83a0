/**
 * Every metric of the worker: prefix `videopush_`, base units, label `stream` on all and `output` on every
 * pacing, sink, sent, late and network series. A frame lost between source and queue is counted by the
 * decoder only, one lost after it by the encoder only, so that sums over both processes count it once.
 */
import type { DecodeSnapshot, EncodeSnapshot, OutputSnapshot } from '@videopush/native';
import { type Family, histogram, type Labels, type Sample, sample } from './metrics-render.ts';

/** What runs here: this program, FFmpeg, and the license that FFmpeg was built under. */
export interface Build {
  version: string;
  ffmpeg: string;
  license: string;
}

export interface DecoderView {
  build: Build;
  snapshot: DecodeSnapshot | null;
}

export interface EncoderView {
  build: Build;
  /** Their names, as configured. */
  outputs: readonly string[];
  snapshot: EncodeSnapshot | null;
}

const buildInfo: Family<{ build: Build }> = {
  name: 'videopush_build_info',
  type: 'gauge',
  help: 'Always 1; the versions of this program and of FFmpeg, and the license that FFmpeg was built under.',
  samples: ({ build }) => [
    sample(1, { version: build.version, ffmpeg: build.ffmpeg, libav_license: build.license }),
  ],
};

type Of<S> = (snapshot: S) => Sample[];

/** A family that has samples once there is a snapshot. */
function family<S>(
  type: Family<unknown>['type'],
  name: string,
  help: string,
  samples: Of<S>,
): Family<{ snapshot: S | null }> {
  return { name, type, help, samples: ({ snapshot }) => (snapshot ? samples(snapshot) : []) };
}

const FRAMES = 'Frames that have passed a stage.';
const DROPPED = 'Frames that were given up, by reason.';
const BLOCKED = 'Time that one side of the frame queue has waited for the other.';
const RESUMES = 'Times that this role went on where an earlier process had stopped.';

/** The decoder's process. */
export const decoderFamilies: readonly Family<DecoderView>[] = [
  buildInfo,
  decoder('counter', 'videopush_frames_total', FRAMES, (s) => [
    sample(s.demuxed, { stage: 'demuxed' }),
    sample(s.decoded, { stage: 'decoded' }),
    sample(s.enqueued, { stage: 'enqueued' }),
  ]),
  decoder('counter', 'videopush_frames_dropped_total', DROPPED, ({ dropped }) => [
    sample(dropped.queueFull, { reason: 'queue_full' }),
    sample(dropped.decodeError, { reason: 'decode_error' }),
  ]),
  decoder(
    'counter',
    'videopush_frames_duplicated_total',
    'Frames shown again to reach a constant frame rate.',
    (s) => [sample(s.rateRepeats)],
  ),
  decoder(
    'counter',
    'videopush_source_discontinuities_total',
    'Timestamps of the source that were corrected, by reason: jumps forward and backward, single outliers.',
    ({ discontinuities }) =>
      Object.entries(discontinuities).map(([reason, count]) => sample(count, { reason })),
  ),
  decoder(
    'gauge',
    'videopush_queue_depth_frames',
    'Frames in the queue that the encoder has not taken.',
    ({ queue }) => (queue ? [sample(queue.depth)] : []),
  ),
  decoder(
    'gauge',
    'videopush_queue_capacity_frames',
    'How many frames may wait in the queue.',
    ({ queue }) => (queue ? [sample(queue.capacity)] : []),
  ),
  decoder(
    'gauge',
    'videopush_queue_unacked_frames',
    'Frames in the queue that have not left by every required output.',
    ({ queue }) => (queue ? [sample(queue.unacked)] : []),
  ),
  decoder('counter', 'videopush_queue_blocked_seconds_total', BLOCKED, ({ queue }) =>
    queue ? [sample(queue.producerBlockedSeconds, { side: 'producer' })] : [],
  ),
  decoder('histogram', 'videopush_decode_duration_seconds', 'Time to decode and scale one frame.', (s) =>
    histogram('videopush_decode_duration_seconds', s.decodeDuration),
  ),
  decoder('counter', 'videopush_resumes_total', RESUMES, (s) => [
    // A source that cannot seek has a gap; every other one goes on at the exact frame.
    sample(s.resumes, { role: 'decoder', cursor: s.descriptor?.seekable === false ? 'restart' : 'exact' }),
  ]),
];

/** The encoder's process. */
export const encoderFamilies: readonly Family<EncoderView>[] = [
  buildInfo,
  encoder('counter', 'videopush_frames_total', FRAMES, (s) => [
    sample(s.dequeued, { stage: 'dequeued' }),
    sample(s.encoded, { stage: 'encoded' }),
    ...s.outputs.map((output) => sample(output.ledger.sent, { stage: 'sent', output: output.name })),
  ]),
  perOutput('counter', 'videopush_frames_dropped_total', DROPPED, ({ ledger: { dropped } }, labels) => [
    sample(dropped.late, { ...labels, reason: 'late' }),
    sample(dropped.network, { ...labels, reason: 'network' }),
    sample(dropped.backlog, { ...labels, reason: 'backlog' }),
  ]),
  perOutput(
    'counter',
    'videopush_frames_failed_total',
    'Frames that could not be sent, by reason.',
    ({ ledger: { failed } }, labels) => [
      sample(failed.encode, { ...labels, reason: 'encode' }),
      sample(failed.output, { ...labels, reason: 'output' }),
    ],
  ),
  value(
    'counter',
    'videopush_frames_repeated_total',
    'Frames that were sent once more after a reconnect or restart.',
    (o) => o.ledger.repeated,
  ),
  value(
    'counter',
    'videopush_frames_late_total',
    'Frames that were sent more than one frame interval after their deadline.',
    (o) => o.late,
  ),
  perOutput('counter', 'videopush_keyframes_sent_total', 'Key frames sent.', (o, labels) => [
    sample(o.keyFrames, { ...labels, media: 'video' }),
  ]),
  perOutput('counter', 'videopush_sent_bytes_total', 'Bytes of encoded media sent.', (o, labels) => [
    sample(o.ledger.bytes, { ...labels, media: 'video' }),
  ]),

  distribution(
    'videopush_pacing_lateness_seconds',
    'How late the first byte of a unit was offered, against its deadline.',
    (o) => o.lateness,
  ),
  distribution(
    'videopush_pacing_interval_error_seconds',
    'Difference between the interval of two sends and that of their timestamps.',
    (o) => o.intervalError,
  ),
  value(
    'gauge',
    'videopush_pacing_send_lead_seconds',
    'Media time sent minus time elapsed, at the last send; about zero in a healthy push.',
    (o) => o.sendLeadSeconds,
  ),
  value(
    'gauge',
    'videopush_pacing_total_lead_seconds',
    'Media time sent minus time elapsed since the first unit, rebases included; falls while the stream is too slow.',
    (o) => o.totalLeadSeconds,
  ),
  value(
    'gauge',
    'videopush_pacing_lead_seconds',
    'Media time accepted from the source minus time elapsed.',
    (o) => o.leadSeconds,
  ),
  value(
    'gauge',
    'videopush_wait_ref_seconds',
    'Half of the lead, at least zero: how long a caller may wait before the next frame.',
    (o) => Math.max(o.leadSeconds, 0) / 2,
  ),
  value(
    'gauge',
    'videopush_pacing_jitter_seconds',
    'Interval error, smoothed as the interarrival jitter of RFC 3550.',
    (o) => o.jitterSeconds,
  ),
  value(
    'counter',
    'videopush_pacing_interval_seconds_total',
    'Sum of the intervals between sends.',
    (o) => o.intervalSeconds,
  ),
  value(
    'counter',
    'videopush_pacing_interval_squared_seconds_total',
    'Sum of the squared intervals between sends.',
    (o) => o.intervalSquaredSeconds,
  ),
  value(
    'counter',
    'videopush_pacing_wait_seconds_total',
    'Time slept for deadlines; the rest is the load of the sender.',
    (o) => o.waitSeconds,
  ),
  perOutput(
    'counter',
    'videopush_pacing_rebases_total',
    'Shifts of the schedule, by reason.',
    ({ rebases }, labels) => [
      sample(rebases.stall, { ...labels, reason: 'stall' }),
      sample(rebases.resume, { ...labels, reason: 'resume' }),
      sample(rebases.discontinuity, { ...labels, reason: 'discontinuity' }),
      sample(rebases.sourceClock, { ...labels, reason: 'source_clock' }),
    ],
  ),
  perOutput(
    'gauge',
    'videopush_source_clock_ppm',
    "Speed of a live source's clock against this machine's, in parts per million; positive where it is faster.",
    ({ sourceClockPpm }, labels) => (sourceClockPpm === null ? [] : [sample(sourceClockPpm, labels)]),
  ),
  value(
    'counter',
    'videopush_pacing_rebase_seconds_total',
    'Sum of the shifts of the schedule.',
    (o) => o.rebaseSeconds,
  ),

  {
    name: 'videopush_sink_connected',
    type: 'gauge',
    help: '1 while the output is connected, else 0.',
    // An alert on 0 must see an output too whose session could never be opened.
    samples: ({ snapshot, outputs }) =>
      snapshot
        ? snapshot.outputs.map(({ name: output, protocol, phase }) =>
            sample(phase === 'Connected' ? 1 : 0, { output, protocol }),
          )
        : outputs.map((output) => sample(0, { output })),
  },
  onSink(
    'counter',
    'videopush_sink_reconnects_total',
    'Connections lost, and attempts refused since the first connection, by reason.',
    ({ reconnects }, labels) => [
      sample(reconnects.refused, { ...labels, reason: 'refused' }),
      sample(reconnects.timeout, { ...labels, reason: 'timeout' }),
      sample(reconnects.reset, { ...labels, reason: 'reset' }),
      sample(reconnects.protocol, { ...labels, reason: 'protocol' }),
    ],
  ),
  onSink(
    'counter',
    'videopush_sink_renewals_total',
    'Connections replaced by plan, before their timestamps ended. No outage.',
    (o, labels) => [sample(o.renewals, labels)],
  ),
  onSink(
    'counter',
    'videopush_sink_outage_seconds_total',
    'Time without a connection after the first one.',
    (o, labels) => [sample(o.outageSeconds, labels)],
  ),
  onSink(
    'histogram',
    'videopush_sink_write_duration_seconds',
    'Time from the first to the last byte of a unit that the kernel accepted.',
    (o, labels) => histogram('videopush_sink_write_duration_seconds', o.writeDuration, labels),
  ),
  onSink(
    'gauge',
    'videopush_sink_backlog_bytes',
    'Bytes that were written and that the server has not acknowledged.',
    (o, labels) => [sample(o.backlogBytes, labels)],
  ),

  encoder('counter', 'videopush_queue_blocked_seconds_total', BLOCKED, ({ queue }) =>
    queue ? [sample(queue.consumerBlockedSeconds, { side: 'consumer' })] : [],
  ),
  encoder(
    'histogram',
    'videopush_queue_residence_seconds',
    'Time that a frame has spent in the queue.',
    (s) => histogram('videopush_queue_residence_seconds', s.residence),
  ),
  encoder(
    'histogram',
    'videopush_encode_duration_seconds',
    'Time that the encoder was given for one frame.',
    (s) => histogram('videopush_encode_duration_seconds', s.encodeDuration),
  ),
  encoder('histogram', 'videopush_latency_seconds', "From the decoder's output to the send.", (s) =>
    histogram('videopush_latency_seconds', s.latency),
  ),
  encoder('counter', 'videopush_resumes_total', RESUMES, (s) => [
    sample(s.resumes, { role: 'encoder', cursor: 'exact' }),
  ]),
];

function decoder(
  type: Family<unknown>['type'],
  name: string,
  help: string,
  samples: Of<DecodeSnapshot>,
): Family<DecoderView> {
  return family(type, name, help, samples);
}

function encoder(
  type: Family<unknown>['type'],
  name: string,
  help: string,
  samples: Of<EncodeSnapshot>,
): Family<EncoderView> {
  return family(type, name, help, samples);
}

type OfOutput = (output: OutputSnapshot, labels: Labels) => Sample[];

function perOutput(
  type: Family<unknown>['type'],
  name: string,
  help: string,
  samples: OfOutput,
): Family<EncoderView> {
  return encoder(type, name, help, ({ outputs }) =>
    outputs.flatMap((output) => samples(output, { output: output.name })),
  );
}

function onSink(
  type: Family<unknown>['type'],
  name: string,
  help: string,
  samples: OfOutput,
): Family<EncoderView> {
  return perOutput(type, name, help, (output, labels) =>
    samples(output, { ...labels, protocol: output.protocol }),
  );
}

function value(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  of: (output: OutputSnapshot) => number,
): Family<EncoderView> {
  return perOutput(type, name, help, (output, labels) => [sample(of(output), labels)]);
}

function distribution(
  name: string,
  help: string,
  of: (output: OutputSnapshot) => OutputSnapshot['lateness'],
): Family<EncoderView> {
  return perOutput('histogram', name, help, (output, labels) => histogram(name, of(output), labels));
}
