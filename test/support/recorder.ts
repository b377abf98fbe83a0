import { Program } from './program.ts';
import { tool } from './tools.ts';

/** Times are milliseconds of the monotonic clock, with the origin of `process.hrtime`. */
export interface RecordedUnit {
  connection: number;
  track: number;
  /** Arrival of the access unit's last byte. */
  at: number;
  /** Whether `at` is the kernel's receive stamp. */
  kernelStamp: boolean;
  /** RTP timestamp, 90 kHz, modulo 2^32. */
  rtp: number;
  sequence: number;
  packets: number;
  bytes: number;
  /** RTP packets missing before this unit. */
  gap: number;
  nalTypes: number[];
}

export interface RecordedReport {
  connection: number;
  track: number;
  at: number;
  /** Wall time, seconds since 1970. */
  ntp: number;
  rtp: number;
  packets: number;
}

export interface RecordedRequest {
  connection: number;
  at: number;
  method: string;
  body: string;
}

export interface RecordedClose {
  connection: number;
  at: number;
  /** 0 = closed in order, else errno (104 = reset). */
  errno: number;
}

export interface Recording {
  units: RecordedUnit[];
  reports: RecordedReport[];
  requests: RecordedRequest[];
  closes: RecordedClose[];
}

export function emptyRecording(): Recording {
  return { units: [], reports: [], requests: [], closes: [] };
}

/** Milliseconds of the clock that the recorder uses. */
export function monotonicMilliseconds(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A line as the recorder prints it; its fields depend on `e`. */
interface Line {
  e: string;
  c: number;
  at: number;
  t: number;
  k: number;
  rtp: number;
  seq: number;
  packets: number;
  bytes: number;
  gap: number;
  nals: number[];
  ntp: number;
  method: string;
  body?: string;
  errno: number;
}

/** Adds one line of the recorder's output to a recording; other lines change nothing. */
export function addLine(recording: Recording, text: string): void {
  const line = JSON.parse(text) as Line;
  const base = { connection: line.c, at: line.at / 1e6 };
  switch (line.e) {
    case 'unit':
      recording.units.push({
        ...base,
        track: line.t,
        kernelStamp: line.k === 1,
        rtp: line.rtp,
        sequence: line.seq,
        packets: line.packets,
        bytes: line.bytes,
        gap: line.gap,
        nalTypes: line.nals,
      });
      break;
    case 'sr':
      recording.reports.push({
        ...base,
        track: line.t,
        ntp: line.ntp,
        rtp: line.rtp,
        packets: line.packets,
      });
      break;
    case 'request':
      recording.requests.push({ ...base, method: line.method, body: line.body ?? '' });
      break;
    case 'close':
      recording.closes.push({ ...base, errno: line.errno });
      break;
  }
}

export interface RecorderOptions {
  /** IPv4 address of this machine to listen on; default the loopback's. */
  address?: string;
  port?: number;
  /** Access units go to `PREFIX.CONNECTION.h264`. */
  dumpPrefix?: string;
  /** Receive buffer in bytes; small ones let a stopped recorder exert back-pressure soon. */
  receiveBuffer?: number;
}

export class Recorder {
  readonly recording: Recording = emptyRecording();
  readonly address: string;
  readonly port: number;
  readonly program: Program;
  #waiters = new Set<() => void>();

  private constructor(program: Program, address: string, port: number) {
    this.program = program;
    this.address = address;
    this.port = port;
    program.onLine((line, stream) => {
      if (stream !== 'stdout') return;
      addLine(this.recording, line);
      for (const check of [...this.#waiters]) check();
    });
  }

  static async start(options: RecorderOptions = {}): Promise<Recorder> {
    const { address = '127.0.0.1' } = options;
    const args = ['--address', address, '--port', String(options.port ?? 0)];
    if (options.dumpPrefix) args.push('--dump', options.dumpPrefix);
    if (options.receiveBuffer) args.push('--rcvbuf', String(options.receiveBuffer));
    const program = new Program(await tool('recorder'), args, { limitMilliseconds: 0 });
    const line = await program.waitForLine(/"listening"/);
    return new Recorder(program, address, (JSON.parse(line) as { port: number }).port);
  }

  url(path = 'live'): string {
    return `rtsp://${this.address}:${this.port}/${path}`;
  }

  /** Units of one connection (default: all), video track. */
  units(connection?: number): RecordedUnit[] {
    return this.recording.units.filter(
      (unit) => unit.track === 0 && (connection === undefined || unit.connection === connection),
    );
  }

  /** Waits until `done` holds for the recording; checked at every event. */
  async until(
    what: string,
    done: (recording: Recording) => boolean,
    limitMilliseconds: number,
  ): Promise<void> {
    if (done(this.recording)) return;
    await new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!done(this.recording)) return;
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(check);
        const { units, requests, closes } = this.recording;
        reject(
          new Error(
            `the recorder did not see ${what} in ${limitMilliseconds} ms: ${units.length} units, requests ` +
              `${requests.map((r) => r.method).join(' ')}, ${closes.length} closes`,
          ),
        );
      }, limitMilliseconds);
      this.#waiters.add(check);
    });
  }

  async untilUnits(count: number, limitMilliseconds: number): Promise<void> {
    await this.until(`${count} units`, () => this.units().length >= count, limitMilliseconds);
  }

  async untilClosed(limitMilliseconds: number, count = 1): Promise<void> {
    await this.until('the end of the connection', (r) => r.closes.length >= count, limitMilliseconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}
