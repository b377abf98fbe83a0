/** The encoder role: frames from the queue, encoded and sent to the outputs on their deadlines. */
import { readFileSync } from 'node:fs';
import type {
  EncodeSessionOptions,
  EncodeSnapshot,
  NativeErrorShape,
  OutputOptions,
  SessionEvent,
} from '@videopush/native';
import { addressFault, type EncoderConfig } from '../config.ts';
import { WorkerError } from '../errors.ts';
import { SessionKeeper } from '../keeper.ts';
import { encoderFamilies } from '../metrics.ts';
import { MetricsPage } from '../metrics-render.ts';
import { EncoderPacing } from '../paced.ts';
import { encoderProgress, encoderReady, faultText } from '../verdict.ts';
import { logEvent, type Role, type RoleParts } from './role.ts';

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
      return { ...rest, url: urlOf(output) };
    }),
  };
}

const SAMPLE_MILLISECONDS = 1000;

/** The URL of an output from its file. @throws WorkerError CredentialsMissing, UrlInvalid: permanent until the file changes */
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

/** What the first output that is away says of itself; one that failed for good comes before one that is tried again. */
function outputFault(snapshot: EncodeSnapshot | null): NativeErrorShape | null {
  const away = (snapshot?.outputs ?? []).filter(
    ({ error, phase }) => error !== null && phase !== 'Connected',
  );
  const worst = away.find(({ phase }) => phase === 'Failed') ?? away[0];
  return worst?.error ? { ...worst.error, message: `output ${worst.name}: ${worst.error.message}` } : null;
}

export function encoderRole(config: EncoderConfig, { native, log, build, onFault }: RoleParts): Role {
  const secrets = new Set<string>();
  const urlOf = ({ name, url, urlFile }: EncoderConfig['outputs'][number]): string => {
    if (urlFile === undefined) return url ?? '';
    const secret = readUrl(name, urlFile);
    secrets.add(secret);
    return secret;
  };
  const urlFiles = config.outputs.flatMap(({ urlFile }) => urlFile ?? []);
  const files = config.outputs
    .flatMap(({ urlFile, userFile, passwordFile }) => [urlFile, userFile, passwordFile])
    .filter((file) => file !== undefined);
  const onEvent = (event: SessionEvent): void => {
    logEvent(log, event);
    // An output that failed for good does not end the session, yet it wants a person.
    const fault = event.kind === 'output.failed' ? outputFault(keeper.snapshot()) : null;
    if (fault?.permanent) onFault(fault);
  };
  const keeper = new SessionKeeper<EncodeSnapshot>({
    open: () => native.encodeSession(encodeOptions(config, urlOf), onEvent),
    done: ({ ended }) => ended,
    files,
    // Users and passwords are read at each connect; a URL is not.
    renewal: { files: urlFiles, wanted: ({ outputs }) => outputs.some(({ phase }) => phase !== 'Connected') },
    onFault,
  });
  const pacing = new EncoderPacing(() => performance.now() / 1000);
  const take = () => ({ build, snapshot: keeper.snapshot() });
  return {
    phase: () => (keeper.fault ? 'Failed' : phaseOf(keeper.snapshot())),
    ready: () =>
      keeper.fault
        ? { ok: false, code: keeper.fault.code, message: faultText(keeper.fault) }
        : encoderReady(keeper.snapshot()),
    progress: () => {
      const snapshot = keeper.fault ? null : keeper.snapshot();
      return snapshot && encoderProgress(snapshot);
    },
    fault: () => keeper.fault ?? keeper.snapshot()?.error ?? outputFault(keeper.snapshot()),
    paced: () => pacing.paced,
    snapshot: () => keeper.snapshot(),
    metrics: new MetricsPage(config.stream, encoderFamilies, take),
    secretUrls: () => [...secrets],
    run: async () => {
      const timer = setInterval(() => pacing.sample(keeper.snapshot()), SAMPLE_MILLISECONDS);
      try {
        return await keeper.run();
      } finally {
        clearInterval(timer);
      }
    },
    requestStop: () => keeper.requestStop(),
    abort: () => keeper.abort(),
    idlesWhenDone: false,
  };
}
