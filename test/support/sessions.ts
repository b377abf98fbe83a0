/** Both halves of a push in this process, on the native sessions and without worker processes. */
import {
  DecodeSession,
  type DecodeSessionOptions,
  EncodeSession,
  type EncodeSessionOptions,
  type LedgerTotals,
  type OutputSnapshot,
} from '@videopush/native';
import { Scratch } from './tools.ts';

export interface PushOptions {
  source: DecodeSessionOptions['source'];
  /** One output named `main`, or several. */
  outputs: string | EncodeSessionOptions['outputs'];
  decode?: Partial<Omit<DecodeSessionOptions, 'source' | 'ring'>>;
  encode?: Partial<Omit<EncodeSessionOptions, 'ringPath' | 'outputs'>>;
  ring?: Partial<Omit<DecodeSessionOptions['ring'], 'path' | 'outputs'>>;
}

/** A running push; leaving its scope aborts it. */
export class Push {
  readonly decoder: DecodeSession;
  readonly encoder: EncodeSession;
  readonly events: { side: 'decoder' | 'encoder'; kind: string; detail: string }[] = [];
  readonly ringPath: string;
  #scratch = new Scratch({ memory: true });

  constructor(options: PushOptions) {
    this.ringPath = this.#scratch.file('frames');
    const outputs =
      typeof options.outputs === 'string' ? [{ name: 'main', url: options.outputs }] : options.outputs;
    const note = (side: 'decoder' | 'encoder') => (event: { kind: string; detail: string }) =>
      this.events.push({ side, ...event });
    this.decoder = new DecodeSession(
      {
        onEnd: 'Complete',
        ...options.decode,
        source: options.source,
        ring: { ...options.ring, path: this.ringPath, outputs: outputs.map(({ name }) => name) },
      },
      note('decoder'),
    );
    this.encoder = new EncodeSession(
      { ...options.encode, ringPath: this.ringPath, outputs },
      note('encoder'),
    );
    this.decoder.start();
    this.encoder.start();
  }

  output(name = 'main'): OutputSnapshot {
    const found = this.encoder.snapshot().outputs.find((output) => output.name === name);
    if (!found) throw new Error(`no output ${name}`);
    return found;
  }

  /** Waits until everything was sent and the outputs are closed. */
  async ended(): Promise<void> {
    await this.encoder.wait();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.encoder.abort();
    this.decoder.abort();
    await Promise.all([this.encoder.close(), this.decoder.close()]);
    this.#scratch[Symbol.dispose]();
  }
}

/** The number of source frames with an outcome. Every source frame must get exactly one. */
export function settled({ sent, dropped, failed }: LedgerTotals): number {
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
  return sent + sum(dropped) + sum(failed);
}
