/** The same view for programs: one JSON object per line. Pure. */
import type { Past, StreamState } from './state.ts';
import { mediaSeconds, outputFigures, progressOf } from './stats.ts';

const round = (value: number, digits = 6): number => Number(value.toFixed(digits));

function decoderOf({ decoder }: StreamState): object | null {
  if (!decoder) return null;
  const { phase, decoded, discontinuities, error } = decoder;
  return { phase, decoded, discontinuities, error };
}

/** `type: "status"`: units are seconds, frames, bits per second. */
export function statusLine(state: StreamState, past: Past, now: Date): string {
  const queue = state.encoder?.queue ?? state.decoder?.queue ?? null;
  return JSON.stringify({
    type: 'status',
    time: now.toISOString(),
    stream: state.name,
    elapsedSeconds: round(state.elapsed, 3),
    mediaSeconds: round(mediaSeconds(state), 3),
    totalSeconds: progressOf(state).total ?? null,
    decoder: decoderOf(state),
    queue: queue && { depth: queue.depth, capacity: queue.capacity, unacked: queue.unacked },
    viewers: state.viewers ?? null,
    restarts: state.restarts,
    outputs: outputFigures(state, past).map((o) => ({
      ...o,
      framesPerSecond: round(o.framesPerSecond, 2),
      bitsPerSecond: Math.round(o.bitsPerSecond),
      latenessP50: o.latenessP50 ?? null,
      latenessP99: o.latenessP99 ?? null,
      recentLatenessP50: o.recentLatenessP50 ?? null,
      recentLatenessP99: o.recentLatenessP99 ?? null,
      error: o.error ?? null,
    })),
  });
}
