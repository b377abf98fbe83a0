/** Servers that write what they receive to files, so that a test can count it after they were killed. */
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program } from './program.ts';
import { StampReader } from './stamp-reader.ts';
import type { Scratch } from './tools.ts';

const LIMIT_MILLISECONDS = 15_000;

/** A server at one address, which may be started again: each run adds a file. */
export abstract class RecordingServer implements AsyncDisposable {
  abstract readonly url: string;
  protected program: Program | undefined;

  /** Resolves once it accepts connections. */
  abstract start(): Promise<void>;
  /** Paths of its files, in the order in which they were begun. */
  protected abstract files(): readonly string[];

  signal(name: NodeJS.Signals): void {
    this.program?.child.kill(name);
  }

  /** Waits for the end that a signal brings. */
  async ended(): Promise<void> {
    await this.program?.exited;
  }

  /** Indices of the frames in its files, file by file. */
  async runs(): Promise<number[][]> {
    const runs: number[][] = [];
    for (const file of this.files()) {
      await using reader = new StampReader(file);
      await reader.ended;
      runs.push(reader.indices());
    }
    return runs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.ended();
  }
}

/** Paths of the files in a folder, sorted: their names begin with the time. */
export const filesIn = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));

/** Resolves once a server accepts connections by TCP. */
export async function listening(name: string, port: number, program: Program): Promise<void> {
  const until = performance.now() + LIMIT_MILLISECONDS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const answer = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (answer) return;
    if (performance.now() > until) throw new Error(`${name} does not listen\n${program.tail()}`);
    await sleep(50);
  }
}

/** An SRT listener of libsrt's own (Debian package srt-tools). */
export class SrtReceiver extends RecordingServer {
  readonly url: string;
  readonly #port: number;
  readonly #scratch: Scratch;
  readonly #files: string[] = [];

  /** @param parameters  of the caller's URL, e.g. `latency=1000000` (in microseconds) */
  constructor(scratch: Scratch, port: number, parameters = '') {
    super();
    this.#scratch = scratch;
    this.#port = port;
    this.url = `srt://127.0.0.1:${port}${parameters && `?${parameters}`}`;
  }

  async start(): Promise<void> {
    const file = this.#scratch.file(`srt-${this.#files.length}.ts`);
    this.#files.push(file);
    const address = `srt://127.0.0.1:${this.#port}?mode=listener`;
    this.program = new Program('srt-live-transmit', ['-loglevel:fatal', address, 'file://con'], {
      stdoutFile: file,
    });
    await sleep(300); // a UDP port can't be asked whether it listens; the push tries again
  }

  protected files(): readonly string[] {
    return this.#files;
  }
}

/** nginx with its RTMP module (Debian packages nginx-light and libnginx-mod-rtmp). */
export class NginxRtmp extends RecordingServer {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  readonly #configuration: string;

  /** @param rules  of its application `live`, e.g. `deny publish all;` */
  constructor(scratch: Scratch, port: number, rules = '') {
    super();
    this.#port = port;
    this.url = `rtmp://127.0.0.1:${port}/live/stream`;
    this.#folder = scratch.file('recorded');
    mkdirSync(this.#folder, { mode: 0o777 });
    this.#configuration = scratch.write(
      'nginx.conf',
      `load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; pid ${scratch.file('nginx.pid')}; error_log stderr error;
events { worker_connections 64; }
rtmp { server { listen 127.0.0.1:${port}; application live {
  live on; record all; record_path ${this.#folder}; record_unique on; ${rules}
} } }
`,
    );
  }

  async start(): Promise<void> {
    this.program = new Program('/usr/sbin/nginx', ['-e', 'stderr', '-c', this.#configuration]);
    await listening('nginx', this.#port, this.program);
  }

  protected files(): readonly string[] {
    return filesIn(this.#folder);
  }
}
