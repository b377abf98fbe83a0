/** One role process: its role, its pages, its way from a signal to an orderly end. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { NativeErrorShape, RingSnapshot } from '@videopush/native';
import { listen } from '@videopush/resources/health-server';
import { redactJson } from '@videopush/resources/redact';
import { redactor } from '@videopush/resources/secrets';
import type { WorkerConfig } from '@videopush/resources/worker-config';
import { errorShape } from './errors.ts';
import { EXIT, type StopSignal } from './exit-codes.ts';
import { createPagesServer } from './http.ts';
import { createLog, type Logger } from './log.ts';
import type { Build } from './metrics.ts';
import type { NativeCore } from './native-core.ts';
import { faultText, StuckWatch } from './readiness.ts';
import { decoderRole } from './roles/decoder.ts';
import { encoderRole } from './roles/encoder.ts';
import type { Role } from './roles/role.ts';
import { readLastExit, type WorkerStatus } from './status.ts';

export interface WorkerOptions {
  config: WorkerConfig;
  native: NativeCore;
  version: string;
  /** How long an orderly end may take before it is cut short. */
  graceSeconds: number;
  /** Where Kubernetes reads why a container ended; written only when it exists. */
  terminationLog: string;
  log?: Logger;
}

/**
 * An orderly end for a new configuration: long enough for a full queue, short
 * enough not to show as an outage.
 */
const RELOAD_SECONDS = 3;

export class Worker {
  readonly #options: WorkerOptions;
  readonly #role: Role;
  readonly #log: Logger;
  readonly #server: Server;
  readonly #stuck = new StuckWatch(() => performance.now() / 1000);
  readonly #startTime = new Date().toISOString();
  readonly #stop = new AbortController();
  #stoppedBy: StopSignal | null = null;
  #reloading = false;
  #configFault: NativeErrorShape | null = null;
  #lastFault = '';

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { config, native, version } = options;
    const { stream, role, logLevel: level } = config;
    const secrets = (): readonly string[] => this.#role?.secrets() ?? [];
    this.#log = options.log ?? createLog({ level, stream, role, secrets });
    native.setLogLevel(level === 'debug' ? 2 : 0, (line) =>
      line.level === 'warning'
        ? this.#log.warn(line.message)
        : this.#log.debug({ from: 'ffmpeg' }, line.message),
    );
    const { ffmpeg, license } = native.buildInfo();
    const build: Build = { version, ffmpeg, license };
    const parts = {
      native,
      log: this.#log,
      build,
      onFault: (fault: NativeErrorShape) => this.#report(fault),
    };
    this.#role = config.role === 'decoder' ? decoderRole(config, parts) : encoderRole(config, parts);
    this.#server = createPagesServer({
      metrics: () => this.#role.metrics.render(),
      health: () => this.#stuck.judge(this.#role.progress()),
      ready: () => this.#hide(this.#role.ready()),
      status: () => this.#hide(this.status()),
    });
  }

  /** Runs to the end and resolves with the exit code. */
  async run(): Promise<number> {
    const { config } = this.#options;
    this.#log.info(
      { event: 'started', version: this.#options.version },
      `${config.role} of ${config.stream}`,
    );
    void this.#serve();
    const done = await this.#role.run();
    if (done)
      this.#log.info(
        { event: 'done' },
        config.role === 'decoder' ? 'the source has ended' : 'everything was sent',
      );
    if (done && this.#role.idlesWhenDone) await this.#stopped();
    // What the pages showed last, for whoever reads the log when they are gone.
    this.#log.info({ event: 'summary', snapshot: this.#role.snapshot() }, 'the ledger of this process');
    this.#server.close();
    this.#server.closeAllConnections();
    const code = this.#exitCode(done);
    this.#log.info({ event: 'ended', code }, 'the process ends');
    return code;
  }

  /** The first call asks for an orderly end within the grace period, a second one cuts it short. */
  stop(signal: StopSignal): void {
    if (this.#stoppedBy !== null) {
      this.#log.warn({ event: 'aborting' }, `${signal} again: ending at once`);
      this.#role.abort();
      return;
    }
    this.#stoppedBy = signal;
    this.#log.info({ event: 'stopping' }, `${signal}: stopping at a frame boundary`);
    if (!this.#reloading) this.#end(this.#options.graceSeconds);
  }

  /**
   * The configuration has changed: ends in order, what was taken is sent, and the next
   * process begins with the new one.
   */
  reload(): void {
    if (this.#stoppedBy !== null || this.#reloading) return;
    this.#reloading = true;
    this.#log.info({ event: 'reloading' }, 'the configuration has changed: ending at a frame boundary');
    this.#end(Math.min(this.#options.graceSeconds, RELOAD_SECONDS));
  }

  /** A new configuration that can't be used, which stops nothing; null: fixed. */
  configFault(fault: NativeErrorShape | null): void {
    this.#configFault = fault;
    if (fault) this.#report(fault);
    else this.#log.info({ event: 'config_mended' }, 'the configuration can be used again');
  }

  #end(seconds: number): void {
    this.#stop.abort();
    this.#role.requestStop();
    setTimeout(() => {
      this.#log.warn({ event: 'aborting' }, `not ended within ${seconds} s: ending at once`);
      this.#role.abort();
    }, seconds * 1000).unref();
  }

  #exitCode(done: boolean): number {
    const reload = this.#reloading && this.#stoppedBy === null;
    // A role that idles when done is needed again with its new configuration.
    if (done && !(reload && this.#role.idlesWhenDone)) return EXIT.done;
    return reload ? EXIT.reload : EXIT.stopped[this.#stoppedBy ?? 'SIGTERM'];
  }

  status(): WorkerStatus {
    const { config } = this.#options;
    const fault = this.#role.fault() ?? this.#configFault;
    return {
      version: 1,
      stream: config.stream,
      role: config.role,
      pid: process.pid,
      restarts: Number(process.env.VIDEOPUSH_RESTARTS ?? 0),
      reloads: Number(process.env.VIDEOPUSH_RELOADS ?? 0),
      lastExit: readLastExit(process.env.VIDEOPUSH_LAST_EXIT),
      startTime: this.#startTime,
      uptimeSeconds: process.uptime(),
      phase: this.#role.phase(),
      ready: this.#role.ready(),
      // An Error's message is no part of its JSON.
      error: fault && errorShape(fault),
      paced: this.#role.paced(),
      snapshot: this.#role.snapshot(),
      queue: this.#role.queue(),
      ring: this.#ring(),
    };
  }

  #ring(): RingSnapshot | null {
    try {
      return this.#options.native.observeRing(this.#options.config.queue.path);
    } catch {
      return null; // there is none yet
    }
  }

  #hide<T>(value: T): T {
    return redactJson(value, redactor(this.#role.secrets()));
  }

  /** A taken port must not stop a stream: it goes on, and the port is tried again. */
  async #serve(): Promise<void> {
    const { host, port } = this.#options.config.http;
    while (!this.#stop.signal.aborted) {
      try {
        const bound = await listen(this.#server, host, port);
        this.#log.info({ event: 'listening', host, port: bound }, `pages on http://${host}:${bound}/status`);
        return;
      } catch (error) {
        this.#log.warn({ event: 'listen_failed', host, port }, `cannot listen: ${(error as Error).message}`);
        await delay(1000, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
  }

  #stopped(): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  /** A fault is reported once, and again when it is another one. */
  #report(fault: NativeErrorShape): void {
    const { code, permanent } = fault;
    const text = `${code}: ${faultText(fault)}`;
    const fields = { event: 'fault', code, permanent };
    if (text === this.#lastFault) {
      this.#log.debug(fields, text);
      return;
    }
    this.#lastFault = text;
    if (permanent) this.#log.error(fields, text);
    else this.#log.warn(fields, text);
    if (permanent) writeTerminationLog(this.#options.terminationLog, this.#hide(text));
  }
}

/** Kubernetes makes the file; where there is none, nobody would read it. */
export function writeTerminationLog(path: string, text: string): void {
  if (path === '') return;
  let file: number;
  try {
    file = openSync(path, constants.O_WRONLY | constants.O_TRUNC);
  } catch {
    return;
  }
  try {
    writeSync(file, `${text}\n`);
  } finally {
    closeSync(file);
  }
}
