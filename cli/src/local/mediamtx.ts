/** A MediaMTX on this machine, for local mode: started, watched, asked, stopped with whoever started it. */
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WorkerError } from '@videopush/codec-worker';
import type { User } from '@videopush/resources/builders/credentials';
import type { ApiPlace, PathState } from '@videopush/resources/builders/mediaserver';
import { MediaMtxApi } from '@videopush/resources/mediamtx-api';
import type { Ending, Program } from './program.ts';
import { makePlace, writePrivate } from './stream-folder.ts';
import { startSupervised } from './supervised.ts';

export interface MediaMtxOptions {
  /** The program. */
  binary: string;
  /** The configuration file's text. */
  config: string;
  /** The ports that the configuration names. */
  ports: { api: number; rtsp?: number };
  /** Whom the API answers; default: everybody on this machine. */
  account?: User;
  onLine?: (line: string) => void;
}

/** How long the start may take. */
const START_SECONDS = 20;

/** Time between two questions to a server that starts, in milliseconds. */
const ASK_AGAIN_MS = 50;

/** How long somebody who reads the figures waits for them. */
const FIGURES_MS = 2000;

/** Time limit of one question while the server starts. */
const START_ANSWER_MS = 1000;

/** Lines that are kept to explain a failed start. */
const KEPT_LINES = 20;

const api = new MediaMtxApi();

export class MediaMtx {
  readonly ended: Promise<Ending>;
  /** Process id of the supervisor, whose only child is the server. */
  readonly pid: number;
  readonly #program: Program;
  readonly #folder: string;
  readonly #place: ApiPlace;

  constructor(program: Program, folder: string, place: ApiPlace) {
    this.#program = program;
    this.#folder = folder;
    this.#place = place;
    this.ended = program.ended;
    this.pid = program.pid;
  }

  /** null when the server does not know the path, or does not answer. */
  async path(name: string): Promise<PathState | null> {
    return await api.find(this.#place, name, AbortSignal.timeout(FIGURES_MS)).catch(() => null);
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
 * @throws WorkerError StartFailed (a port is taken, a configuration is refused: the server's own
 * words), StartTimeout, ProgramMissing
 */
export async function startMediaMtx(options: MediaMtxOptions): Promise<MediaMtx> {
  const { binary, config, ports, account } = options;
  const place: ApiPlace = { host: '127.0.0.1', port: ports.api, ...(account && { account }) };
  if (!existsSync(binary)) {
    throw new WorkerError('ProgramMissing', `MediaMTX was not found (${binary})`, {
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
  const server = new MediaMtx(program, folder, place);
  const end = performance.now() + START_SECONDS * 1000;
  while (!(await answers(place, ports.rtsp))) {
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
      : new WorkerError('StartTimeout', `MediaMTX did not answer within ${START_SECONDS} s`);
  }
  return server;
}

async function answers(place: ApiPlace, rtspPort: number | undefined): Promise<boolean> {
  const listed = api.list(place, AbortSignal.timeout(START_ANSWER_MS));
  const answered = await listed.then(
    () => true,
    () => false,
  );
  return answered && (rtspPort === undefined || (await accepts(rtspPort)));
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: START_ANSWER_MS });
    const answer = (result: boolean) => () => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
}
