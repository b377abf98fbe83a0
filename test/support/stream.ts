/**
 * One stream as it runs in production: a decoder and an encoder process, each under the supervisor,
 * joined by a ring in memory. WorkerConfigs are written here as the builders would; what a role says is
 * read over HTTP and from its log.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LedgerTotals, observeRing, type RingSnapshot } from '@videopush/native';
import { supervisorProgram } from '../../cli/src/local/programs.ts';
import { WORKER_NODE_OPTIONS, WORKER_PROGRAM } from '../../codec-worker/src/program.ts';
import { contentHash } from '../../resources/src/builders/names.ts';
import { childEnvironment, nodeBinary } from '../../scripts/paths.mjs';
import { freePorts } from './ports.ts';
import { Program } from './program.ts';
import { settled } from './sessions.ts';
import { Scratch } from './tools.ts';
import { until } from './until.ts';

type Json = Record<string, unknown>;

export interface StreamOptions {
  source: Json & { onEnd?: string };
  video?: Json;
  encoder?: Json;
  /** One output `main` at this URL, or several as WorkerConfig names them. */
  outputs: string | (Json & { name: string; url: string })[];
  queue?: Json;
  latencyBudgetMilliseconds?: number;
  logLevel?: string;
  /** Supervisor options, e.g. `['--max-delay', '0.5']`. */
  supervisor?: readonly string[];
  /**
   * Two pods: each role has a ring of its own, and this stream of NATS joins them.
   * The source's identity is added.
   */
  jetStream?: { address: string; stream: string };
}

/** One role: the supervisor and the process that it keeps running. */
export class Role {
  readonly supervisor: Program;
  readonly port: number;
  readonly configFile: string;
  #stateFile: string;

  constructor(name: string, config: Json, port: number, scratch: Scratch, options: readonly string[]) {
    const configFile = scratch.file(`${name}.json`);
    writeFileSync(configFile, JSON.stringify(config));
    this.configFile = configFile;
    this.#stateFile = scratch.file(`${name}.state.json`);
    this.port = port;
    this.supervisor = new Program(
      supervisorProgram(),
      [
        '--state',
        this.#stateFile,
        ...options,
        '--',
        nodeBinary(),
        ...WORKER_NODE_OPTIONS,
        WORKER_PROGRAM,
        '--config',
        configFile,
      ],
      { env: childEnvironment(), limitMilliseconds: 0 },
    );
  }

  /** The id of the role's process; null while it does not run. */
  pid(): number | null {
    try {
      return (JSON.parse(readFileSync(this.#stateFile, 'utf8')) as { child: number | null }).child;
    } catch {
      return null;
    }
  }

  async untilRunning(limitMilliseconds = 10_000): Promise<number> {
    const end = performance.now() + limitMilliseconds;
    for (;;) {
      const pid = this.pid();
      if (pid !== null) return pid;
      if (performance.now() > end)
        throw new Error(`no process in ${limitMilliseconds} ms\n${this.supervisor.tail()}`);
      await sleep(20);
    }
  }

  /** GET of `/status`, `/readyz`, `/healthz`: code and body; null while nobody answers. */
  async get(path: string): Promise<{ code: number; body: string } | null> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
        signal: AbortSignal.timeout(3_000),
      });
      return { code: response.status, body: await response.text() };
    } catch {
      return null;
    }
  }

  async status<T = Json>(): Promise<T | null> {
    const answer = await this.get('/status');
    return answer === null ? null : (JSON.parse(answer.body) as T);
  }

  /** Asks ten times a second until `/status` satisfies `done`. */
  async untilStatus<T = Json>(
    what: string,
    done: (status: T) => boolean,
    limitMilliseconds: number,
  ): Promise<T> {
    const end = performance.now() + limitMilliseconds;
    let last: T | null = null;
    while (performance.now() < end) {
      last = (await this.status<T>()) ?? last;
      if (last !== null && done(last)) return last;
      if (this.supervisor.exit !== null) throw new Error(`ended before ${what}\n${this.supervisor.tail()}`);
      await sleep(100);
    }
    throw new Error(
      `not in ${limitMilliseconds} ms: ${what}\nlast status ${JSON.stringify(last)}\n${this.supervisor.tail(40)}`,
    );
  }
}

type RoleName = 'decoder' | 'encoder';

export class Stream {
  /** The ring in the encoder's pod, where the outputs' ledgers are. */
  readonly ringPath: string;
  /** The ring in the decoder's pod; it is the same file when both are in one. */
  readonly decoderRingPath: string;
  readonly #roles: Record<RoleName, Role>;
  readonly #make: (name: RoleName, options: StreamOptions) => Role;
  readonly #options: StreamOptions;
  readonly #scratch: Scratch;

  private constructor(
    options: StreamOptions,
    make: (name: RoleName, options: StreamOptions) => Role,
    ringPath: string,
    decoderRingPath: string,
    scratch: Scratch,
  ) {
    this.#options = options;
    this.#make = make;
    this.#roles = { decoder: make('decoder', options), encoder: make('encoder', options) };
    this.ringPath = ringPath;
    this.decoderRingPath = decoderRingPath;
    this.#scratch = scratch;
  }

  get decoder(): Role {
    return this.#roles.decoder;
  }

  get encoder(): Role {
    return this.#roles.encoder;
  }

  static async start(options: StreamOptions): Promise<Stream> {
    const scratch = new Scratch({ memory: true });
    const [decoderPort, encoderPort] = (await freePorts(2)) as [number, number];
    const ringPath = scratch.file('frames');
    const decoderRingPath = options.jetStream ? scratch.file('decoder-frames') : ringPath;
    const ports = { decoder: decoderPort, encoder: encoderPort };
    const make = (name: RoleName, current: StreamOptions): Role => {
      const config = workerConfigs(current, ringPath, decoderPort, encoderPort)[name];
      if (name === 'decoder') config.queue = { ...config.queue, path: decoderRingPath };
      return new Role(name, config, ports[name], scratch, current.supervisor ?? []);
    };
    return new Stream(options, make, ringPath, decoderRingPath, scratch);
  }

  /** SIGKILL of the pod of one role of a split stream, its ring included, and another one in its place. */
  async losePod(name: RoleName): Promise<void> {
    const { supervisor } = this.#roles[name];
    supervisor.signal('SIGKILL');
    await supervisor.exited;
    this.#renewPod(name, this.#options);
  }

  /**
   * An orderly end of the pod of one role of a split stream, and one with another configuration in its place.
   */
  async replacePod(name: RoleName, changes: Partial<StreamOptions>): Promise<void> {
    await this.#roles[name].supervisor.stop(15_000);
    this.#renewPod(name, { ...this.#options, ...changes });
  }

  #renewPod(name: RoleName, options: StreamOptions): void {
    rmSync(name === 'decoder' ? this.decoderRingPath : this.ringPath, { force: true });
    this.#roles[name] = this.#make(name, options);
  }

  /** The queue's header page as an observer sees it; null while the queue does not exist. */
  ring(): RingSnapshot | null {
    try {
      return observeRing(this.ringPath);
    } catch {
      return null;
    }
  }

  /** Waits for the end marker and an outcome for every frame; resolves with the first output's ledger. */
  async untilSettled(limitMilliseconds = 30_000): Promise<LedgerTotals> {
    const ledger = await until(
      'an outcome for every frame',
      () => {
        const ring = this.ring();
        const first = ring?.outputs[0]?.ledger;
        return ring?.ended && first && settled(first) >= ring.sourceFrames && first;
      },
      limitMilliseconds,
    );
    return ledger;
  }

  /** SIGTERM to both, waits for their orderly end. */
  async stop(): Promise<void> {
    await Promise.all([this.decoder.supervisor.stop(15_000), this.encoder.supervisor.stop(15_000)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#scratch[Symbol.dispose]();
  }
}

function workerConfigs(options: StreamOptions, ringPath: string, decoderPort: number, encoderPort: number) {
  const outputs =
    typeof options.outputs === 'string' ? [{ name: 'main', url: options.outputs }] : options.outputs;
  const video = options.video ?? {};
  const source = { onEnd: 'Complete', ...options.source };
  const common = {
    version: 1,
    stream: 'test/stream',
    logLevel: options.logLevel ?? 'info',
    latencyBudgetMilliseconds: options.latencyBudgetMilliseconds ?? 100,
    queue: {
      type: 'ring',
      path: ringPath,
      ...options.queue,
      outputs: outputs.map(({ name }) => name),
      ...(options.jetStream && {
        jetStream: { ...options.jetStream, source: contentHash([source, video]) },
      }),
    },
  };
  return {
    decoder: {
      ...common,
      role: 'decoder',
      http: { host: '127.0.0.1', port: decoderPort },
      source,
      video,
    },
    encoder: {
      ...common,
      role: 'encoder',
      http: { host: '127.0.0.1', port: encoderPort },
      encoder: options.encoder ?? {},
      outputs,
    },
  };
}
