/**
 * The configuration of a MediaMTX 1.21.0 from a MediaServer: for a ConfigMap and for
 * a server on this machine. Pure.
 */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { MediaServer } from '../../../../schema/media-server.generated.ts';
import type { User } from '../../../credentials.ts';
import { DEFAULT_PORTS, type Ports, protocolsOf } from '../../../protocols.ts';
import type { ServerPath } from '../../context.ts';

/** Codecs that the server can fill with a slate of its own while nobody publishes. */
const SLATE_CODECS = ['H264', 'H265', 'VP9', 'AV1'] as const;
type SlateCodec = (typeof SLATE_CODECS)[number];

export interface MediaMtxOptions {
  ports?: Partial<Ports>;
  /** Address that every listener binds to; '' = all. */
  host?: string;
  /**
   * Who may do what; a password stands in the result only as a hash. `publisher` is needed for
   * authentication.publish Generated, `reader` for authentication.read Generated, `operator` for the API and
   * `metrics` for the metrics from elsewhere than this machine (which needs none of both).
   */
  users?: { publisher?: User; reader?: User; operator?: User; metrics?: User };
  /** Folder of the recordings, when the MediaServer asks for them. */
  recordingFolder?: string;
  logLevel?: 'error' | 'warn' | 'info' | 'debug';
  /** Seconds after which a silent peer is dropped. */
  readTimeoutSeconds?: number;
  /** UDP port of WebRTC's media, default 8189. */
  icePort?: number;
}

/**
 * The configuration file's text. Users with `sha256:` hashes, `all_others` for publishers that no
 * stream announced, RTSP over TCP only (UDP across Services loses packets), MoQ off (it writes
 * keys into its working folder).
 * @throws Error when authentication asks for a user that `options.users` does not have:
 *   a mistake of the caller
 */
export function buildMediaMtxConfig(
  server: MediaServer,
  paths: readonly ServerPath[],
  options: MediaMtxOptions = {},
): string {
  const ports = { ...DEFAULT_PORTS, ...options.ports };
  const listen = (port: number): string => `${options.host ?? ''}:${port}`;
  const enabled = new Set(protocolsOf(server));
  const timeout = `${options.readTimeoutSeconds ?? 10}s`;
  const config = {
    logLevel: options.logLevel ?? 'info',
    logDestinations: ['stdout'],
    readTimeout: timeout,
    authMethod: 'internal',
    authInternalUsers: users(server, options),
    api: true,
    apiAddress: listen(ports.api),
    metrics: true,
    metricsAddress: listen(ports.metrics),
    pprof: false,
    playback: false,
    rtsp: enabled.has('RTSP'),
    rtspTransports: ['tcp'],
    rtspAddress: listen(ports.rtsp),
    rtmp: enabled.has('RTMP'),
    rtmpAddress: listen(ports.rtmp),
    hls: enabled.has('HLS'),
    hlsAddress: listen(ports.hls),
    webrtc: enabled.has('WebRTC'),
    webrtcAddress: listen(ports.webrtc),
    webrtcLocalUDPAddress: listen(options.icePort ?? 8189),
    webrtcAdditionalHosts: server.spec.externalHost === undefined ? [] : [server.spec.externalHost],
    srt: enabled.has('SRT'),
    srtAddress: listen(ports.srt),
    moq: false,
    pathDefaults: { source: 'publisher', overridePublisher: true, ...recording(server, options) },
    paths: {
      ...Object.fromEntries(sorted(paths).map((path) => [path.name, pathConfig(path)])),
      all_others: { source: 'publisher' },
    },
  };
  return stringify(config, { lineWidth: 0 });
}

/** The slate that suits an encoded stream, or undefined where the server has none for its codec. */
export function slateFor(codec: string): { codec: SlateCodec } | undefined {
  const known = SLATE_CODECS.find((name) => name === codec);
  return known && { codec: known };
}

/** The configuration of one path, as in the file and in the body of the API's request that adds it. */
export function pathConfig({ slate }: ServerPath): Record<string, unknown> {
  if (!slate) return { source: 'publisher' };
  return 'file' in slate
    ? { source: 'publisher', alwaysAvailable: true, alwaysAvailableFile: slate.file }
    : { source: 'publisher', alwaysAvailable: true, alwaysAvailableTracks: [{ codec: slate.codec }] };
}

/** MediaMTX's form of a hashed user name or password: the base64 of its SHA-256. */
export function hashCredential(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('base64')}`;
}

type Permission = { action: string };

function users(server: MediaServer, { users: given = {} }: MediaMtxOptions): object[] {
  const { publish = 'Generated', read = 'None' } = server.spec.authentication ?? {};
  const everybody: Permission[] = [];
  const list: object[] = [];
  const allow = (mode: string, who: 'publisher' | 'reader', actions: string[]): void => {
    const permissions = actions.map((action) => ({ action }));
    const user = given[who];
    if (mode === 'None') everybody.push(...permissions);
    else if (user) list.push(account(user, permissions));
    else throw new Error(`authentication of MediaServer "${server.metadata.name}" needs a ${who}`);
  };
  allow(publish, 'publisher', ['publish']);
  allow(read, 'reader', ['read', 'playback']);
  if (given.operator) list.push(account(given.operator, [{ action: 'api' }, { action: 'metrics' }]));
  if (given.metrics) list.push(account(given.metrics, [{ action: 'metrics' }]));
  if (everybody.length > 0) list.push({ user: 'any', pass: '', ips: [], permissions: everybody });
  const local = [{ action: 'api' }, { action: 'metrics' }];
  list.push({ user: 'any', pass: '', ips: ['127.0.0.1', '::1'], permissions: local });
  return list;
}

function account(user: User, permissions: Permission[]): object {
  return { user: hashCredential(user.name), pass: hashCredential(user.password), ips: [], permissions };
}

function recording(server: MediaServer, { recordingFolder }: MediaMtxOptions): object {
  const settings = server.spec.recording;
  if (!settings || recordingFolder === undefined) return {};
  return {
    record: true,
    recordPath: `${recordingFolder}/%path/%Y-%m-%d_%H-%M-%S-%f`,
    recordFormat: 'fmp4',
    recordSegmentDuration: `${settings.segmentSeconds ?? 3600}s`,
    recordDeleteAfter: `${settings.retentionHours ?? 24}h`,
  };
}

/** The same paths in any order give the same file, so that nothing is reloaded for nothing. */
function sorted(paths: readonly ServerPath[]): ServerPath[] {
  return [...paths].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}
