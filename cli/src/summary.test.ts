import type { EncodeSnapshot, LedgerTotals, OutputSnapshot } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { ExitCode } from './errors.ts';
import { exitCodeOf, formatSummary, type Policy, summarize } from './summary.ts';

const strict: Policy = { whenFull: 'Block', catchUp: 'Rebase' };

function ledger(change: Partial<LedgerTotals> = {}): LedgerTotals {
  return {
    sent: 100,
    repeated: 0,
    bytes: 5000,
    dropped: { queueFull: 0, late: 0, decodeError: 0, network: 0, backlog: 0 },
    failed: { encode: 0, output: 0 },
    ...change,
  };
}

function snapshot(totals: LedgerTotals, change: Partial<EncodeSnapshot> = {}): EncodeSnapshot {
  const empty = { bounds: [], buckets: [0], sum: 0, count: 0 };
  const output: OutputSnapshot = {
    name: 'main',
    protocol: 'rtsp',
    url: 'rtsp://h/p',
    files: [],
    phase: 'Closed',
    error: null,
    connects: 1,
    reconnects: { refused: 0, timeout: 0, reset: 0, protocol: 0 },
    renewals: 0,
    outageSeconds: 0,
    ledger: totals,
    keyFrames: 2,
    late: 0,
    lateness: empty,
    intervalError: empty,
    writeDuration: empty,
    sendLeadSeconds: 0,
    leadSeconds: 0,
    jitterSeconds: 0,
    intervalSeconds: 0,
    intervalSquaredSeconds: 0,
    waitSeconds: 0,
    rebases: { stall: 0, resume: 0, discontinuity: 0, sourceClock: 0 },
    rebaseSeconds: 0,
    totalLeadSeconds: 0,
    backlogBytes: 0,
    sourceClockPpm: null,
    secondsUntilDue: null,
  };
  return {
    running: false,
    ended: true,
    error: null,
    sourceFrames: 100,
    dequeued: 100,
    encoded: 100,
    resumes: 0,
    encoder: null,
    format: null,
    encodeDuration: empty,
    residence: empty,
    latency: empty,
    queue: null,
    outputs: [output],
    ...change,
  };
}

describe('the closing summary', () => {
  it('the closing summary is clean when every source frame was sent', () => {
    const clean = snapshot(ledger());
    expect(exitCodeOf(clean, strict, false)).toBe(ExitCode.Ok);
    expect(formatSummary(summarize(clean), 4)).toContain(
      '100 source frames = 100 sent + 0 dropped + 0 failed; 0 repeated',
    );
    expect(formatSummary(summarize(clean), 4)).toContain('no frame was lost');
  });

  it('the closing summary does not count as lost what a live source gave before the output connected', () => {
    const dropped = { queueFull: 0, late: 0, decodeError: 0, network: 0, backlog: 19 };
    const late = snapshot(ledger({ sent: 81, dropped }));
    expect(exitCodeOf(late, strict, false)).toBe(ExitCode.Ok);
    const text = formatSummary(summarize(late), 4);
    expect(text).toContain('19 dropped from before the connection');
    expect(text).toContain('no frame was lost');
  });

  it('the closing summary says by how much a stream has fallen behind, rebases included', () => {
    const slow = snapshot(ledger());
    const [output] = slow.outputs;
    if (output) output.totalLeadSeconds = -7.34;
    expect(formatSummary(summarize(slow), 4)).toContain('7.3 s behind the clock');
    expect(formatSummary(summarize(snapshot(ledger())), 4)).not.toContain('behind');
  });

  it('the closing summary never says that no frame was lost when none was sent', () => {
    const empty = summarize(snapshot(ledger({ sent: 0, bytes: 0 }), { ended: false }));
    expect(formatSummary(empty, 4)).toContain('result   nothing was sent');
    expect(formatSummary(empty, 4)).not.toContain('no frame was lost');
  });

  it('the closing summary fails for a frame that was neither sent nor dropped, except after a stop', () => {
    const open = snapshot(ledger({ sent: 98 }), { ended: false });
    expect(exitCodeOf(open, strict, false)).toBe(ExitCode.Failed);
    expect(exitCodeOf(open, strict, true)).toBe(ExitCode.Ok);
    expect(formatSummary(summarize(open), 4)).toContain('2 not sent at the stop');
  });

  it('the closing summary excuses what the policy allows to be lost, and nothing else', () => {
    const full = snapshot(
      ledger({ sent: 97, dropped: { queueFull: 3, late: 0, decodeError: 0, network: 0, backlog: 0 } }),
    );
    expect(exitCodeOf(full, strict, false)).toBe(ExitCode.Failed);
    expect(exitCodeOf(full, { ...strict, whenFull: 'DropOldest' }, false)).toBe(ExitCode.Ok);
    const late = snapshot(
      ledger({ sent: 99, dropped: { queueFull: 0, late: 1, decodeError: 0, network: 0, backlog: 0 } }),
    );
    expect(exitCodeOf(late, { ...strict, whenFull: 'DropOldest' }, false)).toBe(ExitCode.Failed);
    expect(exitCodeOf(late, { ...strict, catchUp: 'Skip' }, false)).toBe(ExitCode.Ok);
    const failed = snapshot(ledger({ sent: 99, failed: { encode: 1, output: 0 } }));
    expect(exitCodeOf(failed, { whenFull: 'DropOldest', catchUp: 'Skip' }, false)).toBe(ExitCode.Failed);
  });

  it('the closing summary fails when the ledger does not balance', () => {
    const wrong = snapshot(ledger({ sent: 101 }));
    expect(exitCodeOf(wrong, strict, false)).toBe(ExitCode.Failed);
  });
});

it('the closing lines name every file that was written', () => {
  const written = snapshot(ledger());
  for (const output of written.outputs) output.files = ['out.mkv', 'out-2.mkv'];
  const summary = summarize(written);
  expect(summary[0]?.files).toEqual(['out.mkv', 'out-2.mkv']);
  expect(formatSummary(summary, 10)).toMatch(/^out\.mkv, then out-2\.mkv\n/);
});
