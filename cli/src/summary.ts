/** What became of every frame, and what the command says with its exit code about it. Pure. */
import type { CatchUp, EncodeSnapshot, LedgerTotals, WhenFull } from '@videopush/native';
import { ExitCode } from './errors.ts';

export interface Policy {
  whenFull: WhenFull;
  catchUp: CatchUp;
}

export interface OutputSummary {
  name: string;
  url: string;
  /** of a file: all that were written, in order; after a restart more than the one that was named */
  files: string[];
  sourceFrames: number;
  sent: number;
  repeated: number;
  dropped: number;
  /** of them: given by a live source before the output was connected, which is no loss */
  backlog: number;
  failed: number;
  /** decoded, but neither sent nor given up: only after a stop */
  unsettled: number;
  bytes: number;
  late: number;
  rebases: number;
  /** media time sent minus time elapsed since the first unit */
  totalLeadSeconds: number;
  reconnects: number;
}

/** All of one kind, whatever the reason. */
export const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0);

export function summarize(encoder: EncodeSnapshot): OutputSummary[] {
  return encoder.outputs.map((output) => {
    const { sent, repeated, dropped, failed, bytes } = output.ledger;
    return {
      name: output.name,
      url: output.url,
      files: output.files,
      sourceFrames: encoder.sourceFrames,
      sent,
      repeated,
      dropped: sum(dropped),
      backlog: dropped.backlog,
      failed: sum(failed),
      unsettled: encoder.sourceFrames - sent - sum(dropped) - sum(failed),
      bytes,
      late: output.late,
      rebases: sum(output.rebases),
      totalLeadSeconds: output.totalLeadSeconds,
      reconnects: sum(output.reconnects),
    };
  });
}

/** Frames that were lost although the policy did not allow it. */
export function unexcused(ledger: LedgerTotals, policy: Policy): number {
  const queueAllowed = policy.whenFull !== 'Block';
  const lateAllowed = policy.catchUp === 'Skip';
  return (
    sum(ledger.failed) +
    ledger.dropped.decodeError +
    ledger.dropped.network +
    (queueAllowed ? 0 : ledger.dropped.queueFull) +
    (lateAllowed ? 0 : ledger.dropped.late)
  );
}

/** `stopped`: somebody asked for the end, so frames that were decoded but not sent yet are no loss. */
export function exitCodeOf(encoder: EncodeSnapshot, policy: Policy, stopped: boolean): ExitCode {
  const summaries = summarize(encoder);
  const clean = encoder.outputs.every((output, index) => {
    const unsettled = summaries[index]?.unsettled ?? 0;
    return unexcused(output.ledger, policy) === 0 && (stopped ? unsettled >= 0 : unsettled === 0);
  });
  if (!clean) return ExitCode.Failed;
  return stopped || encoder.ended ? ExitCode.Ok : ExitCode.Failed;
}

export const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;

/** By how much the stream has fallen behind, from a second on. */
const behind = ({ totalLeadSeconds: lead }: OutputSummary): string =>
  lead > -1 ? '' : `, ${(-lead).toFixed(1)} s behind the clock`;

function outcome({ sent, unsettled }: OutputSummary, lost: number): string {
  if (lost > 0) return `${plural(lost, 'frame')} lost`;
  if (sent === 0) return 'nothing was sent';
  return unsettled > 0 ? 'no frame was lost before the stop' : 'no frame was lost';
}

/** The closing lines for a terminal, one block per output. */
export function formatSummary(outputs: OutputSummary[], seconds: number): string {
  const lines = outputs.flatMap((o) => {
    const lost = o.dropped - o.backlog + o.failed;
    const balanced = o.sourceFrames === o.sent + o.dropped + o.failed + o.unsettled;
    return [
      o.files.length > 1 ? o.files.join(', then ') : o.url,
      `  ledger   ${o.sourceFrames} source frames = ${o.sent} sent + ${o.dropped} dropped + ${o.failed} failed` +
        (o.backlog ? ` (${o.backlog} dropped from before the connection)` : '') +
        (o.unsettled ? ` + ${o.unsettled} not sent at the stop` : '') +
        (balanced ? '' : '  (DOES NOT BALANCE)') +
        `; ${o.repeated} repeated`,
      `  pacing   ${o.late} late by more than a frame, ${plural(o.rebases, 'shift')} of the schedule${behind(o)}, ${plural(o.reconnects, 'reconnect')}`,
      `  volume   ${(o.bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s`,
      `  result   ${balanced ? outcome(o, lost) : `${plural(lost, 'frame')} lost`}`,
    ];
  });
  return lines.join('\n');
}
