/** A real MediaMTX on free ports, as local mode starts it, with its API at hand. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { startMediaMtx } from '../../cli/src/local/mediamtx.ts';
import type { Ending } from '../../cli/src/local/program.ts';
import { call } from '../../resources/src/builders/mediaserver/kinds/mediamtx/api.ts';
import { buildMediaMtxConfig } from '../../resources/src/builders/mediaserver/kinds/mediamtx/index.ts';
import type { ApiPlace } from '../../resources/src/builders/mediaserver/server-api.ts';
import type { MediaServer } from '../../resources/src/schema/media-server.generated.ts';
import { mediamtxBinary } from '../../scripts/paths.mjs';
import { freePortPair, freePorts } from './ports.ts';
import { processTree } from './process-tree.ts';

type Server = Awaited<ReturnType<typeof startMediaMtx>>;

export interface MediaMtxPath {
  /** Readers stay attached from before the first publisher to after the last; default true. */
  alwaysAvailable?: boolean;
  /** A second publisher takes the path over; default true. */
  overridePublisher?: boolean;
}

export interface MediaMtxOptions {
  /** Default: one path, `live`. */
  paths?: Record<string, MediaMtxPath>;
  rtmp?: boolean;
  srt?: boolean;
  /** RTMP is offered by TLS alone, with this certificate: paths of two PEM files. */
  rtmpCertificate?: { certificate: string; key: string };
  /** Publishing wants these; reading is open. */
  publisher?: { user: string; password: string };
  /** The API wants these; default: it is open. */
  administrator?: { user: string; password: string };
  /** Default: only `tcp`. */
  rtspTransports?: ('tcp' | 'udp')[];
  /** Default: a free one. */
  rtspPort?: number;
}

/** The answer of /v3/paths/get, with the fields that tests read. */
export interface PathDetails {
  online: boolean;
  available: boolean;
  readers: { type: string; id: string }[];
  source: { type: string; id: string } | null;
}

/** Lines of the server that are kept for the message of a failure. */
const KEPT_LINES = 50;

export class MediaMtx {
  readonly rtspPort: number;
  readonly rtmpPort: number;
  readonly srtPort: number;
  readonly apiPort: number;
  readonly #server: Server;
  readonly #place: ApiPlace;
  readonly #lines: readonly string[];
  #ending: Ending | null = null;

  private constructor(server: Server, ports: ServerPorts, place: ApiPlace, lines: readonly string[]) {
    this.rtspPort = ports.rtsp;
    this.rtmpPort = ports.rtmp;
    this.srtPort = ports.srt;
    this.apiPort = ports.api;
    this.#server = server;
    this.#lines = lines;
    this.#place = place;
    void server.ended.then((ending) => {
      this.#ending = ending;
    });
  }

  /** Starts the server and waits until its API answers. */
  static async start(options: MediaMtxOptions = {}): Promise<MediaMtx> {
    const [rtsp = 0, rtmp = 0, api = 0, metrics = 0] = await freePorts(4);
    const [rtp, srt] = [await freePortPair(), await freePortPair()];
    const ports = { rtsp: options.rtspPort ?? rtsp, rtmp, api, metrics, rtp, srt };
    const { administrator } = options;
    const account = administrator && {
      account: { name: administrator.user, password: administrator.password },
    };
    const lines: string[] = [];
    const server = await startMediaMtx({
      binary: mediamtxBinary(),
      // YAML is a superset of JSON.
      config: JSON.stringify(configuration(options, ports), null, 1),
      ports,
      ...account,
      onLine: (line) => {
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
      },
    });
    return new MediaMtx(server, ports, { host: '127.0.0.1', port: api, ...account }, lines);
  }

  /** Resolves when the server has ended, whoever ended it. */
  get ended(): Promise<Ending> {
    return this.#server.ended;
  }

  /** Sends a signal to the server itself, past its supervisor. */
  signal(name: NodeJS.Signals): void {
    const [, child] = processTree(this.#server.pid);
    if (child === undefined) throw new Error('MediaMTX has ended');
    process.kill(child.pid, name);
  }

  rtsp(path = 'live'): string {
    return `rtsp://127.0.0.1:${this.rtspPort}/${path}`;
  }

  rtmp(path = 'live'): string {
    return `rtmp://127.0.0.1:${this.rtmpPort}/${path}`;
  }

  rtmps(path = 'live'): string {
    return `rtmps://127.0.0.1:${this.rtmpPort}/${path}`;
  }

  /** @param parameters  more of the query, e.g. `latency=1000000` (in microseconds) */
  srt(path = 'live', parameters = ''): string {
    return `srt://127.0.0.1:${this.srtPort}?streamid=publish:${path}${parameters && `&${parameters}`}`;
  }

  /** Connections over RTMP that publish. */
  async rtmpPublishers(): Promise<{ path: string; query: string }[]> {
    const answer = (await this.#get('rtmpconns/list')) as {
      items: { state: string; path: string; query: string }[];
    } | null;
    return (answer?.items ?? []).filter(({ state }) => state === 'publish');
  }

  /** The path's state; null when the server does not know it. */
  async path(name = 'live'): Promise<PathDetails | null> {
    return (await this.#get(`paths/get/${name}`)) as PathDetails | null;
  }

  async untilOnline(name = 'live', limitMilliseconds = 20_000): Promise<void> {
    await this.#until(
      `path ${name} online`,
      async () => (await this.path(name))?.online === true,
      limitMilliseconds,
    );
  }

  async untilOffline(name = 'live', limitMilliseconds = 20_000): Promise<void> {
    await this.#until(
      `path ${name} offline`,
      async () => (await this.path(name))?.online !== true,
      limitMilliseconds,
    );
  }

  async untilReaders(count = 1, name = 'live', limitMilliseconds = 20_000): Promise<void> {
    await this.#until(
      `${count} readers on ${name}`,
      async () => ((await this.path(name))?.readers.length ?? 0) >= count,
      limitMilliseconds,
    );
  }

  /** Disconnects the publisher of a path, as an administrator would. */
  async kickPublisher(name = 'live'): Promise<void> {
    const source = (await this.path(name))?.source;
    if (!source) throw new Error(`${name} has no publisher`);
    const kind = source.type === 'rtmpConn' ? 'rtmpconns' : 'rtspsessions';
    const kick = `${kind}/kick/${source.id}`;
    const { status, body } = await call(this.#place, 'POST', kick, new AbortController().signal);
    if (status !== 200) throw new Error(`kick: ${status} ${body}`);
  }

  /** Sessions over RTSP with their transport, e.g. `TCP`. */
  async rtspSessions(): Promise<{ id: string; state: string; path: string; transport: string | null }[]> {
    const answer = (await this.#get('rtspsessions/list')) as { items: never[] } | null;
    return answer?.items ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }

  async #get(path: string): Promise<unknown> {
    try {
      const { status, body } = await call(this.#place, 'GET', path, new AbortController().signal);
      return status === 200 ? JSON.parse(body) : null;
    } catch {
      return null;
    }
  }

  /** The API has no events to wait for: asked ten times a second. */
  async #until(what: string, done: () => Promise<boolean>, limitMilliseconds: number): Promise<void> {
    const end = performance.now() + limitMilliseconds;
    while (!(await done())) {
      const trouble = this.#ending
        ? `MediaMTX ended (${this.#ending.code ?? this.#ending.signal})`
        : performance.now() > end && `not in ${limitMilliseconds} ms: ${what}`;
      if (trouble) throw new Error([trouble, ...this.#lines].join('\n'));
      await sleep(100);
    }
  }
}

type ServerPorts = Record<'rtsp' | 'rtmp' | 'api' | 'metrics' | 'rtp' | 'srt', number>;

/** The product's own configuration, and what only tests ask of a server. */
function configuration(options: MediaMtxOptions, ports: ServerPorts): Record<string, unknown> {
  const paths = Object.entries(options.paths ?? { live: {} });
  const resource: MediaServer = {
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'MediaServer',
    metadata: { name: 'test' },
    spec: {
      protocols: options.rtmp ? ['RTSP', 'RTMP'] : ['RTSP'],
      authentication: { publish: 'None', read: 'None' },
    },
  };
  const built = parse(
    buildMediaMtxConfig(
      resource,
      paths.map(([name, { alwaysAvailable = true }]) =>
        alwaysAvailable ? { name, slate: { codec: 'H264' } } : { name },
      ),
      { host: '127.0.0.1', ports },
    ),
  );
  return {
    ...built,
    writeQueueSize: 4096,
    ...rtmpsSettings(options, ports),
    ...(options.srt && { srt: true, srtAddress: `127.0.0.1:${ports.srt}` }),
    rtspTransports: options.rtspTransports ?? ['tcp'],
    rtpAddress: `127.0.0.1:${ports.rtp}`,
    rtcpAddress: `127.0.0.1:${ports.rtp + 1}`,
    authInternalUsers: users(options),
    // A path that a test has not named is refused.
    paths: Object.fromEntries(
      paths.map(([name, { overridePublisher = true }]) => [
        name,
        { ...built.paths[name], overridePublisher },
      ]),
    ),
  };
}

function rtmpsSettings({ rtmpCertificate }: MediaMtxOptions, { rtmp }: ServerPorts): object {
  return rtmpCertificate
    ? {
        rtmp: true,
        rtmpEncryption: 'strict',
        rtmpsAddress: `127.0.0.1:${rtmp}`,
        rtmpServerCert: rtmpCertificate.certificate,
        rtmpServerKey: rtmpCertificate.key,
      }
    : {};
}

function users({ publisher, administrator }: MediaMtxOptions): unknown[] {
  const guarded = [
    { who: publisher, action: 'publish' },
    { who: administrator, action: 'api' },
  ];
  const open = ['read', 'playback', ...guarded.filter(({ who }) => !who).map(({ action }) => action)];
  const accounts = guarded.flatMap(({ who, action }) => (who ? [{ who, action }] : []));
  return [
    { user: 'any', pass: '', ips: [], permissions: open.map((action) => ({ action })) },
    ...accounts.map(({ who: { user, password }, action }) => ({
      user,
      pass: password,
      ips: [],
      permissions: [{ action }],
    })),
  ];
}
