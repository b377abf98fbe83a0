/** A real NATS server with JetStream on a free port, which stores everything in memory only. */
import { writeFileSync } from 'node:fs';
import { connect } from '@nats-io/transport-node';
import { kubernetesTool } from '../../scripts/paths.mjs';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { Scratch } from './tools.ts';
import { until } from './until.ts';

export interface NatsOptions {
  /** A size as NATS writes it; the default is 64MB, its limit. */
  maxPayload?: string;
}

export class NatsServer {
  readonly port: number;
  readonly #scratch = new Scratch();
  readonly #options: NatsOptions;
  #program: Program | null = null;

  private constructor(port: number, options: NatsOptions) {
    this.port = port;
    this.#options = options;
  }

  static async start(options: NatsOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), options);
    await server.begin();
    return server;
  }

  get address(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** The server's process, for figures about it. */
  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  /** Starts it (again), on the same port. */
  async begin(): Promise<void> {
    const config = this.#scratch.file('nats.conf');
    const store = this.#scratch.file('store');
    writeFileSync(
      config,
      `listen: "127.0.0.1:${this.port}"\nmax_payload: ${this.#options.maxPayload ?? '64MB'}\n` +
        `jetstream { store_dir: "${store}", max_mem: 2GB }\n`,
    );
    const binary = process.env.VIDEOPUSH_NATS_SERVER ?? kubernetesTool('nats-server');
    const program = new Program(binary, ['-c', config], { limitMilliseconds: 0 });
    this.#program = program;
    await until(
      'a NATS server that answers',
      async () => {
        if (program.exit !== null) throw new Error(program.tail());
        const connection = await connect({ servers: this.address, reconnect: false, timeout: 1000 }).catch(
          () => null,
        );
        await connection?.close();
        return connection !== null;
      },
      20_000,
    );
  }

  /** SIGKILL: connections are reset, and all that it held is gone. */
  async kill(): Promise<void> {
    this.#program?.signal('SIGKILL');
    await this.#program?.exited;
  }

  /** Stops answering, and keeps what it holds. */
  freeze(): void {
    this.#program?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#program?.signal('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
    this.#scratch[Symbol.dispose]();
  }
}
