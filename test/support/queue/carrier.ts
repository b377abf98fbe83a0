/** A frame queue between two processes for the conformance tests, over a ring or over JetStream. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { observeRing, type RingSnapshot } from '@videopush/native';
import { childEnvironment, nodeBinary } from '../../../scripts/paths.mjs';
import { NatsServer } from '../nats.ts';
import { Program } from '../program.ts';
import { Scratch } from '../tools.ts';
import type { EndOptions } from './end-options.ts';

export type CarrierName = 'ring' | 'jetstream';
export type LaneOptions = Partial<Omit<EndOptions, 'ringPath' | 'jetStream' | 'logFile'>>;

const DEFAULTS = { frames: 200, capacityFrames: 20, heldFrames: 0, width: 320, height: 180 };

export class Lane implements AsyncDisposable {
  readonly carrier: CarrierName;
  readonly options: EndOptions;
  readonly nats: NatsServer | null;
  readonly #scratch: Scratch;
  readonly #programs: Program[] = [];

  private constructor(carrier: CarrierName, options: LaneOptions, nats: NatsServer | null, scratch: Scratch) {
    this.carrier = carrier;
    this.nats = nats;
    this.#scratch = scratch;
    this.options = {
      ...DEFAULTS,
      ...options,
      ringPath: scratch.file('frames'),
      logFile: scratch.file('log'),
      ...(nats && { jetStream: { address: nats.address, stream: 'videopush-test-lane', source: 'film' } }),
    };
  }

  static async open(carrier: CarrierName, options: LaneOptions = {}): Promise<Lane> {
    const nats = carrier === 'jetstream' ? await NatsServer.start() : null;
    return new Lane(carrier, options, nats, new Scratch({ memory: true }));
  }

  /** The ring of the giving end's pod. */
  get givingRing(): string {
    return this.carrier === 'ring' ? this.options.ringPath : `${this.options.ringPath}-giving`;
  }

  give(changes: Partial<EndOptions> = {}): Program {
    return this.#start('writer.ts', { ...this.options, ringPath: this.givingRing, ...changes });
  }

  take(changes: Partial<EndOptions> = {}): Program {
    return this.#start('reader.ts', { ...this.options, ...changes });
  }

  /** The ring with the taking end's ledger; null while it does not exist. */
  ledger(): RingSnapshot | null {
    return ring(this.options.ringPath);
  }

  /** The giving end's ring; null while it does not exist. */
  given(): RingSnapshot | null {
    return ring(this.givingRing);
  }

  /** Numbers of the frames that arrived, in order. */
  arrived(): number[] {
    return this.#lines()
      .filter((line) => /^\d+$/.test(line))
      .map(Number);
  }

  /** Frames whose pixels were not theirs. */
  torn(): string[] {
    return this.#lines().filter((line) => line.startsWith('torn'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) program.signal('SIGKILL');
    await Promise.all(this.#programs.map(({ exited }) => exited));
    await this.nats?.[Symbol.asyncDispose]();
    this.#scratch[Symbol.dispose]();
  }

  #lines(): string[] {
    const { logFile = '' } = this.options;
    return existsSync(logFile) ? readFileSync(logFile, 'utf8').split('\n') : [];
  }

  #start(name: string, options: EndOptions): Program {
    const script = join(import.meta.dirname, name);
    const program = new Program(nodeBinary(), [script, JSON.stringify(options)], {
      env: childEnvironment(),
      limitMilliseconds: 0,
    });
    this.#programs.push(program);
    return program;
  }
}

function ring(path: string): RingSnapshot | null {
  try {
    return observeRing(path);
  } catch {
    return null;
  }
}
