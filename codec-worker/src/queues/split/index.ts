/** A JetStream stream between the rings of a decoder pod and an encoder pod. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { observeRing, type RingSeed } from '@videopush/native';
import type { DecoderConfig, EncoderConfig, WorkerConfig } from '@videopush/resources/worker-config';
import type { WorkerError } from '../../errors.ts';
import type { CarrierParts, DecoderCarrier, EncoderCarrier, QueueStatus, RingStart } from '../queue.ts';
import { Forwarder } from './decoder-end/forwarder.ts';
import { Receiver } from './encoder-end/receiver.ts';
import { Link } from './nats-link.ts';
import { QueueStream } from './queue-stream.ts';
import { sizesOf } from './sizes.ts';
import { Decoder, type FrameRecord, type QueueRecord } from './wire.ts';

/** How long a decoder that was stopped may take to hand over what is in its ring, milliseconds. */
const DRAIN_LIMIT = 2000;

type Joined<C extends WorkerConfig> = C & {
  queue: { jetStream: NonNullable<WorkerConfig['queue']['jetStream']> };
};

export const isSplit = <C extends WorkerConfig>(config: C): config is Joined<C> =>
  config.queue.jetStream !== undefined;

interface Numbering {
  epoch: string;
  source: string;
}

const parametersOf = (numbering: Numbering): string => JSON.stringify(numbering);

/** The numbering of the ring that exists; null: there is none, or it is none of a split queue. */
function ringNumbering(path: string): Numbering | null {
  try {
    const { epoch, source } = observeRing(path).parameters as Partial<Numbering>;
    return typeof epoch === 'string' && typeof source === 'string' ? { epoch, source } : null;
  } catch {
    return null;
  }
}

function sizesFor({ queue, latencyBudgetMilliseconds }: WorkerConfig) {
  return (format: QueueRecord['format']) => sizesOf(queue, latencyBudgetMilliseconds, format);
}

const ignoreHealth =
  (onFault: CarrierParts['onFault']) =>
  (fault: WorkerError | null): void => {
    if (fault) onFault(fault);
  };

export class JetStreamDecoder implements DecoderCarrier {
  readonly #config: Joined<DecoderConfig>;
  readonly #parts: CarrierParts;
  readonly #finding: Link;
  #forwarder: Forwarder | null = null;
  #numbering: Numbering | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(config: Joined<DecoderConfig>, parts: CarrierParts) {
    this.#config = config;
    this.#parts = parts;
    const { address, stream } = config.queue.jetStream;
    this.#finding = new Link({ address, name: `${stream} decoder`, onFault: ignoreHealth(parts.onFault) });
  }

  get fault(): WorkerError | null {
    return this.#forwarder ? this.#forwarder.fault : this.#finding.fault;
  }

  get superseded(): boolean {
    return this.#forwarder?.superseded ?? false;
  }

  status(): QueueStatus {
    const { address, stream } = this.#config.queue.jetStream;
    const { connected, depth } = this.#forwarder ?? { connected: this.#finding.connected, depth: 0 };
    return { type: 'jetstream', address, stream, connected, depth };
  }

  async prepare(): Promise<RingStart | 'ended' | null> {
    const { path, jetStream } = this.#config.queue;
    const { source } = jetStream;
    const present = ringNumbering(path);
    if (present?.source === source) return this.#begin(present);
    if (present) {
      this.#parts.onEvent({ kind: 'queue.discarded', detail: 'the ring holds frames of another source' });
      rmSync(path, { force: true });
    }
    const last = await this.#lastMessage();
    if (this.#finding.signal.aborted) return null;
    const { queue, record } = last ?? {};
    if (!queue || !record || queue.source !== source) {
      return this.#begin({ epoch: randomUUID(), source });
    }
    if (record.kind === 'end') return 'ended';
    return this.#begin({ epoch: queue.epoch, source }, seedOf(queue, record));
  }

  run(): Promise<void> {
    const { queue } = this.#config;
    const { onFault, onSuperseded } = this.#parts;
    this.#forwarder = new Forwarder({
      ...queue.jetStream,
      ...(this.#numbering as Numbering),
      ringPath: queue.path,
      sizes: sizesFor(this.#config),
      onFault: ignoreHealth(onFault),
      onSuperseded,
    });
    this.#running = this.#forwarder.run();
    return this.#running;
  }

  async drain(): Promise<void> {
    this.#forwarder?.drain();
    const over = new AbortController();
    const late = delay(DRAIN_LIMIT, undefined, { signal: over.signal }).catch(() => {});
    await Promise.race([this.#running, late]);
    over.abort();
    await this.cut();
  }

  async cut(): Promise<void> {
    await this.#finding.cut();
    await this.#forwarder?.cut();
    await this.#running;
  }

  #begin(numbering: Numbering, seed?: RingSeed): RingStart {
    this.#numbering = numbering;
    return { parameters: parametersOf(numbering), ...(seed && { seed }) };
  }

  /** What an earlier decoder put into the stream last; null: nothing. */
  async #lastMessage(): Promise<{ queue: QueueRecord; record: FrameRecord | { kind: 'end' } } | null> {
    let found: Awaited<ReturnType<QueueStream['message']>> = null;
    await this.#finding.run(async (connection) => {
      const stream = await QueueStream.on(connection, this.#config.queue.jetStream.stream);
      const info = await stream.info();
      found =
        info && info.state.messages > 0 ? await stream.message(info.state.last_seq, new Decoder()) : null;
      this.#finding.clear();
    });
    return found;
  }
}

function seedOf({ format }: QueueRecord, { header, producedAt }: FrameRecord): RingSeed {
  const { timeBaseNumerator, timeBaseDenominator } = format;
  const ageSeconds = Math.max(0, Date.now() - producedAt) / 1000;
  return { ...header, ageSeconds, timeBaseNumerator, timeBaseDenominator };
}

export class JetStreamEncoder implements EncoderCarrier {
  readonly #config: Joined<EncoderConfig>;
  readonly #receiver: Receiver;

  constructor(config: Joined<EncoderConfig>, { onFault, onSuperseded, onEvent }: CarrierParts) {
    this.#config = config;
    const { path, jetStream, outputs } = config.queue;
    this.#receiver = new Receiver({
      ...jetStream,
      ringPath: path,
      outputs,
      sizes: sizesFor(config),
      onFault: ignoreHealth(onFault),
      onSuperseded,
      onEvent: (kind, detail) => onEvent({ kind, detail }),
    });
  }

  get fault(): WorkerError | null {
    return this.#receiver.fault;
  }

  get superseded(): boolean {
    return this.#receiver.superseded;
  }

  status(): QueueStatus {
    const { connected, depth } = this.#receiver;
    const { address, stream } = this.#config.queue.jetStream;
    return { type: 'jetstream', address, stream, connected, depth };
  }

  run(): Promise<void> {
    return this.#receiver.run();
  }

  stopTaking(): void {
    this.#receiver.stopTaking();
  }

  async finish(): Promise<void> {
    await this.#receiver.finish();
  }

  async cut(): Promise<void> {
    await this.#receiver.cut();
  }
}
