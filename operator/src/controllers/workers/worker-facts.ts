/** What a worker's /status page means to its stream: the few facts that change rarely. Pure. */

import { JUMPS, type JumpCounts } from './source-jumps.ts';

export type Role = 'decoder' | 'encoder';

export interface WorkerFacts {
  /** of the role process; a new one means that it was started again */
  startTime: string;
  /** restarts of the role process since its container started */
  restarts: number;
  ready: { ok: boolean; code: string; message: string };
  /** what keeps the role from working, or troubles it */
  fault: { code: string; message: string; permanent: boolean } | null;
  /** encoder: whether its units leave on time; null when that is not known yet */
  paced: boolean | null;
  /** encoder: set while a live source gives frames at another rate than its timestamps say */
  sourcePace: 'SourceTooSlow' | 'SourceTooFast' | null;
  /** decoder: corrections of the source's timestamps since the process began */
  jumps: JumpCounts;
  /** the frame queue is (all but) full: who takes from it is the slower side */
  queueFull: boolean;
  /** how many frames may wait in the queue; null when that is not known yet */
  queueCapacity: number | null;
  /** everything was sent, or everything is in the queue */
  ended: boolean;
  /** the process before this one was killed (SIGKILL), which is what the kernel does when memory runs out */
  killed: boolean;
  /** it began less than 30 s ago */
  young: boolean;
}

/** A queue with this part of its places taken counts as full: it breathes by a frame or two. */
const FULL = 0.8;
const YOUNG_SECONDS = 30;
const MAX_TEXT = 500;

/**
 * The page's JSON as facts; null when it is none of a worker in this role. Nothing in it is trusted to be
 * well-formed. A worker whose configuration cannot be used does not know its role.
 */
export function readFacts(page: unknown, role: Role): WorkerFacts | null {
  const status = record(page);
  const nameless = status?.role === undefined && status?.phase === 'Failed';
  if (!status || (status.role !== role && !nameless)) return null;
  const ready = record(status.ready) ?? {};
  const snapshot = record(status.snapshot);
  const code = word(ready.code);
  const queue = record(snapshot?.queue) ?? record(status.ring);
  return {
    startTime: text(status.startTime),
    restarts: whole(status.restarts),
    ready: { ok: ready.ok === true, code, message: steadyMessage(code, text(ready.message)) },
    fault: readFault(status.error),
    paced: readPaced(status.paced),
    sourcePace: readSourcePace(status.paced),
    jumps: readJumps(snapshot?.discontinuities),
    queueFull: isFull(queue),
    queueCapacity: whole(queue?.capacity) || null,
    ended: snapshot?.ended === true || snapshot?.phase === 'Ended',
    killed: wasKilled(status.lastExit),
    young: typeof status.uptimeSeconds === 'number' && status.uptimeSeconds < YOUNG_SECONDS,
  };
}

/** Whether there is nothing new in `after` for anybody. */
export function sameFacts(before: WorkerFacts | null, after: WorkerFacts | null): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}

function readFault(value: unknown): WorkerFacts['fault'] {
  const error = record(value);
  if (!error) return null;
  const message = [text(error.message), text(error.action)].filter((part) => part !== '').join('; ');
  return { code: word(error.code), message, permanent: error.permanent === true || error.ok === false };
}

function readPaced(value: unknown): boolean | null {
  const ok = record(value)?.ok;
  return typeof ok === 'boolean' ? ok : null;
}

function readSourcePace(value: unknown): WorkerFacts['sourcePace'] {
  const source = record(value)?.source;
  return source === 'SourceTooSlow' || source === 'SourceTooFast' ? source : null;
}

function readJumps(value: unknown): JumpCounts {
  const counts = record(value) ?? {};
  return Object.fromEntries(JUMPS.map((kind) => [kind, whole(counts[kind])])) as Record<
    keyof JumpCounts,
    number
  >;
}

function isFull(queue: Record<string, unknown> | null): boolean {
  const { depth, capacity } = queue ?? {};
  return typeof depth === 'number' && typeof capacity === 'number' && depth >= capacity * FULL;
}

function wasKilled(value: unknown): boolean {
  const exit = record(value);
  return exit?.signal === 'SIGKILL' || exit?.signal === 9 || exit?.code === 137;
}

/** A sentence that counts seconds would be a new one at each poll. */
function steadyMessage(code: string, message: string): string {
  return code === 'SourceStalled' ? 'the source is connected and gives no frames' : message;
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : '';
}

/** A reason as the API server takes it. */
function word(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z]\w{0,99}$/.test(value) ? value : 'Unknown';
}

function whole(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
