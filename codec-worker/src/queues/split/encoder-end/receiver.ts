/**
 * The encoder's side of a split queue: from the stream to the ring of its pod.
 *
 * Each process begins with a consumer of its own, which delivers from the oldest message that is not
 * acknowledged, in order, and shuts out an older encoder. A message is acknowledged when the ring says
 * that its frame was sent. The newest message is kept even then, with a sign that it is done: it is what
 * a new decoder pod goes on from.
 */
import { randomUUID } from 'node:crypto';
import { type ConsumerMessages, type JetStreamClient, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { WorkerError } from '../../../errors.ts';
import { Bell } from '../bell.ts';
import { isConsumerGone, superseded } from '../errors.ts';
import { Link } from '../nats-link.ts';
import { ANSWER_LIMIT, QueueStream, readHeaders, takeoverSubject } from '../queue-stream.ts';
import { framesUnderWay } from '../sizes.ts';
import { Decoder } from '../wire.ts';
import { Intake, type IntakeOptions } from './intake.ts';

/** Milliseconds. */
const TIMES = {
  /** Interval at which a receiver polls for a stream that no decoder has created yet. */
  poll: 250,
  /** Lifetime of one request for messages. */
  fetch: 5000,
  /** Interval at which the progress of the encoder is polled when it does not report any. */
  settle: 500,
  /** Delay before a missing consumer is considered lost with the server, and recreated. */
  claim: 500,
  /** Time limit of the last acknowledgements. */
  flush: 1000,
};

export interface ReceiverOptions extends Omit<IntakeOptions, 'now'> {
  address: string;
  stream: string;
  onFault: (fault: WorkerError | null) => void;
  /** Another encoder has taken over. */
  onSuperseded: () => void;
}

export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #link: Link;
  readonly #bell = new Bell();
  readonly #intake: Intake;
  /** Name of the consumer. */
  readonly #own = `encoder-${randomUUID()}`;
  readonly #decoder = new Decoder();
  /** No further frame is taken. */
  readonly #enough = new AbortController();
  #fetching: ConsumerMessages | null = null;
  #running: Promise<void> = Promise.resolve();
  #claimed = false;
  #superseded = false;
  #frameBytes = Number.POSITIVE_INFINITY;
  #behind = 0;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    const { address, stream, onFault } = options;
    this.#link = new Link({ address, name: `${stream} encoder`, onFault });
    this.#intake = new Intake(options, this.#bell.ring);
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  get fault(): WorkerError | null {
    return this.#superseded ? superseded('encoder') : this.#link.fault;
  }

  get superseded(): boolean {
    return this.#superseded;
  }

  /** Messages in the stream, as of the last one that came. */
  get depth(): number {
    return this.#intake.held + this.#behind;
  }

  /** Receives until `finish` or `cut` is called, or until another receiver takes over. */
  run(): Promise<void> {
    this.#running = this.#link
      .run((connection) => this.#serve(connection))
      .finally(() => this.#intake.close());
    return this.#running;
  }

  /** Takes no further frame; what was taken is still acknowledged as it is sent. */
  stopTaking(): void {
    this.#enough.abort();
    this.#fetching?.stop();
    this.#intake.wake();
    this.#bell.ring();
  }

  /** The encoder has ended: acknowledges to the server what was sent. Resolves when `run` has ended. */
  async finish(): Promise<void> {
    this.stopTaking();
    this.#link.stop();
    this.#bell.ring();
    await this.#running;
  }

  /** Ends at once. */
  async cut(): Promise<void> {
    this.stopTaking();
    await this.#link.cut();
    await this.#running;
  }

  async #serve(connection: NatsConnection): Promise<void> {
    void connection.closed().then(this.#bell.ring);
    connection.subscribe(takeoverSubject(this.#options.stream), {
      callback: (error, message) => {
        // Sooner than the next request for messages would show it: what is in
        // the ring must not be sent twice.
        if (error === null && this.#claimed && message.string() !== this.#own) this.#giveWay();
      },
    });
    const settling = this.#settle(connection);
    try {
      const stream = await QueueStream.on(connection, this.#options.stream);
      const client = jetstream(connection, { timeout: ANSWER_LIMIT });
      while (!this.#enough.signal.aborted && (await this.#claim(stream))) {
        connection.publish(takeoverSubject(stream.name), this.#own);
        this.#intake.begin();
        this.#link.clear();
        await this.#consume(connection, client).catch((error: unknown) => {
          // On the same connection, where a newer encoder can be heard.
          if (connection.isClosed() || !isConsumerGone(error)) throw error;
        });
      }
      if (this.#superseded) return;
      await settling;
      if (!this.#link.signal.aborted) throw new Error('the connection was lost');
    } finally {
      if (!connection.isClosed() && !this.#superseded) {
        this.#intake.settle();
        await Promise.race([connection.flush(), this.#link.pause(TIMES.flush)]).catch(() => {});
      }
    }
  }

  /** Acknowledges until the connection is gone or all is over. */
  async #settle(connection: NatsConnection): Promise<void> {
    while (!connection.isClosed() && !this.#link.signal.aborted && !this.#superseded) {
      this.#intake.settle();
      if (this.#intake.replayRequested) this.#fetching?.stop();
      this.#intake.listen();
      await this.#bell.wait(TIMES.settle);
    }
  }

  /** Makes the consumer this process', once there is a stream. false: stopped or superseded. */
  async #claim(stream: QueueStream): Promise<boolean> {
    const { signal } = this.#enough;
    while (!signal.aborted) {
      if ((await stream.info()) === null) {
        this.#link.clear();
        await this.#link.pause(TIMES.poll);
        continue;
      }
      const present = await stream.consumers();
      if (this.#claimed && present.some((name) => name !== this.#own)) {
        this.#giveWay();
        return false;
      }
      if (this.#claimed && present.length === 0) {
        // Gone with the server's memory, or deleted by a newer encoder that is about to make its own.
        await this.#link.pause(TIMES.claim);
        if ((await stream.consumers()).length > 0) continue;
      }
      for (const name of present) await stream.deleteConsumer(name);
      if (await stream.makeConsumer(this.#own)) {
        this.#claimed = true;
        return true;
      }
    }
    return false;
  }

  #giveWay(): void {
    if (this.#superseded) return;
    this.#superseded = true;
    this.#options.onSuperseded();
    this.stopTaking();
  }

  /**
   * Until no more is to be taken, or messages have to come again.
   * @throws when the consumer or the connection is gone
   */
  async #consume(connection: NatsConnection, client: JetStreamClient): Promise<void> {
    const { signal } = this.#enough;
    const consumer = await client.consumers.get(this.#options.stream, this.#own);
    while (!signal.aborted && !connection.isClosed() && !this.#intake.replayRequested) {
      const messages = await consumer.fetch({
        max_messages: framesUnderWay(this.#frameBytes),
        expires: TIMES.fetch,
      });
      this.#fetching = messages;
      if (signal.aborted) messages.stop();
      for await (const message of messages) {
        this.#behind = message.info.pending;
        this.#frameBytes = Math.max(message.data.length, 1);
        const decoded = this.#decoder.decode(readHeaders(message.headers));
        if (!(await this.#intake.take(message, decoded, message.data, signal))) return;
        this.#bell.ring();
      }
    }
  }
}
