/**
 * A stream on this machine: the two processes of a pod, under the same supervisor, joined by the same ring.
 * It ends with the process that started it, however that one ends.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { WORKER_NODE_OPTIONS, WORKER_PROGRAM, type WorkerStatus } from '@videopush/codec-worker';
import type { DecodeSnapshot, EncodeSnapshot } from '@videopush/native';
import { hideUrl, redactUrl } from '@videopush/resources/redact';
import type {
  DecoderConfig,
  EncoderConfig,
  WorkerConfig,
  WorkerConfigs,
} from '@videopush/resources/worker-config';
import { freePorts } from './ports.ts';
import type { Ending, Program } from './program.ts';
import { makePlace, ringRoot, writePrivate } from './stream-folder.ts';
import {
  readSupervisorState,
  type Supervision,
  type SupervisorState,
  startSupervised,
} from './supervised.ts';

/** What becomes files that only this user may read. */
export interface Credentials {
  username?: string;
  password?: string;
  /** The certificate authorities to trust in place of the system's, in PEM format. */
  authorities?: string;
}

/**
 * One line of a process; lines that are not JSON come as `msg`. Levels as pino's: 30
 * information, 40 warning, 50 error.
 */
export interface LogEntry {
  from: 'decoder' | 'encoder';
  level: number;
  msg: string;
  event?: string;
  [field: string]: unknown;
}

export interface LocalStreamOptions {
  credentials?: {
    source?: Credentials;
    /** Credentials by output name; `url` is for addresses that are secrets themselves. */
    outputs?: Readonly<Record<string, Credentials & { url?: string }>>;
  };
  onLog?: (entry: LogEntry) => void;
  /** How long an orderly end of each process may take; default 10. */
  graceSeconds?: number;
  supervision?: Supervision;
  /** The folder for the stream's own folder; default: memory when there is enough. */
  root?: string;
}

/** How a stream ended. `complete`: the source ended and everything was sent. */
export interface StreamEnd {
  complete: boolean;
  decoder: Ending;
  encoder: Ending;
}

/** One role: its supervisor and the process that this keeps running. */
export class LocalRole<Snapshot extends DecodeSnapshot | EncodeSnapshot> {
  readonly program: Program;
  /** `http://127.0.0.1:PORT`, where /status and /metrics are; the same after a restart. */
  readonly url: string;
  readonly #stateFile: string;
  #summary: Snapshot | null = null;

  constructor(program: Program, url: string, stateFile: string) {
    this.program = program;
    this.url = url;
    this.#stateFile = stateFile;
  }

  /** State of the supervisor; null before it has started. */
  state(): SupervisorState | null {
    return readSupervisorState(this.#stateFile);
  }

  /** The role's process; null while there is none. */
  get pid(): number | null {
    return this.state()?.child ?? null;
  }

  /** null while no process answers. */
  async status(limitMilliseconds = 2000): Promise<WorkerStatus<Snapshot> | null> {
    try {
      const response = await fetch(`${this.url}/status`, { signal: AbortSignal.timeout(limitMilliseconds) });
      return (await response.json()) as WorkerStatus<Snapshot>;
    } catch {
      return null;
    }
  }

  /** What the role's process said of itself at its orderly end; null before. */
  get summary(): Snapshot | null {
    return this.#summary;
  }

  /** Takes the summary out of a log line. */
  notice(entry: LogEntry): void {
    if (entry.event === 'summary') this.#summary = (entry.snapshot as Snapshot | null) ?? null;
  }
}

export class LocalStream {
  readonly decoder: LocalRole<DecodeSnapshot>;
  readonly encoder: LocalRole<EncodeSnapshot>;
  /** Path of the ring for `observeRing`: the ledger in it remains after the processes, until `close`. */
  readonly ringPath: string;
  /** Addresses of the outputs, as they may be shown. */
  readonly urls: readonly string[];
  /** Resolves when both processes have ended: one that ends takes the other along. */
  readonly ended: Promise<StreamEnd>;
  readonly #folder: string;
  readonly #graceSeconds: number;
  readonly #abandon = (): void => this.#removeAll();

  constructor(
    decoder: LocalRole<DecodeSnapshot>,
    encoder: LocalRole<EncodeSnapshot>,
    ringPath: string,
    folder: string,
    { urls, graceSeconds }: { urls: readonly string[]; graceSeconds: number },
  ) {
    this.decoder = decoder;
    this.encoder = encoder;
    this.ringPath = ringPath;
    this.urls = urls;
    this.#folder = folder;
    this.#graceSeconds = graceSeconds;
    this.ended = this.#watch();
    process.once('exit', this.#abandon);
  }

  /**
   * Asks for an orderly end, the decoder first, so that the encoder still sends what is in the queue; after
   * the grace period each is cut short.
   */
  async stop(): Promise<StreamEnd> {
    const grace = this.#graceSeconds + 1;
    await this.decoder.program.stop(grace);
    await this.encoder.program.stop(grace);
    return await this.ended;
  }

  /** Stops, and removes ring, configurations and credentials. */
  async close(): Promise<void> {
    await this.stop();
    process.off('exit', this.#abandon);
    this.#removeAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #watch(): Promise<StreamEnd> {
    const programs = [this.decoder.program, this.encoder.program] as const;
    await Promise.race(programs.map(({ ended }) => ended));
    const [decoder, encoder] = await Promise.all(
      programs.map((program) => program.stop(this.#graceSeconds + 1)),
    );
    return { complete: encoder?.code === 0, decoder: decoder as Ending, encoder: encoder as Ending };
  }

  /**
   * At the exit of this process nothing can be awaited; the supervisors stop by
   * themselves when their parent is gone.
   */
  #removeAll(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Starts the two processes of `configs`. The runner chooses the ring's place, the ports (loopback only) and
 * the credential files; what the configurations say of these is replaced.
 * @throws WorkerError ProgramMissing
 */
export async function startLocalStream(
  configs: WorkerConfigs,
  options: LocalStreamOptions = {},
): Promise<LocalStream> {
  const { folder: memory, inMemory } = ringRoot();
  const folder = makePlace(options.root ?? memory);
  const ringPath = join(folder, 'frames');
  const [decoderPort = 0, encoderPort = 0] = await freePorts(2);
  const placed = withCredentials(configs, options.credentials ?? {}, folder);
  // On one machine the ring alone joins the two, whatever the topology is.
  const { jetStream: _, ...joint } = configs.decoder.queue;
  const queue = { ...joint, path: ringPath };
  const starting: Program[] = [];
  const start = async <S extends DecodeSnapshot | EncodeSnapshot>(
    config: WorkerConfig,
  ): Promise<LocalRole<S>> => {
    const { role } = config;
    let local: LocalRole<S> | null = null;
    const { program, stateFile } = await startRole(config, folder, options, (entry) => {
      local?.notice(entry);
      options.onLog?.(entry);
    });
    starting.push(program);
    if (role === 'decoder' && !inMemory && options.root === undefined) {
      options.onLog?.({
        from: role,
        level: 40,
        msg: `little memory in /dev/shm: the frame queue is kept in ${memory}`,
      });
    }
    local = new LocalRole<S>(program, `http://127.0.0.1:${config.http.port}`, stateFile);
    return local;
  };
  try {
    const decoder = await start<DecodeSnapshot>({ ...placed.decoder, queue, http: loopback(decoderPort) });
    const encoder = await start<EncodeSnapshot>({ ...placed.encoder, queue, http: loopback(encoderPort) });
    const urls = shownUrls(configs.encoder, options.credentials);
    return new LocalStream(decoder, encoder, ringPath, folder, {
      urls,
      graceSeconds: options.graceSeconds ?? 10,
    });
  } catch (error) {
    await Promise.all(starting.map((program) => program.stop(0)));
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function shownUrls({ outputs }: EncoderConfig, credentials: LocalStreamOptions['credentials']): string[] {
  return outputs.map(({ name, url }) =>
    url === undefined ? hideUrl(credentials?.outputs?.[name]?.url ?? '') : redactUrl(url),
  );
}

const loopback = (port: number) => ({ host: '127.0.0.1', port });

async function startRole(
  config: WorkerConfig,
  folder: string,
  options: LocalStreamOptions,
  onEntry: (entry: LogEntry) => void,
): Promise<{ program: Program; stateFile: string }> {
  const { role } = config;
  const configFile = writePrivate(folder, `${role}.json`, JSON.stringify(config));
  const stateFile = join(folder, `${role}.state.json`);
  const grace = String(options.graceSeconds ?? 10);
  const program = await startSupervised({
    command: [
      process.execPath,
      ...WORKER_NODE_OPTIONS,
      ...process.execArgv,
      WORKER_PROGRAM,
      '--config',
      configFile,
      '--grace',
      grace,
      '--termination-log',
      '',
    ],
    stateFile,
    supervision: options.supervision,
    onLine: (line) => onEntry(parseLine(role, line)),
  });
  return { program, stateFile };
}

function parseLine(from: LogEntry['from'], line: string): LogEntry {
  try {
    const entry = JSON.parse(line) as Partial<LogEntry>;
    if (typeof entry === 'object' && typeof entry.level === 'number')
      return { msg: '', ...entry, level: entry.level, from };
  } catch {
    // not of our making: a library's own words
  }
  return { from, level: 40, msg: line };
}

/** The configurations with credentials moved into files. */
function withCredentials(
  { decoder, encoder }: WorkerConfigs,
  { source, outputs = {} }: NonNullable<LocalStreamOptions['credentials']>,
  folder: string,
): { decoder: DecoderConfig; encoder: EncoderConfig } {
  return {
    decoder: { ...decoder, source: { ...decoder.source, ...credentialFiles(folder, 'source', source) } },
    encoder: {
      ...encoder,
      outputs: encoder.outputs.map((output) => {
        const given = outputs[output.name];
        const files = credentialFiles(folder, `output-${output.name}`, given);
        if (given?.url === undefined) return { ...output, ...files };
        const { url: _, ...rest } = output;
        return { ...rest, ...files, urlFile: writePrivate(folder, `output-${output.name}-url`, given.url) };
      }),
    },
  };
}

function credentialFiles(folder: string, name: string, given: Credentials = {}) {
  const { username, password, authorities } = given;
  return {
    ...(authorities === undefined ? {} : { caFile: writePrivate(folder, `${name}-ca.crt`, authorities) }),
    ...(username === undefined ? {} : { userFile: writePrivate(folder, `${name}-user`, username) }),
    ...(password === undefined ? {} : { passwordFile: writePrivate(folder, `${name}-password`, password) }),
  };
}
