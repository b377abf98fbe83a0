/** A MediaMTX on this machine, for local mode: started, watched, asked, stopped with whoever started it. */
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WorkerError } from '@videopush/codec-worker';
import { makePlace, writePrivate } from './places.ts';
import type { Ending, Program } from './program.ts';
import { startSupervised } from './supervised.ts';

export interface MediaMtxOptions {
  /** The program. */
  binary: string;
  /** The configuration file's text. */
  config: string;
  /** As the configuration says; the API must answer the loopback without a user. */
  ports: { api: number; rtsp?: number };
  onLine?: (line: string) => void;
  /** How long the start may take; default 20. */
  startSeconds?: number;
}

/** What the server says of one path. */
export interface PathState {
  /** A publisher is there (an always available path is ready without one). */
  online: boolean;
  viewers: number;
  bytesReceived: number;
  bytesSent: number;
}

/** Between questions while the server starts. */
const ASK_AGAIN_MS = 50;

/** Lines that are kept to explain a failed start. */
const KEPT_LINES = 20;

export class MediaMtx {
  readonly ended: Promise<Ending>;
  readonly #program: Program;
  readonly #folder: string;
  readonly #api: string;

  constructor(program: Program, folder: string, apiPort: number) {
    this.#program = program;
    this.#folder = folder;
    this.#api = `http://127.0.0.1:${apiPort}/v3`;
    this.ended = program.ended;
  }

  /** null when the server does not know the path, or does not answer. */
  async path(name: string, limitMilliseconds = 2000): Promise<PathState | null> {
    const found = await ask(`${this.#api}/paths/get/${name}`, limitMilliseconds);
    if (!found) return null;
    const { online, readers, inboundBytes, outboundBytes } = found as {
      online: boolean;
      readers?: unknown[];
      inboundBytes?: number;
      outboundBytes?: number;
    };
    return {
      online,
      viewers: readers?.length ?? 0,
      bytesReceived: inboundBytes ?? 0,
      bytesSent: outboundBytes ?? 0,
    };
  }

  async close(): Promise<void> {
    await this.#program.stop(5);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Starts the server and waits until its API answers and RTSP is open.
 * @throws WorkerError StartFailed (a port is taken, a configuration is refused: the server's own words), StartTimeout,
 * ProgramMissing
 */
export async function startMediaMtx(options: MediaMtxOptions): Promise<MediaMtx> {
  const { binary, config, ports, startSeconds = 20 } = options;
  if (!existsSync(binary)) {
    throw new WorkerError('ProgramMissing', `MediaMTX is not there (${binary})`, {
      action: 'run: npm run setup',
      permanent: true,
    });
  }
  const folder = makePlace(tmpdir());
  const lines: string[] = [];
  const file = writePrivate(folder, 'mediamtx.yml', config);
  const program = await startSupervised({
    command: [binary, file],
    stateFile: join(folder, 'state.json'),
    supervision: { failures: 0 }, // a server that cannot start must say so, not try again
    cwd: folder,
    onLine: (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      options.onLine?.(line);
    },
  });
  const server = new MediaMtx(program, folder, ports.api);
  const end = performance.now() + startSeconds * 1000;
  while (!(await answers(ports))) {
    if (program.ending === null && performance.now() < end) {
      await delay(ASK_AGAIN_MS);
      continue;
    }
    const early = program.ending !== null;
    await server.close();
    const said =
      lines.findLast((line) => line.includes(' ERR ') || line.startsWith('ERR')) ??
      lines.findLast((line) => !line.startsWith('{')) ??
      'nothing';
    throw early
      ? new WorkerError('StartFailed', `MediaMTX did not start; it said: ${said}`, {
          action: 'free the port, or choose others',
        })
      : new WorkerError('StartTimeout', `MediaMTX did not answer within ${startSeconds} s`);
  }
  return server;
}

async function answers({ api, rtsp }: MediaMtxOptions['ports']): Promise<boolean> {
  if ((await ask(`http://127.0.0.1:${api}/v3/info`, 1000)) === null) return false;
  return rtsp === undefined || (await accepts(rtsp));
}

async function ask(url: string, limitMilliseconds: number): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(limitMilliseconds) });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 });
    const answer = (result: boolean) => () => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
}
