/** `videopush server`: a media server for trying things out, open to everybody who reaches it. */
import { hostname } from 'node:os';
import type { MediaServer } from '@videopush/resources';
import { type Ports, protocolsOf, streamUrl } from '@videopush/resources/builders/endpoints';
import { CliError, usageError } from './errors.ts';
import { freePorts, isFree } from './local/ports.ts';
import { type LocalServer, startServer } from './servers.ts';
import { listenForStop } from './signals.ts';
import { makeView, type View } from './view/view.ts';

export interface ServerFlags {
  host: string;
  rtspPort: number;
  rtmpPort: number;
  srtPort: number;
  hlsPort: number;
  webrtcPort: number;
  json?: boolean;
}

const PROTOCOLS = ['RTSP', 'RTMP', 'SRT', 'HLS', 'WebRTC'] as const;

const resource: MediaServer = {
  apiVersion: 'videopush.dev/v1alpha1',
  kind: 'MediaServer',
  metadata: { name: 'server' },
  spec: {
    type: 'MediaMTX',
    protocols: [...PROTOCOLS],
    authentication: { publish: 'None', read: 'None' },
  },
};

/** Stands for the part of an address that everybody chooses. */
const ANY_PATH = 'NAME';

/** Addresses of one server by protocol, in small letters. */
export interface Addresses {
  publish: Record<string, string>;
  watch: Record<string, string>;
}

/** Where streams are published to a server on this machine, and where they are watched. Pure. */
export function serverAddresses({ resource: server, ports }: LocalServer, host: string): Addresses {
  const enabled = protocolsOf(server);
  const publish = Object.fromEntries(
    (['RTSP', 'RTMP', 'SRT'] as const)
      .filter((protocol) => enabled.includes(protocol))
      .map((protocol) => {
        const name = protocol.toLowerCase() as 'rtsp' | 'rtmp' | 'srt';
        return [name, streamUrl(protocol, host, ports[name], ANY_PATH)];
      }),
  );
  const page = (name: 'webrtc' | 'hls') => [name, `http://${host}:${ports[name]}/${ANY_PATH}/`];
  const pages = (['WebRTC', 'HLS'] as const)
    .filter((protocol) => enabled.includes(protocol))
    .map((protocol) => page(protocol.toLowerCase() as 'webrtc' | 'hls'));
  return { publish, watch: { ...(publish.rtsp && { rtsp: publish.rtsp }), ...Object.fromEntries(pages) } };
}

/** Says where a server that nobody publishes to yet is to be found. */
export function announceServer(name: string, server: LocalServer, host: string, view: View): void {
  const { publish, watch } = serverAddresses(server, host);
  const browser = (kind: string) => (kind === 'rtsp' ? '' : `   (in a browser, by ${kind.toUpperCase()})`);
  const lines = [
    ...Object.values(publish).map((url, index) => `${index === 0 ? '  publish' : '         '}  ${url}`),
    ...Object.entries(watch).map(
      ([kind, url], index) => `${index === 0 ? '  watch  ' : '         '}  ${url}${browser(kind)}`,
    ),
  ];
  view.say([`${name}: a media server (MediaMTX); Ctrl+C ends it`, ...lines].join('\n'), {
    type: 'server',
    name,
    publish,
    watch,
  });
  const { username, password } = server.publisher;
  if (username) process.stderr.write(`${name}: publish as user ${username}, password ${password}\n`);
}

/** The longest delay of one timer, 24.8 days: Node turns a longer one into 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Waits `ms` milliseconds, at most `MAX_TIMER_MS`, or until `signal` aborts. */
function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

/** Waits `seconds`, which may be more than one timer lasts, or infinitely many; or until `signal` aborts. */
async function wait(seconds: number, signal: AbortSignal): Promise<void> {
  for (let left = seconds * 1000; left > 0 && !signal.aborted; left -= MAX_TIMER_MS)
    await delay(Math.min(left, MAX_TIMER_MS), signal);
}

/**
 * Waits for Ctrl+C or the end of `seconds`; unset: for Ctrl+C only.
 * @throws CliError when a server ends before
 */
export async function serve(
  servers: Iterable<LocalServer>,
  stop: AbortSignal,
  seconds = Number.POSITIVE_INFINITY,
): Promise<void> {
  const over = new AbortController();
  const time = wait(seconds, AbortSignal.any([stop, over.signal]));
  const ends = [...servers].map(({ process }) => process?.ended ?? new Promise<never>(() => {}));
  const early = await Promise.race([time, ...ends]);
  over.abort();
  if (early && !stop.aborted)
    throw new CliError(`the media server has ended by itself (${early.signal ?? `code ${early.code}`})`, {
      code: 'ServerEnded',
    });
}

/** The asked ports, each of which must be free, and free ones for what only this command uses. */
async function portsOf(flags: ServerFlags): Promise<Ports> {
  const [api = 0, metrics = 0] = await freePorts(2);
  const { rtspPort: rtsp, rtmpPort: rtmp, srtPort: srt, hlsPort: hls, webrtcPort: webrtc } = flags;
  const ports = { rtsp, rtmp, srt, hls, webrtc };
  for (const [name, port] of Object.entries(ports)) {
    if (!(await isFree(port, flags.host)))
      throw usageError(
        `port ${port} of ${flags.host} can't be listened to`,
        `choose another: --${name}-port PORT`,
      );
  }
  return { ...ports, api, metrics };
}

export async function serverCommand(flags: ServerFlags): Promise<void> {
  const view = makeView(flags.json);
  const { signal, release } = listenForStop(() => {});
  const server = await startServer(resource, [], { ports: await portsOf(flags), host: flags.host });
  try {
    announceServer('server', server, nameOf(flags.host), view);
    await serve([server], signal);
  } finally {
    release();
    await server.process?.close();
  }
}

/** What a person writes for an address that is listened to. */
function nameOf(host: string): string {
  if (host === '127.0.0.1') return 'localhost';
  return host === '0.0.0.0' ? hostname() : host;
}
