/**
 * The decoder's side of a split queue: from the ring of its pod to the stream.
 *
 * A frame keeps its slot until the encoder has sent it. So whatever happens (a lost connection, a publish
 * without an answer, a server that comes back empty) is handled in one way: look what the stream's last
 * message is, set the ring back to the oldest frame that is not done, and publish what the stream has not
 * got. Each publish names the message that it expects to follow, which keeps the order and shuts out an older
 * decoder: by its sequence at first, then by the identity of this decoder's own previous message. A sequence
 * alone would not do for several publishes under way: where another decoder's message took the place of one,
 * the next would follow that one, and a frame would be missing.
 */
import { randomUUID } from 'node:crypto';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { FRAME_FLAG, type RingFrame, RingReader } from '@videopush/native';
import type { WorkerError } from '../../../errors.ts';
import { Bell } from '../bell.ts';
import { API, apiCode, isConflict, superseded, tooLarge } from '../errors.ts';
import { Link } from '../nats-link.ts';
import {
  ANSWER_LIMIT,
  acknowledged,
  ackSubjects,
  QueueStream,
  subjectOf,
  writeHeaders,
} from '../queue-stream.ts';
import { framesUnderWay, type Sizes } from '../sizes.ts';
import {
  Decoder,
  type EndRecord,
  encodeQueue,
  encodeRecord,
  type FrameRecord,
  type QueueRecord,
} from '../wire.ts';
import { Window } from './window.ts';

const DAY = 86_400_000;

/** Milliseconds. */
const TIMES = {
  /**
   * Interval at which the stream is polled while no acknowledgement arrives; also the delay after a failed
   * pass.
   */
  poll: 1000,
  /** The same delay after the server refused a message because the stream was full. */
  full: 250,
  /** Delay before the next check whether a server with too little storage has another configuration. */
  tooLarge: 10_000,
};

export interface ForwarderOptions {
  address: string;
  stream: string;
  /** Path of the decoder's ring, whose only output is the stream. */
  ringPath: string;
  /** The numbering of that ring, and the hash of what is in it. */
  epoch: string;
  source: string;
  sizes: (format: QueueRecord['format']) => Sizes;
  onFault: (fault: WorkerError | null) => void;
  /** Another decoder owns the stream by now. */
  onSuperseded: () => void;
}

/** 'full': there is no room in the stream for what may be in the ring. */
type Next = ReturnType<RingReader['take']> | 'full';

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #link: Link;
  readonly #bell = new Bell();
  readonly #owner = randomUUID();
  readonly #window = new Window();
  #reader: RingReader | null = null;
  #sizes: Sizes | null = null;
  #term = 0;
  #draining = false;
  #superseded = false;
  /** The queue's record as it goes with each message. */
  #record = '';
  /** The last message of this epoch that was found in the stream: the stream holds all frames up to it. */
  #known: { frame: bigint; sequence: number } | null = null;
  /** Positions of such frames, until the last of them is met. */
  #present: number[] = [];
  /** Sequence of the frame that was put into the stream last. */
  #previous: bigint | null = null;
  /** Identity of the message that was published last since the stream was looked at; null: none was. */
  #lastId: string | null = null;
  /** Counts how often the stream was read, so that no identity is used twice. */
  #attempt = 0;
  /** Sequence of the last frame that this process knows to be in the stream. */
  #stored: bigint | null = null;
  /** The end marker's sequence in the stream; null: it has not been written. */
  #end: number | null = null;
  /** Taken, although there was no room: the last frame that the stream has was not met. */
  #hand: RingFrame | null = null;
  #frameBytes = 1;
  #listening = false;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    const { address, stream, onFault } = options;
    this.#link = new Link({ address, name: `${stream} decoder`, onFault });
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  get fault(): WorkerError | null {
    return this.#superseded ? superseded('decoder') : this.#link.fault;
  }

  get superseded(): boolean {
    return this.#superseded;
  }

  /** Messages in the stream that are not done. */
  get depth(): number {
    return this.#window.standing;
  }

  /** Waits for the decoder's ring, then until stopped, superseded, or the end marker is done. */
  async run(): Promise<void> {
    this.#reader = await this.#attach();
    if (this.#reader === null) return;
    const reader = this.#reader;
    await this.#link.run((connection) => this.#serve(connection, reader));
    await reader.close();
  }

  /** null: stopped before there was a ring. */
  async #attach(): Promise<RingReader | null> {
    const { signal } = this.#link;
    const options = { openTimeoutMilliseconds: DAY, signal };
    while (!signal.aborted) {
      try {
        return await RingReader.attach(this.#options.ringPath, options);
      } catch (error) {
        if (signal.aborted) break;
        this.#link.report(error);
        await this.#link.pause(TIMES.poll);
      }
    }
    return null;
  }

  /**
   * The decoder has stopped: what is in the ring is still handed over, as far as
   * there is room, then `run` ends.
   */
  drain(): void {
    this.#draining = true;
    this.#bell.ring();
  }

  /** Ends at once; what is in the ring stays for the next process of this pod. */
  async cut(): Promise<void> {
    this.#bell.ring();
    await this.#link.cut();
  }

  async #serve(connection: NatsConnection, reader: RingReader): Promise<void> {
    const stream = await QueueStream.on(connection, this.#options.stream);
    for (const subject of ackSubjects(stream.name)) {
      connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) this.#hear(message);
        },
      });
    }
    void connection.closed().then(this.#bell.ring);
    const client = jetstream(connection, { timeout: ANSWER_LIMIT });
    while (!this.#link.signal.aborted) {
      if (!(await this.#synchronize(stream, reader))) return;
      try {
        if (await this.#pump(connection, client, stream, reader)) return;
      } catch (error) {
        if (connection.isClosed()) throw error;
        if (!isConflict(error)) this.#link.report(error);
        await this.#link.pause(pauseAfter(error));
      }
    }
  }

  /**
   * Where the stream stands, and the ring set back to what is not done. false:
   * there is nothing to do any more.
   */
  async #synchronize(stream: QueueStream, reader: RingReader): Promise<boolean> {
    const { format, lastDone } = stateOf(reader);
    // A stream that has gone while this process ends was deleted on purpose.
    if (this.#draining && (await stream.info()) === null) return false;
    this.#sizes = this.#options.sizes(format);
    const { state } = await stream.ensure(this.#sizes.maxMessages);
    const last = state.messages > 0 ? await stream.message(state.last_seq, new Decoder()) : null;
    if (last && this.#lostTo(last.queue)) {
      this.#superseded = true;
      this.#options.onSuperseded();
      return false;
    }
    if (this.#term === 0) this.#term = Math.max((last?.queue.term ?? 0) + 1, Date.now());
    const { epoch, source } = this.#options;
    const { window } = this.#sizes;
    this.#record = encodeQueue({
      version: 1,
      epoch,
      term: this.#term,
      owner: this.#owner,
      source,
      window,
      format,
    });
    const mine = last?.queue.epoch === epoch ? last.record : null;
    this.#end = mine?.kind === 'end' ? state.last_seq : null;
    const frame = mine?.kind === 'frame' ? mine.header.sequence : (mine?.previous ?? null);
    const sequence = this.#end === null ? state.last_seq : state.last_seq - 1;
    // Frames that are done are not in the ring any more.
    const met = frame === null || (lastDone !== null && frame <= lastDone);
    this.#known = met ? null : { frame, sequence };
    // Where frames are dropped rather than kept, those behind the last one that was stored were the policy's.
    this.#previous = frame ?? (this.#sizes.keep ? lastDone : (this.#stored ?? lastDone));
    this.#present = [];
    this.#hand = null;
    this.#lastId = null;
    this.#attempt += 1;
    this.#window.reset(state.last_seq, state.messages > 0 ? state.first_seq - 1 : state.last_seq);
    reader.rewind();
    this.#link.clear();
    return true;
  }

  /** A decoder that began later has published. */
  #lostTo({ term, owner }: QueueRecord): boolean {
    return this.#term > 0 && (term > this.#term || (term === this.#term && owner !== this.#owner));
  }

  /**
   * Publishes what the ring gives. true: there is nothing to do any more; false: the
   * ring goes on in another format.
   */
  async #pump(
    connection: NatsConnection,
    client: JetStreamClient,
    stream: QueueStream,
    reader: RingReader,
  ): Promise<boolean> {
    const flight = new Set<Promise<void>>();
    let failure: unknown;
    try {
      while (failure === undefined && !connection.isClosed() && !this.#link.signal.aborted) {
        const next = this.#poll(reader, flight.size);
        if (next && next !== 'replaced' && next !== 'full') {
          const after = this.#window.last + flight.size;
          const sent: Promise<void> = this.#publish(connection, client, next, after).then(
            (sequence) => {
              flight.delete(sent);
              reader.release(next);
              this.#stored = next.sequence;
              const through = this.#window.publish(next.position, sequence);
              this.#finish(reader, this.#sizes?.keep ? through : next.position + 1);
              this.#bell.ring();
            },
            (error: unknown) => {
              flight.delete(sent);
              reader.release(next);
              failure ??= error;
              this.#bell.ring();
            },
          );
          flight.add(sent);
          continue;
        }
        if (flight.size === 0) {
          if (next === 'replaced') {
            await reader.follow();
            return false;
          }
          if (next === null && this.#end === null) await this.#publishEnd(client, reader);
          if (this.#end !== null && this.#window.standing === 0) return true;
          if (this.#draining && (next === undefined || next === null)) return true;
        }
        await this.#wait(stream, flight.size);
      }
    } finally {
      await Promise.allSettled(flight);
      // What is in nobody's hands may be dropped by a decoder that is not to wait.
      if (failure !== undefined || connection.isClosed()) reader.rewind();
    }
    if (failure !== undefined) throw failure;
    if (this.#link.signal.aborted) return true;
    throw new Error('the connection was lost');
  }

  /** The next frame that the stream has not got and has room for; a frame is in nobody's hands before. */
  #poll(reader: RingReader, underWay: number): Next {
    for (;;) {
      if (this.#known === null && !this.#mayPublish(underWay)) return 'full';
      const next = this.#hand ?? reader.take();
      this.#hand = null;
      if (next === undefined) this.#listen(reader);
      if (!next || next === 'replaced') return next;
      this.#frameBytes = next.data.length;
      if (this.#known !== null && next.sequence <= this.#known.frame) {
        this.#adopt(reader, next, this.#known);
        continue;
      }
      this.#known = null;
      if (this.#mayPublish(underWay)) return next;
      this.#hand = next;
    }
  }

  /** A frame that the stream has already. */
  #adopt(reader: RingReader, frame: RingFrame, known: { frame: bigint; sequence: number }): void {
    reader.release(frame);
    this.#present.push(frame.position);
    if (!this.#sizes?.keep) reader.done(frame.position + 1);
    if (frame.sequence !== known.frame) return;
    this.#finish(reader, this.#window.adopt(this.#present, known.sequence));
    this.#known = null;
  }

  #listen(reader: RingReader): void {
    if (this.#listening) return;
    this.#listening = true;
    void reader.news().then(() => {
      this.#listening = false;
      this.#bell.ring();
    });
  }

  #mayPublish(underWay: number): boolean {
    const { window } = this.#sizes as Sizes;
    return underWay < framesUnderWay(this.#frameBytes) && this.#window.standing + underWay < window;
  }

  async #publish(
    connection: NatsConnection,
    client: JetStreamClient,
    frame: RingFrame,
    after: number,
  ): Promise<number> {
    const { position: _, data, discontinuity, ageSeconds, ...header } = frame;
    const record: FrameRecord = {
      kind: 'frame',
      header: discontinuity ? { ...header, flags: header.flags | FRAME_FLAG.discontinuity } : header,
      producedAt: Math.round(Date.now() - ageSeconds * 1000),
      previous: this.#previous,
    };
    this.#previous = header.sequence;
    const text = encodeRecord(record);
    const bytes = data.length + text.length + this.#record.length + HEADER_FRAMING;
    const most = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (bytes > most) throw tooLarge(bytes, most);
    const msgID = `${this.#owner}.${this.#attempt}.${header.sequence}`;
    const expect = this.#lastId === null ? { lastSequence: after } : { lastMsgID: this.#lastId };
    this.#lastId = msgID;
    const answer = await client.publish(subjectOf(this.#options.stream), data, {
      headers: writeHeaders({ queue: this.#record, frame: text }),
      msgID,
      expect,
      timeout: ANSWER_LIMIT,
    });
    return answer.seq;
  }

  async #publishEnd(client: JetStreamClient, reader: RingReader): Promise<void> {
    const { sourceFrames } = stateOf(reader);
    const record: EndRecord = { kind: 'end', sourceFrames, previous: this.#previous };
    const answer = await client.publish(subjectOf(this.#options.stream), new Uint8Array(0), {
      headers: writeHeaders({ queue: this.#record, frame: encodeRecord(record) }),
      expect: { lastSequence: this.#window.last },
      timeout: ANSWER_LIMIT,
    });
    this.#end = answer.seq;
    this.#window.publishMark(answer.seq);
  }

  /**
   * Waits until something changes. Acknowledgements that were not heard show in the stream's first sequence.
   */
  async #wait(stream: QueueStream, underWay: number): Promise<void> {
    const before = this.#window.standing;
    await this.#bell.wait(TIMES.poll);
    if (underWay > 0 || before === 0 || this.#window.standing !== before) return;
    const info = await stream.info();
    if (info === null) throw new Error('the stream does not exist');
    if (info.state.messages > 0 && info.state.first_seq > 1) this.#done(info.state.first_seq - 1);
  }

  /** An acknowledgement, or the sign that a frame is done whose message is kept as the last one. */
  #hear({ subject }: Msg): void {
    const sequence = acknowledged(subject);
    if (Number.isSafeInteger(sequence)) this.#done(sequence);
  }

  #done(sequence: number): void {
    if (this.#reader) this.#finish(this.#reader, this.#window.done(sequence));
    this.#bell.ring();
  }

  #finish(reader: RingReader, through: number | null): void {
    if (through !== null) reader.done(through);
  }
}

/** Names, line ends and the expectation among the headers, generously. */
const HEADER_FRAMING = 256;

function pauseAfter(error: unknown): number {
  if (isConflict(error)) return 0;
  if (apiCode(error) === API.storeFull) return TIMES.full;
  return (error as Partial<WorkerError>).code === 'FrameTooLarge' ? TIMES.tooLarge : TIMES.poll;
}

function stateOf(reader: RingReader) {
  const state = reader.state();
  if (state === null) throw new Error('the ring is closed');
  return state;
}
