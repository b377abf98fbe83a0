/** How well units kept time at the receiver: pure arithmetic on a recording. */
import type { RecordedUnit } from './recorder.ts';

export interface PacingFigures {
  units: number;
  /** Standard deviation of the deviation, ms. */
  sd: number;
  /** Quantiles of |deviation|, ms. */
  p50: number;
  p95: number;
  p99: number;
  /** Largest minus smallest deviation, ms. */
  range: number;
  /** How far ahead of the steady state the first unit's media time ran, ms: the largest lead of the start. */
  startLead: number;
  /** Slope of the deviation, parts per million; > 0 = too slow. */
  drift: number;
  /** Units whose stamp came from the kernel. */
  kernelStamps: number;
}

export interface PacingWindow {
  /** Media time that does not count, ms. Defaults 2,000 at the start and 700 at the end. */
  skipStart?: number;
  skipEnd?: number;
}

/** Media time of each unit in ms since the first, the 32-bit RTP timestamp unrolled. */
export function mediaMilliseconds(units: readonly Pick<RecordedUnit, 'rtp'>[]): number[] {
  let base = 0;
  let last = units[0]?.rtp ?? 0;
  return units.map(({ rtp }) => {
    // A step of more than half the range is a wrap; reordered pictures step back a little.
    const step = ((rtp - last + 2 ** 31) >>> 0) - 2 ** 31;
    base += step;
    last = rtp;
    return base / 90;
  });
}

export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] as number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Least-squares slope of y over x. */
export function slope(x: readonly number[], y: readonly number[]): number {
  const meanX = x.reduce((a, b) => a + b, 0) / x.length;
  const meanY = y.reduce((a, b) => a + b, 0) / y.length;
  let above = 0;
  let below = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = (x[i] as number) - meanX;
    above += dx * ((y[i] as number) - meanY);
    below += dx * dx;
  }
  return below === 0 ? 0 : above / below;
}

/**
 * Deviation of a unit = arrival − media time − the median of that over the window. Only for streams in
 * display order (no B-frames), whose timestamps and send order agree.
 */
export function pacingFigures(units: readonly RecordedUnit[], window: PacingWindow = {}): PacingFigures {
  const media = mediaMilliseconds(units);
  const end = media.at(-1) ?? 0;
  const offsets = units.map((unit, i) => unit.at - (media[i] as number));
  const inside = media.map((t) => t >= (window.skipStart ?? 2_000) && t <= end - (window.skipEnd ?? 700));
  const steady = offsets.filter((_, i) => inside[i]);
  const middle = median(steady);
  const deviations = steady.map((offset) => offset - middle);
  const sizes = deviations.map(Math.abs).sort((a, b) => a - b);
  const mean = deviations.reduce((a, b) => a + b, 0) / deviations.length;
  const variance = deviations.reduce((a, b) => a + (b - mean) ** 2, 0) / deviations.length;
  const start = offsets.filter((_, i) => (media[i] as number) < (window.skipStart ?? 2_000));
  return {
    units: steady.length,
    sd: Math.sqrt(variance),
    p50: quantile(sizes, 0.5),
    p95: quantile(sizes, 0.95),
    p99: quantile(sizes, 0.99),
    range: Math.max(...deviations) - Math.min(...deviations),
    startLead: Math.max(0, middle - Math.min(...start)),
    drift:
      slope(
        media.filter((_, i) => inside[i]),
        steady,
      ) * 1e6,
    kernelStamps: units.filter((unit) => unit.kernelStamp).length,
  };
}

/** The highest rate, as a multiple of real time, over any stretch of `windowMs` of arrivals. */
export function peakRate(units: readonly RecordedUnit[], windowMs: number): number {
  const media = mediaMilliseconds(units);
  let peak = 0;
  let from = 0;
  for (let to = 1; to < units.length; to++) {
    while ((units[to] as RecordedUnit).at - (units[from + 1] as RecordedUnit).at >= windowMs) from++;
    const elapsed = (units[to] as RecordedUnit).at - (units[from] as RecordedUnit).at;
    if (elapsed >= windowMs) {
      peak = Math.max(peak, ((media[to] as number) - (media[from] as number)) / elapsed);
    }
  }
  return peak;
}
