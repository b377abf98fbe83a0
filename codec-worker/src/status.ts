/** The body of /status: everything that is known of this process, in one JSON document. */
import { constants } from 'node:os';
import type { DecodeSnapshot, EncodeSnapshot, NativeErrorShape, RingSnapshot } from '@videopush/native';
import type { HealthReport } from '@videopush/resources/health-server';
import type { Paced } from './pacing-watch.ts';
import type { QueueStatus } from './queues/queue.ts';

export interface LastExit {
  /** Exit code by the shell's convention: 128 + the signal. */
  code: number;
  /** Its name, such as SIGKILL; null: it exited by itself. */
  signal: string | null;
}

/** What the supervisor hands on in VIDEOPUSH_LAST_EXIT. */
export function readLastExit(text: string | undefined): LastExit | null {
  if (text === undefined || !/^\d{1,3}$/.test(text)) return null;
  const code = Number(text);
  const [signal = null] = Object.entries(constants.signals).find(([, number]) => number + 128 === code) ?? [];
  return { code, signal };
}

export interface WorkerStatus<Snapshot = DecodeSnapshot | EncodeSnapshot> {
  version: 1;
  stream: string;
  role: 'decoder' | 'encoder';
  pid: number;
  /** How often the supervisor has started this role again. */
  restarts: number;
  /** How often it was started again for a changed configuration. */
  reloads: number;
  /**
   * How the process before this one failed, as the supervisor saw it; null: there
   * was none, or it ended in order.
   */
  lastExit: LastExit | null;
  /** ISO 8601, of this process. */
  startTime: string;
  uptimeSeconds: number;
  /** One word: what the role is doing. */
  phase: string;
  ready: HealthReport;
  /** What keeps the role from working, or troubles it; null in health. */
  error: NativeErrorShape | null;
  /** Encoder: whether units leave on time; null for a decoder and before the first second. */
  paced: Paced | null;
  /** Snapshot of the native session; null before the first session. */
  snapshot: Snapshot | null;
  /** What joins this pod's ring to that of the other role's pod; null when both are in one. */
  queue: QueueStatus | null;
  /**
   * The frame queue with its cursors and every output's ledger, as it outlives the processes;
   * null while there is none.
   */
  ring: RingSnapshot | null;
}

export type DecoderStatus = WorkerStatus<DecodeSnapshot>;
export type EncoderStatus = WorkerStatus<EncodeSnapshot>;
