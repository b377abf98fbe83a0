/**
 * Whether a push keeps its time: a judgement over the units of the last seconds. Pure;
 * the clock is handed in.
 */
import type { EncodeSnapshot } from '@videopush/native';

/** What /status says of the pacing. */
export interface Paced {
  /**
   * False while the source is too slow or too fast, and once more than 5 % of the units of 10 s were later
   * than one frame; true again after 20 s below 1 %.
   */
  ok: boolean;
  /** Set while a live source gives frames at another rate than its timestamps say, by more than a slew. */
  source: 'SourceTooSlow' | 'SourceTooFast' | null;
  /** Share of late units in the last 10 s, 0 to 1, of the output with the largest share. */
  lateShare: number;
}

const BAD_SHARE = 0.05;
const BAD_SECONDS = 10;
/** Seconds before the first judgement. */
const FIRST_SECONDS = 3;
const GOOD_SHARE = 0.01;
const GOOD_SECONDS = 20;
/** A source is too slow or too fast beyond the largest slew (native/src/pacing/source_clock.h). */
const OFF_PPM = 500;
/** Below this it is right again. */
const IN_ORDER_PPM = 450;

interface Sample {
  at: number;
  sent: number;
  late: number;
}

/** One output's counters over time. */
export class PacedWatch {
  readonly #now: () => number;
  #samples: Sample[] = [];
  #ok = true;

  /** `now`: seconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get paced(): Pick<Paced, 'ok' | 'lateShare'> {
    return { ok: this.#ok, lateShare: this.#share(BAD_SECONDS) ?? 0 };
  }

  /**
   * Once a second. `sent` and `late` only grow during one session; where one
   * shrinks, a new session has begun.
   */
  sample(sent: number, late: number): void {
    const at = this.#now();
    const last = this.#samples.at(-1);
    if (last && (sent < last.sent || late < last.late)) this.#samples = [];
    this.#samples.push({ at, sent, late });
    // The newest sample that is older than the longest span stays: that is where the span's counts begin.
    while (this.#samples[1] !== undefined && this.#samples[1].at <= at - GOOD_SECONDS) this.#samples.shift();
    if (this.#isBad()) this.#ok = false;
    if (this.#covers(GOOD_SECONDS) && (this.#share(GOOD_SECONDS) ?? 1) < GOOD_SHARE) this.#ok = true;
  }

  /** At the beginning: already so many late units that the first ten seconds cannot end well any more. */
  #isBad(): boolean {
    if (!this.#covers(FIRST_SECONDS)) return false;
    const part = Math.min(this.#span() / BAD_SECONDS, 1);
    return (this.#share(BAD_SECONDS) ?? 0) * part > BAD_SHARE;
  }

  #covers(seconds: number): boolean {
    return this.#span() >= seconds;
  }

  /** Seconds from the oldest sample to the newest. */
  #span(): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    return first !== undefined && last !== undefined ? last.at - first.at : 0;
  }

  /** undefined: nothing was sent, so nothing was late either; another condition says why. */
  #share(seconds: number): number | undefined {
    const last = this.#samples.at(-1);
    if (!last) return undefined;
    const first = this.#samples.findLast(({ at }) => at <= last.at - seconds) ?? this.#samples[0];
    const units = last.sent - (first?.sent ?? 0);
    return units > 0 ? Math.min((last.late - (first?.late ?? 0)) / units, 1) : undefined;
  }
}

/** Every output sees the same frames arrive, so the first one with an estimate decides. */
function paceOf(snapshot: EncodeSnapshot | null, before: Paced['source']): Paced['source'] {
  const known = snapshot?.outputs.find(({ sourceClockPpm }) => sourceClockPpm !== null);
  const ppm = known?.sourceClockPpm ?? 0;
  if (Math.abs(ppm) <= (before === null ? OFF_PPM : IN_ORDER_PPM)) return null;
  return ppm < 0 ? 'SourceTooSlow' : 'SourceTooFast';
}

/** All outputs of an encoder: the worst one speaks. */
export class EncoderPacing {
  readonly #now: () => number;
  readonly #watches = new Map<string, PacedWatch>();
  #source: Paced['source'] = null;

  /** `now`: seconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Once a second. */
  sample(snapshot: EncodeSnapshot | null): void {
    for (const output of snapshot?.outputs ?? []) {
      const watch = this.#watches.get(output.name) ?? new PacedWatch(this.#now);
      this.#watches.set(output.name, watch);
      watch.sample(output.lateness.count, output.late);
    }
    this.#source = paceOf(snapshot, this.#source);
  }

  /** null before the first sample. */
  get paced(): Paced | null {
    const all = [...this.#watches.values()].map(({ paced }) => paced);
    if (all.length === 0) return null;
    return {
      ok: this.#source === null && all.every(({ ok }) => ok),
      source: this.#source,
      lateShare: Math.max(...all.map(({ lateShare }) => lateShare)),
    };
  }
}
