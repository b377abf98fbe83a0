/**
 * Reads index stamps back: from a server's stream, a file or a recorder's dump,
 * decoded by the ffmpeg command line.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readStamp, STAMP_HEIGHT, STAMP_WIDTH } from './index-stamp.ts';
import { start } from './program.ts';
import { monotonicMilliseconds } from './recorder.ts';

export interface SeenFrame {
  /** null = a picture without a stamp (slate). */
  index: number | null;
  /** Timestamp in seconds as the reader's demuxer gave it; NaN until ffmpeg's own line about it was read. */
  pts: number;
  keyFrame: boolean;
  /** When the decoded picture reached this process, monotonic ms. */
  at: number;
}

export interface StampReaderOptions {
  /** Options before `-i`. */
  input?: readonly string[];
  /** Size of the picture relative to the stamped one, default 1; for outputs that scale. */
  scale?: number;
  /** Column at which the stamp begins, default 0; only without a scale. */
  left?: number;
}

/** An ffmpeg that outputs only the stamp's corner of every picture, whose size may change in the stream. */
export class StampReader {
  readonly frames: SeenFrame[] = [];
  readonly pid: number;
  /** Resolves at the reader's end with its exit code. */
  readonly ended: Promise<number | null>;
  #child: ChildProcess;
  #messages: string[] = [];
  #waiters = new Set<() => void>();
  #described = 0;
  #running = true;

  constructor(input: string, options: StampReaderOptions = {}) {
    const scale = options.scale ?? 1;
    const filter =
      scale === 1
        ? `crop=${STAMP_WIDTH}:${STAMP_HEIGHT}:${options.left ?? 0}:0`
        : `crop=${STAMP_WIDTH * scale}:${STAMP_HEIGHT * scale}:0:0,scale=${STAMP_WIDTH}:${STAMP_HEIGHT}:flags=area`;
    const isRtsp = input.startsWith('rtsp:');
    const args = [
      ...['-v', 'info', '-nostats', '-nostdin', '-threads', '1'],
      ...(isRtsp ? ['-rtsp_transport', 'tcp', '-analyzeduration', '500000', '-fflags', '+nobuffer'] : []),
      ...(options.input ?? []),
      ...['-i', input, '-map', '0:v:0', '-vf', `${filter},showinfo`, '-vsync', 'passthrough'],
      ...['-f', 'rawvideo', '-pix_fmt', 'gray', 'pipe:1'],
    ];
    const { child, ended } = start('ffmpeg', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.pid = this.#child.pid ?? -1;
    const pictures = this.#readPictures();
    const details = this.#readDetails();
    this.ended = ended.then(async ({ code }) => {
      await Promise.allSettled([pictures, details]);
      this.#running = false;
      this.#notify();
      return code;
    });
  }

  /** Indices in order of arrival, slate left out. */
  indices(): number[] {
    return this.frames.flatMap((frame) => (frame.index === null ? [] : [frame.index]));
  }

  /** The frames that carry a stamp. */
  stamped(): (SeenFrame & { index: number })[] {
    return this.frames.filter((frame): frame is SeenFrame & { index: number } => frame.index !== null);
  }

  async until(
    what: string,
    done: (reader: StampReader) => boolean,
    limitMilliseconds: number,
  ): Promise<void> {
    if (done(this)) return;
    await new Promise<void>((resolve, reject) => {
      const finish = (error?: Error) => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        if (error) reject(error);
        else resolve();
      };
      const check = () => {
        if (done(this)) finish();
        else if (!this.#running) finish(new Error(`the reader ended before ${what}\n${this.describe()}`));
      };
      const timer = setTimeout(
        () =>
          finish(new Error(`the reader did not see ${what} in ${limitMilliseconds} ms\n${this.describe()}`)),
        limitMilliseconds,
      );
      this.#waiters.add(check);
    });
  }

  /** Waits until the frame with this index was decoded. */
  untilIndex(index: number, limitMilliseconds: number): Promise<void> {
    return this.until(`index ${index}`, (r) => r.frames.some((f) => f.index === index), limitMilliseconds);
  }

  describe(): string {
    const seen = this.indices();
    return (
      `${this.frames.length} pictures, ${seen.length} with a stamp, last ${seen.at(-1)}\n` +
      this.#messages.slice(-8).join('\n')
    );
  }

  /** Ends the reader; what it had decoded stays. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3_000);
    await this.ended;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #readPictures(): Promise<void> {
    const size = STAMP_WIDTH * STAMP_HEIGHT;
    let pending: Buffer = Buffer.alloc(0);
    let count = 0;
    for await (const chunk of this.#child.stdout as AsyncIterable<Buffer>) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const at = monotonicMilliseconds();
      while (pending.length >= size) {
        this.#frame(count++).index = readStamp(pending, STAMP_WIDTH);
        (this.frames[count - 1] as SeenFrame).at = at;
        pending = pending.subarray(size);
      }
      this.#notify();
    }
  }

  /** showinfo prints a line per picture, in the pictures' order. */
  async #readDetails(): Promise<void> {
    const input = this.#child.stderr;
    if (!input) return;
    for await (const line of createInterface({ input })) {
      const match = /showinfo.* n: *\d+ pts:.*pts_time: *([-\d.]+|NOPTS).* iskey:(\d)/.exec(line);
      if (!match) {
        if (!line.includes('showinfo')) this.#messages.push(line);
        if (this.#messages.length > 200) this.#messages.shift();
        continue;
      }
      const frame = this.#frame(this.#described++);
      frame.pts = Number(match[1]);
      frame.keyFrame = match[2] === '1';
    }
  }

  /** Pictures and lines arrive on two pipes: whichever comes first makes the entry. */
  #frame(position: number): SeenFrame {
    while (this.frames.length <= position) {
      this.frames.push({ index: null, pts: Number.NaN, keyFrame: false, at: 0 });
    }
    return this.frames[position] as SeenFrame;
  }

  #notify(): void {
    for (const check of [...this.#waiters]) check();
  }
}

/** All stamps of a finite input. */
export async function readStamps(input: string, options: StampReaderOptions = {}): Promise<SeenFrame[]> {
  await using reader = new StampReader(input, options);
  const code = await reader.ended;
  if (code !== 0) throw new Error(`ffmpeg could not read ${input}\n${reader.describe()}`);
  return reader.frames;
}
