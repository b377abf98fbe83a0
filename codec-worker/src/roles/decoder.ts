/** The decoder role: a source into the frame queue. */
import type { DecodeSessionOptions, DecodeSnapshot, NativeErrorShape } from '@videopush/native';
import type { HealthReport } from '@videopush/resources/health-server';
import type { DecoderConfig } from '@videopush/resources/worker-config';
import { decoderFamilies } from '../metrics.ts';
import { MetricsPage } from '../metrics-render.ts';
import type { DecoderCarrier, QueueStatus, RingStart } from '../queues/queue.ts';
import { EXTRA_FRAMES } from '../queues/split/sizes.ts';
import { decoderProgress, decoderReady, faultText, type Progress } from '../readiness.ts';
import { SessionSupervisor } from '../session-supervisor.ts';
import { idleWhileSuperseded, logEvent, type Role, type RoleParts } from './role.ts';

/** `start`: of a ring whose frames go on to another pod. */
export function decodeOptions(
  { source, video, queue, latencyBudgetMilliseconds }: DecoderConfig,
  start?: RingStart,
): DecodeSessionOptions {
  const { onEnd, ...origin } = source;
  const { path, capacityFrames, maxBytes, whenFull, outputs, encoderDelayFrames } = queue;
  return {
    ...video,
    source: origin,
    onEnd,
    ring: { path, capacityFrames, maxBytes, whenFull, outputs: start ? [CARRIED] : outputs, ...start },
    encoderDelayFrames: start ? Math.min(encoderDelayFrames + EXTRA_FRAMES, MAX_DELAY) : encoderDelayFrames,
    latencyBudgetMilliseconds,
  };
}

/** The one output of a ring whose frames go on to another pod, where the outputs' own ledgers are. */
const CARRIED = 'jetstream';
/** The most that the native core takes. */
const MAX_DELAY = 256;

class DecoderRole implements Role {
  readonly idlesWhenDone = true;
  readonly metrics: Role['metrics'];
  readonly #config: DecoderConfig;
  readonly #parts: RoleParts;
  readonly #supervisor: SessionSupervisor<DecodeSnapshot>;
  readonly #stop = new AbortController();
  #carrier: DecoderCarrier | null = null;
  #start: RingStart | undefined;
  /** The end marker of an earlier process was found in the stream. */
  #endedBefore = false;

  constructor(config: DecoderConfig, parts: RoleParts) {
    this.#config = config;
    this.#parts = parts;
    const { native, log, build, onFault } = parts;
    const { userFile, passwordFile, caFile } = config.source;
    this.#supervisor = new SessionSupervisor<DecodeSnapshot>({
      open: () => native.decodeSession(decodeOptions(config, this.#start), (event) => logEvent(log, event)),
      done: ({ phase }) => phase === 'Ended',
      files: [userFile, passwordFile, caFile].filter((file) => file !== undefined),
      onFault,
    });
    const take = () => ({ build, snapshot: this.#supervisor.snapshot() });
    this.metrics = new MetricsPage(config.stream, decoderFamilies, take);
  }

  phase(): string {
    if (this.#endedBefore) return 'Ended';
    return this.#supervisor.fault ? 'Failed' : (this.#supervisor.snapshot()?.phase ?? 'Opening');
  }

  ready(): HealthReport {
    const fault = this.#supervisor.fault ?? this.#carrier?.fault;
    if (fault) return { ok: false, code: fault.code, message: faultText(fault) };
    if (this.#endedBefore) return { ok: true, code: 'Ended', message: 'everything is in the queue' };
    return decoderReady(this.#supervisor.snapshot());
  }

  progress(): Progress | null {
    const snapshot = this.#supervisor.fault ? null : this.#supervisor.snapshot();
    return snapshot && decoderProgress(snapshot);
  }

  fault(): NativeErrorShape | null {
    return this.#supervisor.fault ?? this.#carrier?.fault ?? this.#supervisor.snapshot()?.error ?? null;
  }

  queue(): QueueStatus | null {
    return this.#carrier?.status() ?? null;
  }

  paced(): null {
    return null;
  }

  snapshot(): DecodeSnapshot | null {
    return this.#supervisor.snapshot();
  }

  secrets(): readonly string[] {
    return [];
  }

  async run(): Promise<boolean> {
    if (this.#config.queue.jetStream === undefined) return await this.#supervisor.run();
    const carrier = await this.#joined();
    const start = this.#stop.signal.aborted ? null : await carrier.prepare();
    if (start === null) return false;
    this.#endedBefore = start === 'ended';
    if (start === 'ended') return true;
    this.#start = start;
    void carrier.run();
    const done = await this.#supervisor.run();
    await idleWhileSuperseded(carrier, this.#stop.signal);
    // A decoder that is done idles, and its last frames go on meanwhile.
    if (!done) await carrier.drain();
    return done;
  }

  requestStop(): void {
    this.#stop.abort();
    this.#supervisor.requestStop();
    if (this.#start === undefined) void this.#carrier?.cut();
  }

  abort(): void {
    this.#stop.abort();
    this.#supervisor.abort();
    void this.#carrier?.cut();
  }

  async #joined(): Promise<DecoderCarrier> {
    const { isSplit, JetStreamDecoder } = await import('../queues/split/index.ts');
    if (!isSplit(this.#config)) throw new Error('not a split queue');
    const { log, onFault } = this.#parts;
    this.#carrier = new JetStreamDecoder(this.#config, {
      onFault,
      onSuperseded: () => this.#supervisor.requestStop(),
      onEvent: (event) => logEvent(log, event),
    });
    return this.#carrier;
  }
}

export function decoderRole(config: DecoderConfig, parts: RoleParts): Role {
  return new DecoderRole(config, parts);
}
