import { describe, expect, it } from 'vitest';
import { EncoderPacing, PacedWatch } from './pacing-watch.ts';
import { encodeSnapshot, outputSnapshot, threeValues } from './testing/snapshots.ts';

/** Units at 25 a second on a clock of its own; `late` says how many of each second's units are late. */
class Push {
  seconds = 0;
  sent = 0;
  late = 0;
  readonly watch = new PacedWatch(() => this.seconds);

  constructor() {
    this.watch.sample(0, 0);
  }

  run(seconds: number, late = 0, units = 25): void {
    for (let i = 0; i < seconds; i++) {
      this.seconds += 1;
      this.sent += units;
      this.late += late;
      this.watch.sample(this.sent, this.late);
    }
  }
}

describe('PacedWatch', () => {
  it('a push is paced from its start, and while no more than one unit in twenty is late', () => {
    const push = new Push();
    expect(push.watch.paced).toEqual({ ok: true, lateShare: 0 });
    push.run(60, 1);
    expect(push.watch.paced).toEqual({ ok: true, lateShare: 0.04 });
  });

  it('a push is no longer paced when more than 5 % of the units of ten seconds were late', () => {
    const push = new Push();
    push.run(10);
    push.run(4, 3);
    expect(push.watch.paced).toEqual({ ok: true, lateShare: 0.048 });
    push.run(1, 3);
    expect(push.watch.paced).toEqual({ ok: false, lateShare: 0.06 });
  });

  it('a push is not judged in its first three seconds, nor later for what ten seconds may still make good', () => {
    const push = new Push();
    push.run(2, 25);
    expect(push.watch.paced.ok).toBe(true);
    const stumbling = new Push();
    stumbling.run(1, 12);
    stumbling.run(60);
    expect(stumbling.watch.paced).toEqual({ ok: true, lateShare: 0 });
  });

  it('a push is no longer paced as soon as its first ten seconds cannot end well', () => {
    const push = new Push();
    push.run(3, 25);
    expect(push.watch.paced).toEqual({ ok: false, lateShare: 1 });
    const slowly = new Push();
    slowly.run(8, 2);
    expect(slowly.watch.paced.ok).toBe(false);
    const later = new Push();
    later.run(6, 2);
    expect(later.watch.paced.ok).toBe(true);
  });

  it('a push is paced again after twenty seconds below 1 %, and not before', () => {
    const push = new Push();
    push.run(15, 5);
    expect(push.watch.paced.ok).toBe(false);
    push.run(19);
    expect(push.watch.paced).toEqual({ ok: false, lateShare: 0 });
    push.run(1);
    expect(push.watch.paced.ok).toBe(true);
  });

  it('a push keeps its verdict while nothing is sent', () => {
    const push = new Push();
    push.run(15, 5);
    push.run(100, 0, 0);
    expect(push.watch.paced).toEqual({ ok: false, lateShare: 0 });
  });

  it('a push is judged from the beginning again when its counters start again', () => {
    const push = new Push();
    push.run(8, 25);
    push.sent = 0;
    push.late = 0;
    push.run(30);
    expect(push.watch.paced).toEqual({ ok: true, lateShare: 0 });
  });
});

describe('EncoderPacing', () => {
  it('an encoder is judged by its worst-paced output', () => {
    let seconds = 0;
    const pacing = new EncoderPacing(() => seconds);
    expect(pacing.paced).toBeNull();
    pacing.sample(null);
    expect(pacing.paced).toBeNull();
    for (; seconds <= 10; seconds++) {
      const lateness = { ...threeValues, count: 100 * seconds };
      const rebases = { stall: 0, resume: 9, discontinuity: 9, sourceClock: 9 };
      const good = outputSnapshot({ name: 'good', lateness, late: 0, rebases });
      const bad = outputSnapshot({ name: 'bad', lateness, late: 10 * seconds, rebases });
      pacing.sample(encodeSnapshot({ outputs: [good, bad] }));
    }
    expect(pacing.paced).toEqual({ ok: false, source: null, lateShare: 0.1 });
  });

  it('a source counts as too slow or too fast from 500 ppm on, and as right again below 450 ppm', () => {
    const pacing = new EncoderPacing(() => 0);
    const at = (sourceClockPpm: number | null) => {
      pacing.sample(encodeSnapshot({ outputs: [outputSnapshot({ sourceClockPpm })] }));
      return pacing.paced;
    };
    expect(at(null)).toMatchObject({ ok: true, source: null });
    expect(at(-499)).toMatchObject({ ok: true, source: null });
    expect(at(-501)).toMatchObject({ ok: false, source: 'SourceTooSlow' });
    expect(at(-480)).toMatchObject({ ok: false, source: 'SourceTooSlow' });
    expect(at(-440)).toMatchObject({ ok: true, source: null });
    expect(at(50_000)).toMatchObject({ ok: false, source: 'SourceTooFast' });
  });
});
