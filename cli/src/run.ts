/** `videopush run FILE…`: the manifests that a cluster takes, on this machine. */
import { availableParallelism } from 'node:os';
import {
  type Manifest,
  ManifestError,
  type MediaServer,
  type Secret,
  type VideoPush,
  type VideoPushSet,
  validateManifest,
} from '@videopush/resources';
import { buildMembers } from '@videopush/resources/builders/videopushset';
import {
  buildWorkerConfigs,
  effectiveCatchUp,
  effectiveOnEnd,
  type OutputTarget,
  sourceLabel,
} from '@videopush/resources/builders/worker-config';
import { secretsIn } from '@videopush/resources/redact';
import { ExitCode, usageError } from './errors.ts';
import { follow } from './live.ts';
import { type LocalStreamOptions, startLocalStream } from './local/stream.ts';
import { logTo } from './log.ts';
import { readManifestFile } from './manifests.ts';
import { report } from './report.ts';
import { hideSecrets } from './secrets.ts';
import { announceServer, serve } from './server.ts';
import { addressOf, type LocalServer, serverOf, startServer, viewersOf, watchAt } from './servers.ts';
import { listenForStopIn } from './signals.ts';
import type { LiveStream } from './stream-monitor.ts';
import { makeView, type View } from './view/view.ts';

export interface RunFlags {
  for?: number;
  claim?: Map<string, string>;
  json?: boolean;
}

export interface Manifests {
  pushes: VideoPush[];
  servers: MediaServer[];
  secrets: Map<string, Secret>;
}

const isKind =
  <T extends Manifest>(kind: T['kind']) =>
  (manifest: Manifest): manifest is T =>
    manifest.kind === kind;

const readFile = (file: string): Manifest[] =>
  readManifestFile(file, 'machine', (kind) =>
    process.stderr.write(`videopush: ${file}: ${kind} is left to a cluster\n`),
  );

/**
 * Sorts the documents, puts the members of sets in their places, and refuses names that are defined twice.
 */
export function collect(manifests: Manifest[]): Manifests {
  const members = manifests.filter(isKind<VideoPushSet>('VideoPushSet')).flatMap(membersOf);
  const seen = new Set<string>();
  for (const { kind, metadata } of [...manifests, ...members]) {
    const name = `${kind} "${metadata.name}"`;
    if (seen.has(name)) throw usageError(`${name} is defined twice in the manifests`);
    seen.add(name);
  }
  const pushes = [...manifests.filter(isKind<VideoPush>('VideoPush')), ...members];
  const secrets = manifests
    .filter(isKind<Secret>('Secret'))
    .map((secret) => [secret.metadata.name, secret] as const);
  return {
    pushes: pushes.filter(({ spec }) => !spec.suspend),
    servers: manifests.filter(isKind<MediaServer>('MediaServer')),
    secrets: new Map(secrets),
  };
}

/**
 * As many streams as the set asks for. What stands in for $(name) may spoil a
 * field, so each is looked at again.
 */
function membersOf(set: VideoPushSet): VideoPush[] {
  // Without a cluster there are no owners, but the builders need the uid of the set that would own the
  // members.
  const owner = { ...set, metadata: { uid: 'local', ...set.metadata } };
  return buildMembers(owner).map((member) => {
    try {
      return validateManifest(member, 'machine') as VideoPush;
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      throw usageError(
        `VideoPush "${member.metadata.name}" of VideoPushSet "${set.metadata.name}": ${error.message}`,
        'correct the set; docs/fields.md lists every field',
      );
    }
  });
}

/** One value of a Secret among the manifests. */
function secretValue(secrets: Manifests['secrets'], name: string, key: string): string {
  const secret = secrets.get(name);
  const value =
    secret?.stringData?.[key] ?? (secret?.data?.[key] && Buffer.from(secret.data[key], 'base64').toString());
  if (typeof value === 'string') {
    if (key !== 'username' && !value.startsWith('-----BEGIN CERTIFICATE'))
      hideSecrets(...(key === 'password' ? [value] : secretsIn(value, true)));
    return value;
  }
  throw usageError(
    `Secret "${name}" with the key "${key}" does not exist`,
    'put the Secret into one of the files',
  );
}

const basicAuth = (secrets: Manifests['secrets'], name: string | undefined) =>
  name === undefined
    ? {}
    : { username: secretValue(secrets, name, 'username'), password: secretValue(secrets, name, 'password') };

/** The certificate authorities of a Secret, in PEM format. */
const authoritiesOf = (secrets: Manifests['secrets'], ref: { name: string; key?: string } | undefined) =>
  ref === undefined ? {} : { authorities: secretValue(secrets, ref.name, ref.key ?? 'ca.crt') };

type GivenCredentials = NonNullable<LocalStreamOptions['credentials']>;

interface Resolved {
  targets: Record<string, OutputTarget>;
  credentials: GivenCredentials;
}

/** Addresses and credentials of every output. */
function resolve(
  push: VideoPush,
  servers: ReadonlyMap<string, LocalServer>,
  secrets: Manifests['secrets'],
): Resolved {
  const targets: Resolved['targets'] = {};
  const outputs: NonNullable<GivenCredentials['outputs']> & Record<string, object> = {};
  for (const [index, output] of push.spec.outputs.entries()) {
    const server = serverOf(push, index, servers);
    const own = {
      ...basicAuth(secrets, output.credentialsSecretRef?.name),
      ...authoritiesOf(secrets, output.caSecretRef),
    };
    const { urlSecretRef } = output;
    if (urlSecretRef) {
      // The address itself is the secret: it reaches the worker in a file, so the configuration names none.
      outputs[output.name] = { ...own, url: secretValue(secrets, urlSecretRef.name, urlSecretRef.key) };
      targets[output.name] = { urlFile: 'given' };
    } else {
      outputs[output.name] = { ...server?.publisher, ...own };
      targets[output.name] = { url: server ? addressOf(push, index, server) : output.url };
    }
  }
  const source = {
    ...basicAuth(secrets, push.spec.source.credentialsSecretRef?.name),
    ...authoritiesOf(secrets, push.spec.source.caSecretRef),
  };
  return { targets, credentials: { source, outputs } };
}

async function startStream(
  push: VideoPush,
  servers: ReadonlyMap<string, LocalServer>,
  secrets: Manifests['secrets'],
  flags: RunFlags,
  view: View,
): Promise<LiveStream> {
  const { name } = push.metadata;
  const claim = push.spec.source.persistentVolumeClaim?.claimName;
  if (claim !== undefined && !flags.claim?.has(claim)) {
    throw usageError(
      `VideoPush "${name}" reads from the volume of claim "${claim}"`,
      `say which folder stands for it: --claim ${claim}=DIR`,
    );
  }
  const { targets, credentials } = resolve(push, servers, secrets);
  const configs = buildWorkerConfigs(push, {
    outputs: targets,
    claims: Object.fromEntries(flags.claim ?? []),
    processors: availableParallelism(),
  });
  const stream = await startLocalStream(configs, { credentials, onLog: logTo(view, name) });
  const server = serverOf(push, 0, servers);
  const policy = {
    whenFull: push.spec.queue?.whenFull ?? 'Block',
    catchUp: effectiveCatchUp(push.spec),
  } as const;
  const viewers = server && (() => viewersOf(push, 0, server));
  return {
    name,
    source: sourceLabel(push.spec.source),
    policy,
    stream,
    repeats: effectiveOnEnd(push.spec.source) === 'Repeat',
    ...(viewers && { viewers }),
  };
}

/** Says where each stream can be watched. */
function announce(pushes: VideoPush[], servers: ReadonlyMap<string, LocalServer>, view: View): void {
  for (const push of pushes) {
    for (const index of push.spec.outputs.keys()) {
      const server = serverOf(push, index, servers);
      const watch = server && watchAt(push, index, server);
      if (!watch) continue;
      const text = `${push.metadata.name}: watch ${watch.rtsp}${watch.page ? ` or, in a browser, ${watch.page}` : ''}`;
      view.say(text, { type: 'watch', stream: push.metadata.name, ...watch });
      const { username, password } = server.reader;
      if (username) process.stderr.write(`${push.metadata.name}: user ${username}, password ${password}\n`);
    }
  }
}

/** What runs while `withStreams` works. */
export interface Running {
  streams: LiveStream[];
  servers: ReadonlyMap<string, LocalServer>;
  /** aborted by Ctrl+C */
  stop: AbortSignal;
}

/** Servers first, then streams; everything that was started is stopped again, whatever happens. */
export async function withStreams<T>(
  { pushes, servers, secrets }: Manifests,
  flags: RunFlags,
  view: View,
  work: (running: Running) => Promise<T>,
  beforeStreams: (servers: ReadonlyMap<string, LocalServer>) => Promise<void> = async () => {},
): Promise<T> {
  const running = new Map<string, LocalServer>();
  const streams: LiveStream[] = [];
  const { signal: stop, release } = listenForStopIn(view);
  try {
    for (const server of servers) running.set(server.metadata.name, await startServer(server, pushes));
    announce(pushes, running, view);
    await beforeStreams(running);
    for (const push of pushes) streams.push(await startStream(push, running, secrets, flags, view));
    return await work({ streams, servers: running, stop });
  } finally {
    release();
    await Promise.all(streams.map(({ stream }) => stream.close()));
    await Promise.all([...running.values()].map((server) => server.process?.close()));
  }
}

export async function runCommand(files: string[], flags: RunFlags): Promise<void> {
  const manifests = collect(files.flatMap(readFile));
  const { pushes, servers } = manifests;
  const own = servers.filter(({ spec }) => spec.type !== 'External');
  if (pushes.length === 0 && own.length === 0) {
    throw usageError(
      'the manifests have no VideoPush, VideoPushSet or MediaServer to run',
      'a media server without a manifest: videopush server',
    );
  }
  const view = makeView(flags.json);
  process.exitCode = await withStreams(
    manifests,
    flags,
    view,
    async ({ streams, servers: running, stop }) => {
      if (streams.length > 0) return report(await follow(streams, view, { seconds: flags.for, stop }), view);
      for (const [name, server] of running)
        if (server.process) announceServer(name, server, 'localhost', view);
      await serve(running.values(), stop, flags.for);
      return ExitCode.Ok;
    },
  );
}
