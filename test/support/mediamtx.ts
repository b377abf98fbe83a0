/** A real MediaMTX on free ports, in a folder of its own, with its API at hand. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { mediamtxBinary } from '../../scripts/paths.mjs';
import { freePortPair, freePorts } from './ports.ts';
import { Program } from './program.ts';
import { Scratch } from './tools.ts';

export interface MediaMtxPath {
  /** Readers stay attached from before the first publisher to after the last; default true. */
  alwaysAvailable?: boolean;
  /** A file whose pictures fill the time without a publisher. */
  alwaysAvailableFile?: string;
  /** A second publisher takes the path over; default true. */
  overridePublisher?: boolean;
}

export interface MediaMtxOptions {
  /** Default: one path, `live`. */
  paths?: Record<string, MediaMtxPath>;
  rtmp?: boolean;
  /** RTMP is offered by TLS alone, with this certificate: paths of two PEM files. */
  rtmpCertificate?: { certificate: string; key: string };
  hls?: boolean;
  /** Publishing wants these; reading is open. */
  publisher?: { user: string; password: string };
  /** The API wants these; default: it is open. */
  administrator?: { user: string; password: string };
  /** Authentication that RTSP offers, default Basic. */
  rtspAuthMethods?: ('basic' | 'digest')[];
  /** Default: only `tcp`. */
  rtspTransports?: ('tcp' | 'udp')[];
  /** Session silence after which a publisher is closed, default 10 s. */
  readTimeout?: string;
  /** Default: a free one. */
  rtspPort?: number;
}

/** What /v3/paths/get says, as far as tests look at it. */
export interface PathState {
  online: boolean;
  available: boolean;
  tracks: string[];
  readers: { type: string; id: string }[];
  source: { type: string; id: string } | null;
  inboundBytes: number;
  inboundFramesInError: number;
}

export class MediaMtx {
  readonly program: Program;
  readonly rtspPort: number;
  readonly rtmpPort: number;
  readonly hlsPort: number;
  readonly apiPort: number;
  readonly #options: MediaMtxOptions;
  #scratch: Scratch;

  private constructor(
    program: Program,
    options: MediaMtxOptions,
    ports: readonly number[],
    scratch: Scratch,
  ) {
    const [rtsp, rtmp, hls, api] = ports as [number, number, number, number];
    this.program = program;
    this.#options = options;
    this.rtspPort = rtsp;
    this.rtmpPort = rtmp;
    this.hlsPort = hls;
    this.apiPort = api;
    this.#scratch = scratch;
  }

  /** Starts the server and waits until its API answers. */
  static async start(options: MediaMtxOptions = {}): Promise<MediaMtx> {
    const [free, ...others] = await freePorts(4);
    const ports = [options.rtspPort ?? (free as number), ...others, await freePortPair()];
    const scratch = new Scratch();
    const file = scratch.file('mediamtx.yml');
    // YAML is a superset of JSON.
    writeFileSync(file, JSON.stringify(configuration(options, ports), null, 1));
    const program = new Program(mediamtxBinary(), [file], { cwd: scratch.path, limitMilliseconds: 0 });
    const server = new MediaMtx(program, options, ports, scratch);
    try {
      await server.#until('its API', async () => (await server.#get('/v3/paths/list')) !== null, 20_000);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
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

  /** The path's state; null when the server does not know it. */
  async path(name = 'live'): Promise<PathState | null> {
    return (await this.#get(`/v3/paths/get/${name}`)) as PathState | null;
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

  /** Cuts the publisher of a path, as an administrator would. */
  async kickPublisher(name = 'live'): Promise<void> {
    const source = (await this.path(name))?.source;
    if (!source) throw new Error(`${name} has no publisher`);
    const kind = source.type === 'rtmpConn' ? 'rtmpconns' : 'rtspsessions';
    const response = await fetch(`http://127.0.0.1:${this.apiPort}/v3/${kind}/kick/${source.id}`, {
      method: 'POST',
      headers: this.#headers(),
    });
    if (!response.ok) throw new Error(`kick: ${response.status} ${await response.text()}`);
  }

  /** Sessions over RTSP with their transport, e.g. `TCP`. */
  async rtspSessions(): Promise<{ id: string; state: string; path: string; transport: string | null }[]> {
    const answer = (await this.#get('/v3/rtspsessions/list')) as { items: never[] } | null;
    return answer?.items ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    this.#scratch[Symbol.dispose]();
  }

  async #get(path: string): Promise<unknown> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.apiPort}${path}`, {
        headers: this.#headers(),
        signal: AbortSignal.timeout(5_000),
      });
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  #headers(): Record<string, string> {
    const { administrator } = this.#options;
    if (!administrator) return {};
    const { user, password } = administrator;
    return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  }

  /** The API has no events to wait for: asked ten times a second. */
  async #until(what: string, done: () => Promise<boolean>, limitMilliseconds: number): Promise<void> {
    const end = performance.now() + limitMilliseconds;
    while (!(await done())) {
      if (this.program.exit !== null) throw new Error(`MediaMTX ended\n${this.program.tail()}`);
      if (performance.now() > end)
        throw new Error(`not in ${limitMilliseconds} ms: ${what}\n${this.program.tail()}`);
      await sleep(100);
    }
  }
}

function configuration(options: MediaMtxOptions, ports: readonly number[]): Record<string, unknown> {
  const [rtsp, rtmp, hls, api, rtp] = ports;
  const paths = options.paths ?? { live: {} };
  return {
    logLevel: 'info',
    logDestinations: ['stdout'],
    readTimeout: options.readTimeout ?? '10s',
    writeQueueSize: 4096,
    api: true,
    apiAddress: `127.0.0.1:${api}`,
    rtsp: true,
    rtspTransports: options.rtspTransports ?? ['tcp'],
    rtpAddress: `127.0.0.1:${rtp}`,
    rtcpAddress: `127.0.0.1:${(rtp ?? 0) + 1}`,
    rtspAddress: `127.0.0.1:${rtsp}`,
    rtspAuthMethods: options.rtspAuthMethods ?? ['basic'],
    ...rtmpSettings(options, `127.0.0.1:${rtmp}`),
    hls: options.hls ?? false,
    hlsAddress: `127.0.0.1:${hls}`,
    webrtc: false,
    srt: false,
    moq: false,
    authInternalUsers: users(options),
    paths: Object.fromEntries(
      Object.entries(paths).map(([name, path]) => [
        name,
        {
          source: 'publisher',
          overridePublisher: path.overridePublisher ?? true,
          ...((path.alwaysAvailable ?? true)
            ? {
                alwaysAvailable: true,
                ...(path.alwaysAvailableFile
                  ? { alwaysAvailableFile: path.alwaysAvailableFile }
                  : { alwaysAvailableTracks: [{ codec: 'H264' }] }),
              }
            : {}),
        },
      ]),
    ),
  };
}

function rtmpSettings({ rtmp = false, rtmpCertificate }: MediaMtxOptions, address: string) {
  if (!rtmpCertificate) return { rtmp, rtmpAddress: address };
  return {
    rtmp: true,
    rtmpEncryption: 'strict',
    rtmpsAddress: address,
    rtmpServerCert: rtmpCertificate.certificate,
    rtmpServerKey: rtmpCertificate.key,
  };
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
