/** The queue's stream and its consumer on the server: how they are made, and what is asked of them. */
import {
  AckPolicy,
  DiscardPolicy,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { API, apiCode, isStreamMissing } from './errors.ts';
import { type Decoder, type Encoded, FRAME_HEADER, QUEUE_HEADER, type QueueMessage } from './wire.ts';

/** Milliseconds an answer of the server may take. */
export const ANSWER_LIMIT = 5000;

export const subjectOf = (stream: string): string => `videopush.${stream}`;

/**
 * Where an encoder says that it has taken over: its consumer's name. Not of the stream; nobody need hear it.
 */
export const takeoverSubject = (stream: string): string => `videopush.${stream}.encoder`;

/**
 * Memory, because a frame is worth nothing after its second; discard=new, because a full queue is the
 * producer's to wait for; workqueue, because a frame that was sent is to go.
 */
function streamConfig(stream: string, maxMessages: number) {
  return {
    name: stream,
    description: 'VideoPush: raw frames from a decoder pod to an encoder pod',
    subjects: [subjectOf(stream)],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.Memory,
    discard: DiscardPolicy.New,
    max_msgs: maxMessages,
    num_replicas: 1,
    allow_direct: true,
  } satisfies Partial<StreamConfig>;
}

/**
 * Frames come again only by a new consumer, in order; the server's own timer would
 * bring them between newer ones.
 */
const ACK_WAIT_NANOSECONDS = 24 * 3600 * 1e9;

/**
 * Frames on their way are bounded by the stream; a second bound could only be too
 * small after a change of the format.
 */
const NEVER_THE_BOUND = 1024;

/** The last message of a stream, read. */
export interface LastMessage extends QueueMessage {
  sequence: number;
}

export class QueueStream {
  readonly name: string;
  readonly #manager: JetStreamManager;

  private constructor(name: string, manager: JetStreamManager) {
    this.name = name;
    this.#manager = manager;
  }

  static async on(connection: NatsConnection, name: string): Promise<QueueStream> {
    return new QueueStream(
      name,
      await jetstreamManager(connection, { checkAPI: false, timeout: ANSWER_LIMIT }),
    );
  }

  /** null: there is none. */
  async info(): Promise<StreamInfo | null> {
    try {
      return await this.#manager.streams.info(this.name);
    } catch (error) {
      if (isStreamMissing(error) && apiCode(error) !== undefined) return null;
      throw error;
    }
  }

  /** Makes the stream, or gives the one that exists its bound. */
  async ensure(maxMessages: number): Promise<StreamInfo> {
    const present = await this.info();
    if (present === null) return await this.#manager.streams.add(streamConfig(this.name, maxMessages));
    if (present.config.max_msgs === maxMessages) return present;
    return await this.#manager.streams.update(this.name, { max_msgs: maxMessages });
  }

  /** The message with this sequence; null: it is gone. @throws WorkerError QueueRecordInvalid */
  async message(sequence: number, decoder: Decoder): Promise<LastMessage | null> {
    const stored = await this.#manager.direct.getMessage(this.name, { seq: sequence });
    return stored === null ? null : { sequence, ...decoder.decode(readHeaders(stored.header)) };
  }

  /** Names of the consumers: none, or the one that a workqueue allows. */
  async consumers(): Promise<string[]> {
    try {
      const found: string[] = [];
      for await (const { name } of this.#manager.consumers.list(this.name)) found.push(name);
      return found;
    } catch (error) {
      if (apiCode(error) === API.streamNotFound) return [];
      throw error;
    }
  }

  /**
   * A consumer that begins with the oldest message. It has the name of its owner: an older encoder that asks
   * for messages by another name gets none. false: somebody else's was made in between.
   */
  async makeConsumer(name: string): Promise<boolean> {
    try {
      await this.#manager.consumers.add(this.name, {
        durable_name: name,
        ack_policy: AckPolicy.Explicit,
        ack_wait: ACK_WAIT_NANOSECONDS,
        max_ack_pending: NEVER_THE_BOUND,
      });
      return true;
    } catch (error) {
      const taken: (number | undefined)[] = [
        API.consumerExists,
        API.consumerNameExists,
        API.consumerNotUnique,
        API.consumerMultiple,
      ];
      if (taken.includes(apiCode(error))) return false;
      throw error;
    }
  }

  async deleteConsumer(name: string): Promise<void> {
    try {
      await this.#manager.consumers.delete(this.name, name);
    } catch (error) {
      if (apiCode(error) !== API.consumerNotFound && apiCode(error) !== API.streamNotFound) throw error;
    }
  }
}

export function readHeaders(from: MsgHdrs | undefined): Encoded {
  return { queue: from?.get(QUEUE_HEADER) ?? '', frame: from?.get(FRAME_HEADER) ?? '' };
}

export function writeHeaders({ queue, frame }: Encoded): MsgHdrs {
  const to = headers();
  to.set(QUEUE_HEADER, queue);
  to.set(FRAME_HEADER, frame);
  return to;
}

/** Where acknowledgements can be heard; the second form is that of servers with a JetStream domain. */
export const ackSubjects = (stream: string): string[] => [
  `$JS.ACK.${stream}.*.>`,
  `$JS.ACK.*.*.${stream}.*.>`,
];

/** The stream sequence that an acknowledgement is about. */
export function acknowledged(subject: string): number {
  const parts = subject.split('.');
  return Number(parts[parts.length >= 11 ? 7 : 5]);
}
