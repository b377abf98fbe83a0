/** Numbers of a running stream as a person reads them. Pure. */
import type { HistogramSnapshot } from '@videopush/native';
import { sum } from '../summary.ts';
import type { Past, StreamState } from './state.ts';

/** Quantile by linear interpolation inside the bucket, seconds; undefined when nothing was observed. */
export function quantile(histogram: HistogramSnapshot, q: number): number | undefined {
  if (histogram.count === 0) return undefined;
  let rest = q * histogram.count;
  for (const [index, count] of histogram.buckets.entries()) {
    if (count > 0 && rest <= count) {
      const low = index === 0 ? 0 : (histogram.bounds[index - 1] ?? 0);
      const high = histogram.bounds[index] ?? low;
      return low + (high - low) * (rest / count);
    }
    rest -= count;
  }
  return histogram.bounds.at(-1);
}

export interface OutputFigures {
  name: string;
  url: string;
  /** of a file: all that were written, in order */
  files: string[];
  protocol: string;
  phase: string;
  sent: number;
  framesPerSecond: number;
  bitsPerSecond: number;
  /** since the start */
  latenessP50: number | undefined;
  latenessP99: number | undefined;
  /** of the last 10 s */
  recentLatenessP50: number | undefined;
  recentLatenessP99: number | undefined;
  sendLead: number;
  totalLead: number;
  /** speed of a live source's clock against this machine's, in parts per million */
  sourceClockPpm: number | null;
  lead: number;
  late: number;
  dropped: number;
  failed: number;
  repeated: number;
  reconnects: number;
  error: string | undefined;
}

/** What came to a histogram since `before`; all of it when its process was started again in between. */
function since(now: HistogramSnapshot, before: HistogramSnapshot | undefined): HistogramSnapshot {
  if (!before || before.count > now.count) return now;
  return {
    bounds: now.bounds,
    buckets: now.buckets.map((count, index) => count - (before.buckets[index] ?? 0)),
    sum: now.sum - before.sum,
    count: now.count - before.count,
  };
}

/** Figures per output; rates and recent figures are taken against the past of the same stream. */
export function outputFigures(now: StreamState, { rates, recent }: Past): OutputFigures[] {
  return (now.encoder?.outputs ?? []).map((output, index) => {
    const earlier = rates?.encoder?.outputs[index];
    const span = now.elapsed - (rates?.elapsed ?? now.elapsed);
    const rate = (a: number, b: number | undefined) =>
      span > 0 && b !== undefined && a >= b ? (a - b) / span : 0;
    const lateness = since(output.lateness, recent?.encoder?.outputs[index]?.lateness);
    const { ledger } = output;
    return {
      name: output.name,
      url: output.url,
      files: output.files,
      protocol: output.protocol,
      phase: output.phase,
      sent: ledger.sent,
      // Counted as frames leave: the ledger counts some of them later, all at once.
      framesPerSecond: rate(output.lateness.count, earlier?.lateness.count),
      bitsPerSecond: 8 * rate(ledger.bytes, earlier?.ledger.bytes),
      latenessP50: quantile(output.lateness, 0.5),
      latenessP99: quantile(output.lateness, 0.99),
      recentLatenessP50: quantile(lateness, 0.5),
      recentLatenessP99: quantile(lateness, 0.99),
      sendLead: output.sendLeadSeconds,
      totalLead: output.totalLeadSeconds,
      sourceClockPpm: output.sourceClockPpm,
      lead: output.leadSeconds,
      late: output.late,
      dropped: sum(ledger.dropped),
      failed: sum(ledger.failed),
      repeated: ledger.repeated,
      reconnects: sum(output.reconnects),
      error: output.error ? output.error.message : undefined,
    };
  });
}

/** How far a push that ends has come, in seconds; `total` is undefined when it is endless. */
export function progressOf(state: StreamState): { done: number; total: number | undefined } {
  const { limit, duration, sinceFirst } = state;
  const sent = mediaSeconds(state);
  if (duration !== undefined && (limit === undefined || duration <= limit))
    return { done: state.complete ? duration : Math.min(sent, duration), total: duration };
  return { done: limit === undefined ? sent : Math.min(sinceFirst, limit), total: limit };
}

/** Media seconds sent so far, from the ledger of the first output and the nominal rate; 0 when unknown. */
export function mediaSeconds({ decoder, encoder }: StreamState): number {
  return secondsOfFrames(encoder?.outputs[0]?.ledger.sent ?? 0, decoder);
}

/** How long so many frames last at the nominal rate; 0 when that is unknown. */
export function secondsOfFrames(frames: number, decoder: StreamState['decoder']): number {
  const [num = 0, den = 1] = decoder?.descriptor?.video.frameRate?.split('/').map(Number) ?? [];
  return num > 0 ? (frames * den) / num : 0;
}
