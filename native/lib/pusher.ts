import { setTimeout as sleep } from 'node:timers/promises';
import { addon, type Handle } from './addon.ts';
import { invalidArgument, invalidState, NativeError } from './errors.ts';
import { Frame, type FrameLike, type FrameShape, toPlanes } from './frame.ts';
import { splitUserInfo } from './source.ts';
import type {
  CatchUp,
  EncoderOptions,
  EncodeSnapshot,
  OutputSnapshot,
  Rational,
  SessionEvent,
} from './types.ts';

export interface PushOptions {
  /**
   * rtsp://, rtmp(s)://, srt://, a file name (.mkv .mp4 .ts .flv) …; user-info in
   * it is moved to the credentials
   */
  url: string;
  /** in memory, or files that are read at every connect */
  credentials?: { user?: string; password?: string; userFile?: string; passwordFile?: string };
  /** of rtmps: a file of certificate authorities (PEM) to trust in place of the system's */
  caFile?: string;
  /** of rtmps: accepts every certificate; the log says so at each connection */
  insecureSkipVerify?: boolean;
  /** of the frames that will be pushed, pixels */
  width: number;
  height: number;
  /** rgb24 (default) or FFmpeg's name of a pixel format */
  inputFormat?: string;
  frameRate: Rational;
  /**
   * Unit of presentation times, seconds; default one frame. With a finer one ("1/90000") the rate may vary:
   * each {@link Frame} keeps its own `pts`, unless push() is given `ptsSeconds`.
   */
  timeBase?: Rational;
  /** width of a pixel by its height; default unknown, which players show as 1 */
  sampleAspectRatio?: Rational;
  encoder?: EncoderOptions;
  /**
   * Bit rate of what the frames come from, bits per second; unset = unknown. It counts where
   * `encoder.bitRate` is unset, from half to four times of what size and frame rate ask for, and from 300
   * kb/s on: a dark beginning says nothing about the rest.
   */
  sourceBitRate?: number;
  /** frames waiting for the encoder, default 20 */
  queueFrames?: number;
  /** how much media push() may run ahead of real time; 0 (default) = bounded by the queue only */
  maxLeadSeconds?: number;
  latencyBudgetMilliseconds?: number;
  /** after a stall; default Rebase */
  catchUp?: CatchUp;
  connectTimeoutMilliseconds?: number;
  responseTimeoutMilliseconds?: number;
  writeTimeoutMilliseconds?: number;
  /**
   * While the connection is lost (it is made again in the background): 'reject' (default) makes push() fail
   * with the reason, 'drop' goes on accepting frames as fast as they would have been sent, and counts them
   * as dropped(network). An output that failed for good rejects in both.
   */
  onOutage?: 'reject' | 'drop';
  onEvent?: (event: SessionEvent) => void;
  /** ends the opening within 100 ms (code `Aborted`) */
  signal?: AbortSignal;
}

export interface PushTiming {
  /**
   * presentation time, later than the last frame's; default: one frame after it, or
   * the frame's own, see `timeBase`
   */
  ptsSeconds?: number;
}

const OUTPUT = 'main';
const MAX_LEAD_SECONDS = 60;

/**
 * Frames from JavaScript to one output, encoded and sent on time by native threads. Nothing blocks the event
 * loop; the time base starts with the first unit sent, so a slow start causes no burst.
 */
export class FramePusher {
  readonly #handle: Handle;
  readonly #shape: FrameShape;
  readonly #ticksPerSecond: number;
  /** a time base was named, so the times that frames carry count */
  readonly #keepsTimes: boolean;
  readonly #onOutage: 'reject' | 'drop';
  #finished: Promise<void> | undefined;
  #closed = false;

  private constructor(options: PushOptions) {
    const format = options.inputFormat ?? 'rgb24';
    this.#handle = addon.pusherCreate({
      output: outputOptions(options),
      video: {
        width: options.width,
        height: options.height,
        format,
        frameRate: options.frameRate,
        timeBase: options.timeBase,
        bitRate: options.sourceBitRate,
        sampleAspectRatio: options.sampleAspectRatio,
      },
      encoder: options.encoder,
      queueFrames: options.queueFrames,
      maxLeadSeconds: options.maxLeadSeconds,
      latencyBudgetMilliseconds: options.latencyBudgetMilliseconds,
      catchUp: options.catchUp,
      dropInOutage: options.onOutage === 'drop',
    });
    this.#shape = { width: options.width, height: options.height, format };
    this.#ticksPerSecond = options.timeBase ? 1 / ratio(options.timeBase) : ratio(options.frameRate);
    this.#keepsTimes = options.timeBase !== undefined;
    this.#onOutage = options.onOutage ?? 'reject';
  }

  /**
   * Opens the encoder and connects. Resolves once the server accepted the publication; rejects
   * with the first reason why not (ConnectRefused, ResponseTimeout, CredentialsRefused,
   * EncoderRejected, …) within the time limits.
   */
  static async open(options: PushOptions): Promise<FramePusher> {
    if (typeof options !== 'object' || options === null) throw invalidArgument('options: expected an object');
    if (typeof options.url !== 'string' || options.url === '')
      throw invalidArgument('url: expected a non-empty string');
    const pusher = new FramePusher(options);
    try {
      await pusher.#connect(options);
    } catch (error) {
      await pusher.close();
      throw error;
    }
    return pusher;
  }

  /**
   * Resolves when the frame was accepted: at once while there is room and the lead is within maxLeadSeconds,
   * else as soon as it is. The frame's bytes may be changed afterwards. Rejects with InvalidArgument (wrong
   * size, type, stride), InvalidState (finished), or the reason of a lost connection.
   */
  async push(frame: FrameLike, timing: PushTiming = {}): Promise<void> {
    await this.#push(frame, timing, true);
  }

  /**
   * Waits only for room in the queue, where push also waits for the lead: the caller paces with
   * {@link waitRef}. One that does not is held back once 60 s of media are waiting, since all of that is
   * memory.
   */
  async offer(frame: FrameLike, timing: PushTiming = {}): Promise<void> {
    await this.#push(frame, timing, false);
    const excess = this.leadSeconds - MAX_LEAD_SECONDS;
    if (excess > 0) await sleep(excess * 1000);
  }

  /** Media time accepted minus the time since the first unit was sent, seconds; negative = behind. */
  get leadSeconds(): number {
    return addon.pusherLead(this.#handle);
  }

  /**
   * How many seconds a caller of offer() does well to wait: half the lead, at least 0. Frames that the
   * encoder holds back (B-frames, lookahead) do not count, since they come out of it only after later ones.
   */
  get waitRef(): number {
    return addon.pusherWaitReference(this.#handle);
  }

  snapshot(): EncodeSnapshot & { queueDepth: number } {
    return addon.pusherSnapshot(this.#handle);
  }

  /**
   * No further frames: sends what was accepted on its deadlines, waits out the last frame's duration, then
   * ends the publication in order. Rejects when the connection was lost for good meanwhile.
   */
  finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  /** Stops at once, within 100 ms; what was not sent yet is lost. */
  abort(): void {
    this.#closed = true;
    addon.pusherAbort(this.#handle);
  }

  /** Aborts unless finished, and waits for the threads. Never rejects; may be called again. */
  async close(): Promise<void> {
    this.abort();
    await addon.pusherWait(this.#handle).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #connect(options: PushOptions): Promise<void> {
    const { signal, onEvent } = options;
    const connected = Promise.withResolvers<void>();
    const check = () => {
      const output = this.#output();
      if (output.phase === 'Connected') connected.resolve();
      else if (output.error) connected.reject(NativeError.from(output.error));
    };
    const ended = new NativeError('the push ended before it was connected', { code: 'ConnectionClosed' });
    const abort = () => connected.reject(new NativeError('the push was aborted', { code: 'Aborted' }));
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    addon.pusherStart(this.#handle, (kind, detail) => {
      check();
      if (kind === 'session.ended') {
        const { error } = this.snapshot();
        connected.reject(error ? NativeError.from(error) : ended);
      }
      onEvent?.({ kind, detail });
    });
    // Events alone do not keep a process alive, an opening should.
    const keepAlive = setInterval(check, 100);
    try {
      await connected.promise;
    } finally {
      clearInterval(keepAlive);
      signal?.removeEventListener('abort', abort);
    }
  }

  async #push(frame: FrameLike, timing: PushTiming, paced: boolean): Promise<void> {
    if (this.#closed) throw invalidState('the push is closed', 'open a new one');
    const { planes, strides } = toPlanes(frame, this.#shape);
    this.#refuseDuringOutage();
    const own = this.#keepsTimes && frame instanceof Frame ? frame.pts : undefined;
    const ticks = this.#ticks(timing?.ptsSeconds ?? own);
    const accepted = addon.pusherPush(this.#handle, planes, strides, ticks, paced);
    if (accepted !== true) await accepted;
  }

  #refuseDuringOutage(): void {
    const { phase, error } = this.#output();
    const refused = this.#onOutage === 'reject' ? phase !== 'Connected' : phase === 'Failed';
    if (refused && error) throw NativeError.from(error);
  }

  #ticks(ptsSeconds: number | undefined): number | undefined {
    if (ptsSeconds === undefined) return undefined;
    if (!(Number.isFinite(ptsSeconds) && ptsSeconds >= 0)) {
      throw invalidArgument('ptsSeconds: expected a number of seconds from 0');
    }
    return Math.round(ptsSeconds * this.#ticksPerSecond);
  }

  async #finish(): Promise<void> {
    if (this.#closed) throw invalidState('the push is closed', 'open a new one');
    this.#closed = true;
    addon.pusherEnd(this.#handle);
    await addon.pusherWait(this.#handle);
    const { error } = this.#output();
    if (error) throw NativeError.from(error);
  }

  #output(): OutputSnapshot {
    return this.snapshot().outputs[0] as OutputSnapshot;
  }
}

function outputOptions(options: PushOptions): object {
  const { url, user, password } = splitUserInfo(options.url);
  return {
    name: OUTPUT,
    url,
    user,
    password,
    ...options.credentials,
    caFile: options.caFile,
    insecureSkipVerify: options.insecureSkipVerify,
    connectTimeoutMilliseconds: options.connectTimeoutMilliseconds,
    responseTimeoutMilliseconds: options.responseTimeoutMilliseconds,
    writeTimeoutMilliseconds: options.writeTimeoutMilliseconds,
  };
}

function ratio(text: Rational): number {
  const [numerator, denominator = '1'] = text.split('/');
  return Number(numerator) / Number(denominator);
}
