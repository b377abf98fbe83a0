/**
 * The process inside a stream's containers, from its command line to its exit code. The configuration says
 * which role it plays. A configuration that cannot be used does not end it: it stays up, not ready, and reads
 * the file again when it changes.
 */
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { listen } from '@videopush/resources/health-server';
import { redact, redactJson } from '@videopush/resources/redact';
import type { WorkerConfig } from '@videopush/resources/worker-config';
import manifest from '../package.json' with { type: 'json' };
import { readWorkerConfig, watchConfig } from './config-watch.ts';
import { errorShape } from './errors.ts';
import { EXIT, type StopSignal } from './exit-codes.ts';
import { filesChanged } from './file-changes.ts';
import { createPagesServer } from './http.ts';
import { createLog } from './log.ts';
import type { NativeCore } from './native-core.ts';
import { Worker, writeTerminationLog } from './worker.ts';

const HELP = `Usage: node main.ts --config FILE [OPTION]...

Runs one role (decoder or encoder) of a stream, as FILE (a WorkerConfig, JSON) says. Logs JSON lines on standard
output; serves /metrics, /healthz, /readyz and /status where the configuration says.

  --config FILE            the configuration; when its content changes, the role ends in order with exit code 75
  --grace SECONDS          how long an orderly end after SIGTERM may take (10); a second SIGTERM ends at once
  --termination-log FILE   where the cause of a permanent error is left for Kubernetes, when FILE exists
                           (/dev/termination-log)
  --help, --version

Exit codes: 0 everything is done; 64 wrong usage; 70 internal error; 75 the configuration has changed: start me again;
143, 130, 129 stopped before the end by SIGTERM, SIGINT, SIGHUP.
`;

interface Arguments {
  config: string;
  graceSeconds: number;
  terminationLog: string;
}

/** @throws Error with one line about what is wrong */
function readArguments(argv: string[]): Arguments | 'help' | 'version' {
  const { values } = parseArgs({
    args: argv,
    options: {
      config: { type: 'string' },
      grace: { type: 'string', default: '10' },
      'termination-log': { type: 'string', default: '/dev/termination-log' },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
  });
  if (values.help) return 'help';
  if (values.version) return 'version';
  const graceSeconds = Number(values.grace);
  if (!(graceSeconds >= 0 && graceSeconds <= 86_400))
    throw new Error('--grace must be a number of seconds from 0 to 86400');
  if (values.config === undefined) throw new Error('--config FILE is missing');
  return { config: values.config, graceSeconds, terminationLog: values['termination-log'] };
}

/** The configuration, as soon as there is a usable one; null when `stop` comes first. */
async function usableConfig(
  { config: file, terminationLog }: Arguments,
  stop: AbortSignal,
): Promise<WorkerConfig | null> {
  const log = createLog({ level: 'info', stream: '', role: '' });
  let server: ReturnType<typeof createPagesServer> | null = null;
  try {
    while (!stop.aborted) {
      try {
        return readWorkerConfig(file);
      } catch (error) {
        const { code, message } = errorShape(error);
        log.error({ event: 'fault', code, permanent: true }, `${code}: ${message}`);
        writeTerminationLog(terminationLog, redact(`${code}: ${message}`));
        server?.close();
        server = await serveFault(file, code, message);
        await filesChanged([file], stop);
      }
    }
    return null;
  } finally {
    server?.close();
    server?.closeAllConnections();
  }
}

/** Serves "not ready" and its cause on the address in the configuration, when at least that can be read. */
async function serveFault(
  file: string,
  code: string,
  message: string,
): Promise<ReturnType<typeof createPagesServer> | null> {
  const verdict = { ok: false, code, message };
  const server = createPagesServer({
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
    health: () => ({ ok: true, code: 'Alive', message: 'waits for a usable configuration' }),
    ready: () => verdict,
    status: () => ({
      version: 1,
      pid: process.pid,
      phase: 'Failed',
      ready: verdict,
      error: verdict,
      snapshot: null,
    }),
  });
  try {
    const { http } = JSON.parse(readFileSync(file, 'utf8')) as { http?: { host?: unknown; port?: unknown } };
    await listen(server, String(http?.host ?? '127.0.0.1'), Number(http?.port ?? 9090));
    return server;
  } catch {
    return null; // no address to serve on; the log has said why
  }
}

async function loadNative(): Promise<NativeCore> {
  const { DecodeSession, EncodeSession, buildInfo, observeRing, setLogLevel } = await import(
    '@videopush/native'
  );
  return {
    decodeSession: (options, onEvent) => new DecodeSession(options, onEvent),
    encodeSession: (options, onEvent) => new EncodeSession(options, onEvent),
    observeRing,
    buildInfo,
    setLogLevel,
  };
}

async function main(argv: string[]): Promise<number> {
  let parsed: ReturnType<typeof readArguments>;
  try {
    parsed = readArguments(argv);
  } catch (error) {
    process.stderr.write(`videopush worker: ${(error as Error).message} (--help lists the options)\n`);
    return EXIT.usage;
  }
  if (typeof parsed === 'string') {
    process.stdout.write(parsed === 'help' ? HELP : `videopush worker ${manifest.version}\n`);
    return EXIT.done;
  }

  const stop = new AbortController();
  let stoppedBy: StopSignal = 'SIGTERM';
  let worker: Worker | null = null;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!stop.signal.aborted) stoppedBy = signal;
      stop.abort();
      worker?.stop(signal);
    });
  }
  const config = await usableConfig(parsed, stop.signal);
  const native = config && (await loadNative());
  if (!config || !native || stop.signal.aborted) return EXIT.stopped[stoppedBy];
  const { graceSeconds, terminationLog } = parsed;
  worker = new Worker({ config, native, version: manifest.version, graceSeconds, terminationLog });
  const end = worker.run();
  flushCompileCache(); // a process that is killed would leave nothing for the next one
  const running = worker;
  void watchConfig({
    file: parsed.config,
    running: config,
    signal: stop.signal,
    onChange: () => running.reload(),
    onFault: (fault) => running.configFault(fault),
  });
  return await end;
}

function fail(error: unknown): never {
  const { code, message, action } = errorShape(error);
  const line = { level: 60, time: Date.now(), pid: process.pid, event: 'fatal', code, msg: message, action };
  process.stdout.write(`${JSON.stringify(redactJson(line, redact))}\n`);
  process.exit(EXIT.internal);
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
process.exit(await main(process.argv.slice(2)));
