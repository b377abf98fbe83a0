/** What the process around a role sees of it: the same for decoder and encoder. */
import type { DecodeSnapshot, EncodeSnapshot, NativeErrorShape, SessionEvent } from '@videopush/native';
import type { HealthReport } from '@videopush/resources/health-server';
import type { Logger } from '../log.ts';
import type { Build } from '../metrics.ts';
import type { MetricsPage } from '../metrics-render.ts';
import type { NativeCore } from '../native-core.ts';
import type { Paced } from '../pacing-watch.ts';
import type { Carrier, QueueStatus } from '../queues/queue.ts';
import type { Progress } from '../readiness.ts';

export interface Role {
  /** One word: what the role is doing. */
  phase(): string;
  ready(): HealthReport;
  /** null while there is no session. */
  progress(): Progress | null;
  fault(): NativeErrorShape | null;
  /** null where the ring alone joins the roles. */
  queue(): QueueStatus | null;
  /** null where nothing is paced. */
  paced(): Paced | null;
  snapshot(): DecodeSnapshot | EncodeSnapshot | null;
  readonly metrics: Pick<MetricsPage<unknown>, 'render'>;
  /** What may not be shown, known once it was read. */
  secrets(): readonly string[];
  /** Runs to the end or to a stop. Resolves with whether everything is done. */
  run(): Promise<boolean>;
  requestStop(): void;
  abort(): void;
  /** A role that is done stays until it is asked to stop: a sidecar that ends would be started again. */
  readonly idlesWhenDone: boolean;
}

export interface RoleParts {
  native: NativeCore;
  log: Logger;
  build: Build;
  /** Called for every fault that keeps the role from running, repetitions included. */
  onFault: (fault: NativeErrorShape) => void;
}

/** Waits for the stop of a process whose work another one does by now. */
export function idleWhileSuperseded(carrier: Carrier, stop: AbortSignal): Promise<void> {
  if (!carrier.superseded || stop.aborted) return Promise.resolve();
  return new Promise((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
}

/** An event of the core as a log line: trouble, and what was not done as asked, as a warning. */
export function logEvent(log: Logger, { kind, detail }: SessionEvent): void {
  const level = /\.(failed|lost|damaged|reduced)$/.test(kind) ? 'warn' : 'info';
  log[level]({ event: kind }, detail || kind);
}
