/** Messages into the encoder's ring, and back from the ring which of them are done. */
import { RingWriter } from '@videopush/native';
import { Bell } from '../bell.ts';
import type { Sizes } from '../sizes.ts';
import type { QueueMessage, QueueRecord } from '../wire.ts';
import { Numbering, type Placed } from './numbering.ts';

/** What is needed of a message on the wire. */
export interface Receipt {
  /** Sent: the server may forget it. */
  ack(): void;
  /** Done, but to be kept. */
  working(): void;
}

export interface IntakeOptions {
  ringPath: string;
  /** The source whose end marker ends the ring. */
  source: string;
  /** Names of the outputs: keys of the ledgers. */
  outputs: readonly string[];
  sizes: (format: QueueRecord['format']) => Sizes;
  onEvent: (event: string, detail: string) => void;
  /** System clock, milliseconds. */
  now?: () => number;
}

/** Milliseconds. */
const TIMES = {
  /**
   * How long the encoder may take for the rest of a picture format that is over, before it shows as a fault.
   */
  drain: 10_000,
  /**
   * The sign that the kept message is done is given again after this time: it may not have been heard.
   */
  sign: 1000,
};

/** A message whose frame is in the ring. */
interface Held {
  receipt: Receipt;
  /**
   * The sequence number of the frame in the ring; null for the end marker, which is done when everything in
   * front of it is.
   */
  sequence: bigint | null;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #onProgress: () => void;
  /** Rung when there may be room. */
  readonly #room = new Bell();
  readonly #now: () => number;
  #writer: RingWriter | null = null;
  #numbering = new Numbering(null);
  #format = '';
  #window = Number.POSITIVE_INFINITY;
  #held: Held[] = [];
  #signedAt = Number.NEGATIVE_INFINITY;
  #listening = false;

  /** `onProgress`: the encoder has moved on. */
  constructor(options: IntakeOptions, onProgress: () => void) {
    this.#options = options;
    this.#onProgress = onProgress;
    this.#now = options.now ?? Date.now;
  }

  /** Messages that are neither acknowledged nor given up. */
  get held(): number {
    return this.#held.length;
  }

  /** The encoder wants frames again whose pixels are gone: let all be delivered again. */
  get replayRequested(): boolean {
    return this.#writer?.state()?.replayRequested ?? false;
  }

  /** Messages come again from the oldest: what was held is another consumer's. */
  begin(): void {
    this.#held = [];
    if (this.#writer === null) return;
    if (this.replayRequested) this.#writer.beginReplay();
    this.#numbering = new Numbering(this.#writer.last());
  }

  /**
   * Puts the message's frame into the ring, waiting for room. Returns false when `signal` was aborted or a
   * replay was requested before the frame was in the ring.
   * @throws NativeError RingPeerFailed, FileNotWritable, InvalidArgument
   */
  async take(
    receipt: Receipt,
    message: QueueMessage,
    data: Uint8Array,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { queue, record } = message;
    if (record.kind === 'end' && queue.source !== this.#options.source) {
      // What the stream had come to before its source was changed: another decoder's frames follow.
      this.#held.push({ receipt, sequence: null });
      return true;
    }
    const writer = await this.#open(queue, signal);
    if (record.kind === 'end') {
      writer.end(this.#numbering.end(queue, record));
      this.#held.push({ receipt, sequence: null });
      return true;
    }
    const placed = this.#numbering.place(queue, record, this.#now());
    if (!placed.duplicate) {
      while (!writer.put(placed.header, data)) {
        if (signal.aborted || this.replayRequested) return false;
        this.listen();
        await this.#room.wait(TIMES.sign);
      }
      this.#accept(placed);
    }
    this.#held.push({ receipt, sequence: placed.header.sequence });
    return true;
  }

  /** Acknowledges what was sent. */
  settle(): void {
    const state = this.#writer?.state();
    if (!state) return;
    const done = state.doneSequence ?? -1n;
    for (let first = this.#held[0]; first && isDone(first, done); first = this.#held[0]) {
      if (this.#held.length === 1) {
        this.#sign(first);
        return;
      }
      first.receipt.ack();
      this.#held.shift();
    }
    this.#giveUp(state.releasedSequence);
  }

  /** Lets `onProgress` be called when the encoder moves on. */
  listen(): void {
    if (this.#writer === null || this.#listening) return;
    this.#listening = true;
    void this.#writer.news().then(() => {
      this.#listening = false;
      this.#room.ring();
      this.#onProgress();
    });
  }

  /** Lets a `take` that waits for room look at its signal. */
  wake(): void {
    this.#room.ring();
  }

  async close(): Promise<void> {
    await this.#writer?.close();
    this.#writer = null;
  }

  /** The newest message stays, as what a new decoder pod goes on from. */
  #sign({ receipt }: Held): void {
    const now = this.#now();
    if (now - this.#signedAt < TIMES.sign) return;
    this.#signedAt = now;
    receipt.working();
  }

  /**
   * An encoder that holds more frames than were counted on has read all that may stand in the stream and
   * waits for the next before it gives a packet. Then the oldest goes without having been sent: a kill of
   * this pod would lose it, a standstill would lose more.
   */
  #giveUp(released: bigint | null): void {
    const [first] = this.#held;
    if (!first || first.sequence === null || released === null) return;
    if (this.#held.length < this.#window || first.sequence > released) return;
    first.receipt.ack();
    this.#held.shift();
  }

  #accept({ header, first, lost }: Placed): void {
    this.#numbering.accept(header);
    this.#signedAt = Number.NEGATIVE_INFINITY;
    const { onEvent } = this.#options;
    if (first === 'ring')
      onEvent('queue.begun', `with frame ${header.sourceIndex} of the stream; the ledger counts from there`);
    if (first === 'epoch')
      onEvent('queue.renumbered', 'the decoder began again, its source was not continued');
    if (lost > 0n) onEvent('queue.lost', `${lost} frames were lost with the server's memory`);
  }

  async #open({ format, window }: QueueRecord, signal: AbortSignal): Promise<RingWriter> {
    this.#window = window;
    const text = JSON.stringify(format);
    if (this.#writer !== null && text === this.#format) return this.#writer;
    await this.close();
    const { ringPath, outputs, sizes } = this.#options;
    this.#writer = await RingWriter.open(ringPath, {
      format,
      ...sizes(format).encoderRing,
      outputs,
      openTimeoutMilliseconds: TIMES.drain,
      signal,
    });
    this.#format = text;
    this.#numbering = new Numbering(this.#writer.last());
    return this.#writer;
  }
}

const isDone = ({ sequence }: Held, done: bigint): boolean => sequence === null || sequence <= done;
