/** Which server takes which protocol, on which port, and the URLs that follow. Pure. */
import { ManifestError } from '../schema/manifest.ts';
import type { MediaServer } from '../schema/media-server.generated.ts';
import type { VideoPush } from '../schema/video-push.generated.ts';

export type Protocol = NonNullable<MediaServer['spec']['protocols']>[number];
export type PublishProtocol = NonNullable<VideoPush['spec']['outputs'][number]['protocol']>;
type ServerType = NonNullable<MediaServer['spec']['type']>;

/** Where a server listens; ports are MediaMTX's own defaults. */
export const DEFAULT_PORTS = {
  rtsp: 8554,
  rtmp: 1935,
  srt: 8890,
  hls: 8888,
  webrtc: 8889,
  api: 9997,
  metrics: 9998,
} as const;

export type Ports = { readonly [name in keyof typeof DEFAULT_PORTS]: number };

/** How a stream may be published to each type of server that can be used. */
const PUBLISHING: Partial<Record<ServerType, readonly PublishProtocol[]>> = {
  MediaMTX: ['RTSP', 'RTMP', 'SRT'],
  External: ['RTSP', 'RTMP', 'SRT'],
};

/**
 * Refuses a server that cannot be used, or not by this protocol, with the alternative.
 * `field` names what is wrong, e.g. `spec.outputs[0].protocol`.
 */
export function checkServer(server: MediaServer, protocol: PublishProtocol, field: string): void {
  const type = server.spec.type ?? 'MediaMTX';
  const offered = checkServerType(server);
  const enabled =
    type === 'External'
      ? (server.spec.endpoints ?? []).map((endpoint) => endpoint.protocol)
      : protocolsOf(server);
  if (enabled.includes(protocol)) return;
  const usable = offered.filter((name) => enabled.includes(name)).join(', ') || 'none of RTSP, RTMP, SRT';
  throw new ManifestError(
    field,
    `MediaServer "${server.metadata.name}" does not take ${protocol}; it takes ${usable}`,
  );
}

/**
 * How streams may be published to a server of this type.
 * @throws ManifestError for a type that cannot be run
 */
export function checkServerType({ spec }: MediaServer): readonly PublishProtocol[] {
  const type = spec.type ?? 'MediaMTX';
  const offered = PUBLISHING[type];
  if (offered) return offered;
  throw new ManifestError(
    'spec.type',
    `${type} cannot be run yet; use MediaMTX, or External for a server that runs elsewhere`,
  );
}

export function protocolsOf(server: MediaServer): readonly Protocol[] {
  return server.spec.protocols ?? ['RTSP', 'RTMP', 'HLS'];
}

/** The path of an output on its server: its own, else the stream's name. */
export function outputPath(push: VideoPush, output: VideoPush['spec']['outputs'][number]): string {
  return output.path ?? push.metadata.name;
}

/** Where a stream is published, and where RTSP and RTMP viewers find it: no credentials in it. */
export function streamUrl(protocol: PublishProtocol, host: string, port: number, path: string): string {
  const name = host.includes(':') ? `[${host}]` : host;
  if (protocol === 'SRT') return `srt://${name}:${port}?streamid=publish:${path}`;
  return `${protocol.toLowerCase()}://${name}:${port}/${path}`;
}

/** The page on which a browser plays a path of a MediaMTX, by HLS. */
export function hlsPage(host: string, ports: Ports, path: string): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${ports.hls}/${path}/`;
}

/**
 * The URL to which `push` publishes its output `index` on `server`.
 * `place`: host and ports of a server that we run; an External one has its own.
 */
export function publishUrl(
  push: VideoPush,
  index: number,
  server: MediaServer,
  place: { host: string; ports: Ports },
): string {
  const output = push.spec.outputs[index];
  if (!output) throw new RangeError(`output ${index} of ${push.spec.outputs.length}`);
  const protocol = output.protocol ?? 'RTSP';
  checkServer(server, protocol, `spec.outputs[${index}].protocol`);
  const port = protocol.toLowerCase() as 'rtsp' | 'rtmp' | 'srt';
  const elsewhere = server.spec.endpoints?.find((endpoint) => endpoint.protocol === protocol);
  const { host, number } =
    server.spec.type === 'External' && elsewhere
      ? { host: elsewhere.host, number: elsewhere.port ?? DEFAULT_PORTS[port] }
      : { host: place.host, number: place.ports[port] };
  return streamUrl(protocol, host, number, outputPath(push, output));
}
