/** The encoder role: frames from the queue, encoded and sent to the outputs on their deadlines. */
import { readFileSync } from 'node:fs';
import type {
  EncodeSessionOptions,
  EncodeSnapshot,
  NativeErrorShape,
  OutputOptions,
  SessionEvent,
} from '@videopush/native';
import type { HealthReport } from '@videopush/resources/health-server';
import { secretsIn } from '@videopush/resources/redact';
import { addressFault, type EncoderConfig } from '@videopush/resources/worker-config';
import { WorkerError } from '../errors.ts';
import { encoderFamilies } from '../metrics.ts';
import { MetricsPage } from '../metrics-render.ts';
import { EncoderPacing, type Paced } from '../pacing-watch.ts';
import type { EncoderCarrier, QueueStatus } from '../queues/queue.ts';
import { encoderProgress, encoderReady, faultText, type Progress } from '../readiness.ts';
import { SessionSupervisor } from '../session-supervisor.ts';
import { idleWhileSuperseded, logEvent, type Role, type RoleParts } from './role.ts';

/** `urlOf`: the address of an output, from wherever it is kept. */
export function encodeOptions(
  config: EncoderConfig,
  urlOf: (output: EncoderConfig['outputs'][number]) => string,
): EncodeSessionOptions {
  const { catchUp, ...encoder } = config.encoder;
  return {
    ringPath: config.queue.path,
    encoder,
    catchUp,
    latencyBudgetMilliseconds: config.latencyBudgetMilliseconds,
    outputs: config.outputs.map((output): OutputOptions => {
      const { urlFile, ...rest } = output;
      return { ...rest, url: urlOf(output), ...(urlFile !== undefined && { urlSecret: true }) };
    }),
  };
}

const SAMPLE_MILLISECONDS = 1000;

/**
 * The URL of an output from its file.
 * @throws WorkerError CredentialsMissing, UrlInvalid: permanent until the file changes
 */
function readUrl(name: string, file: string): string {
  let url: string;
  try {
    url = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new WorkerError(
      'CredentialsMissing',
      `output ${name}: its URL cannot be read from ${file} (${cause})`,
      {
        action: 'provide the file; it is read again when it appears',
        permanent: true,
      },
    );
  }
  const fault = url === '' ? 'is empty' : addressFault(url);
  if (fault) {
    throw new WorkerError('UrlInvalid', `output ${name}: the URL in ${file} ${fault}`, {
      action: 'correct the file; it is read again when it changes',
      permanent: true,
    });
  }
  return url;
}

function phaseOf(snapshot: EncodeSnapshot | null): string {
  if (!snapshot) return 'Starting';
  if (snapshot.ended) return 'Ended';
  const { outputs } = snapshot;
  if (outputs.every(({ phase }) => phase === 'Failed')) return 'Failed';
  if (outputs.every(({ phase }) => phase === 'Connected')) return 'Running';
  return outputs.every(({ phase }) => phase === 'Idle') ? 'WaitingForFrames' : 'Connecting';
}

/**
 * What the first output that is away says of itself; one that failed for good comes
 * before one that is tried again.
 */
function outputFault(snapshot: EncodeSnapshot | null): NativeErrorShape | null {
  const away = (snapshot?.outputs ?? []).filter(
    ({ error, phase }) => error !== null && phase !== 'Connected',
  );
  const worst = away.find(({ phase }) => phase === 'Failed') ?? away[0];
  return worst?.error ? { ...worst.error, message: `output ${worst.name}: ${worst.error.message}` } : null;
}

class EncoderRole implements Role {
  readonly idlesWhenDone = false;
  readonly metrics: Role['metrics'];
  readonly #config: EncoderConfig;
  readonly #parts: RoleParts;
  readonly #supervisor: SessionSupervisor<EncodeSnapshot>;
  readonly #pacing = new EncoderPacing(() => performance.now() / 1000);
  readonly #secrets = new Set<string>();
  readonly #stop = new AbortController();
  #carrier: EncoderCarrier | null = null;

  constructor(config: EncoderConfig, parts: RoleParts) {
    this.#config = config;
    this.#parts = parts;
    const { native, build, onFault } = parts;
    const urlFiles = config.outputs.flatMap(({ urlFile }) => urlFile ?? []);
    const files = config.outputs
      .flatMap(({ urlFile, userFile, passwordFile, caFile }) => [urlFile, userFile, passwordFile, caFile])
      .filter((file) => file !== undefined);
    this.#supervisor = new SessionSupervisor<EncodeSnapshot>({
      open: () =>
        native.encodeSession(
          encodeOptions(config, (output) => this.#urlOf(output)),
          (event) => this.#note(event),
        ),
      done: ({ ended }) => ended,
      files,
      // Users and passwords are read at each connect; a URL is not.
      renewal: {
        files: urlFiles,
        applies: ({ outputs }) => outputs.some(({ phase }) => phase !== 'Connected'),
      },
      onFault,
    });
    const outputs = config.outputs.map(({ name }) => name);
    const take = () => ({ build, outputs, snapshot: this.#supervisor.snapshot() });
    this.metrics = new MetricsPage(config.stream, encoderFamilies, take);
  }

  phase(): string {
    return this.#supervisor.fault ? 'Failed' : phaseOf(this.#supervisor.snapshot());
  }

  ready(): HealthReport {
    const fault = this.#supervisor.fault ?? this.#carrier?.fault;
    if (fault) return { ok: false, code: fault.code, message: faultText(fault) };
    return encoderReady(this.#supervisor.snapshot());
  }

  progress(): Progress | null {
    const snapshot = this.#supervisor.fault ? null : this.#supervisor.snapshot();
    return snapshot && encoderProgress(snapshot);
  }

  fault(): NativeErrorShape | null {
    const snapshot = this.#supervisor.snapshot();
    return this.#supervisor.fault ?? this.#carrier?.fault ?? snapshot?.error ?? outputFault(snapshot);
  }

  queue(): QueueStatus | null {
    return this.#carrier?.status() ?? null;
  }

  paced(): Paced | null {
    return this.#pacing.paced;
  }

  snapshot(): EncodeSnapshot | null {
    return this.#supervisor.snapshot();
  }

  secrets(): readonly string[] {
    return [...this.#secrets];
  }

  async run(): Promise<boolean> {
    const timer = setInterval(() => this.#pacing.sample(this.#supervisor.snapshot()), SAMPLE_MILLISECONDS);
    try {
      return await this.#run();
    } finally {
      clearInterval(timer);
    }
  }

  requestStop(): void {
    this.#stop.abort();
    this.#carrier?.stopTaking();
    this.#supervisor.requestStop();
  }

  abort(): void {
    this.#stop.abort();
    this.#supervisor.abort();
    void this.#carrier?.cut();
  }

  async #run(): Promise<boolean> {
    if (this.#config.queue.jetStream === undefined) return await this.#supervisor.run();
    const carrier = await this.#joined();
    if (this.#stop.signal.aborted) return false;
    void carrier.run();
    const done = await this.#supervisor.run();
    await carrier.finish();
    await idleWhileSuperseded(carrier, this.#stop.signal);
    return done;
  }

  async #joined(): Promise<EncoderCarrier> {
    const { isSplit, JetStreamEncoder } = await import('../queues/split/index.ts');
    if (!isSplit(this.#config)) throw new Error('not a split queue');
    const { log, onFault } = this.#parts;
    this.#carrier = new JetStreamEncoder(this.#config, {
      onFault,
      // What it holds is delivered to the newer one: it must send nothing more.
      onSuperseded: () => this.#supervisor.abort(),
      onEvent: (event) => logEvent(log, event),
    });
    return this.#carrier;
  }

  #urlOf({ name, url, urlFile }: EncoderConfig['outputs'][number]): string {
    if (urlFile === undefined) return url ?? '';
    const secret = readUrl(name, urlFile);
    for (const part of secretsIn(secret, true)) this.#secrets.add(part);
    return secret;
  }

  #note(event: SessionEvent): void {
    logEvent(this.#parts.log, event);
    // An output that failed for good does not end the session, yet it wants a person.
    const fault = event.kind === 'output.failed' ? outputFault(this.#supervisor.snapshot()) : null;
    if (fault?.permanent) this.#parts.onFault(fault);
  }
}

export function encoderRole(config: EncoderConfig, parts: RoleParts): Role {
  return new EncoderRole(config, parts);
}
