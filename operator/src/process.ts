/** The operator's process, from its command line to its exit code. */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { VERSION } from '@videopush/resources/builders/defaults';
import { redact } from '@videopush/resources/redact';
import { ConfigError, parseConfig, readConfig } from './config.ts';
import { createLog, type Logger } from './log.ts';
import { runOperator } from './operator.ts';

const HELP = `Usage: node main.ts [--config FILE]

Runs what VideoPush, MediaServer and VideoPushSet resources ask for. Logs JSON lines on standard output.

  --config FILE   JSON; without it the defaults of the chart hold
  --help, --version

Environment: POD_NAMESPACE (videopush-system) is where the lease and the key are, POD_NAME (the host's name) is who holds
the lease. In a pod the pod's account is used, elsewhere KUBECONFIG or ~/.kube/config.

Exit codes: 0 stopped by SIGTERM or SIGINT; 64 wrong usage or configuration; 69 the cluster is not known, or a port is
taken; 70 internal error, or the lease was lost while a write was under way: start me again.
`;

const EXIT = { done: 0, usage: 64, unavailable: 69, internal: 70 } as const;

/** A second signal does not wait for an orderly end. */
function stopOnSignals(log: () => Logger | undefined): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(EXIT.done);
      log()?.info({}, `Stopping on ${name}`);
      stop.abort(new Error(name));
    });
  }
  return stop.signal;
}

async function main(argv: string[]): Promise<number> {
  let log: Logger | undefined;
  try {
    const { values } = parseArgs({
      args: argv,
      options: { config: { type: 'string' }, help: { type: 'boolean' }, version: { type: 'boolean' } },
    });
    if (values.help || values.version) {
      process.stdout.write(values.help ? HELP : `videopush operator ${VERSION}\n`);
      return EXIT.done;
    }
    const signal = stopOnSignals(() => log);
    const config = values.config === undefined ? parseConfig('{}') : readConfig(values.config);
    log = createLog({ level: config.logLevel });
    const place = {
      namespace: process.env.POD_NAMESPACE || 'videopush-system',
      identity: process.env.POD_NAME || hostname(),
    };
    log.info({ version: VERSION, ...place }, 'Started');
    await runOperator(config, place, log, signal);
    log.info({}, 'Stopped');
    return EXIT.done;
  } catch (error) {
    return explain(error, log);
  }
}

/**
 * One line of cause and one of advice; nobody who runs this wants to see where in it something was thrown.
 */
function explain(error: unknown, log: Logger | undefined): number {
  const { message, action, code } = error as { message: string; action?: string; code?: string };
  const wrongUse = error instanceof ConfigError || code?.startsWith('ERR_PARSE_ARGS');
  if (!log)
    process.stderr.write(`videopush operator: ${redact(message)}${wrongUse ? ' (see --help)' : ''}\n`);
  else if (action) log.fatal({ code, action }, message);
  else log.fatal({ err: error }, message);
  if (wrongUse) return EXIT.usage;
  return code === 'ClusterUnknown' || code === 'ListenFailed' ? EXIT.unavailable : EXIT.internal;
}

process.exit(await main(process.argv.slice(2)));
