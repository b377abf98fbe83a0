/** Which server takes which protocol, on which port, and the URLs that follow. Pure. */
import { ManifestError } from '../schema/manifest.ts';
import type { MediaServer } from '../schema/media-server.generated.ts';
import type { VideoPush } from '../schema/video-push.generated.ts';
import { DEFAULT_KIND, kindOf } from './mediaserver/kinds/index.ts';
import { DEFAULT_PORTS, type Ports, type PublishProtocol, protocolsOf } from './protocols.ts';

export { DEFAULT_PORTS, type Ports, type Protocol, protocolsOf } from './protocols.ts';

/** How streams may be published to a server that runs elsewhere. */
const ELSEWHERE: readonly PublishProtocol[] = ['RTSP', 'RTMP', 'SRT'];

/**
 * Refuses a server that cannot be used, or not by this protocol, with the alternative.
 * `field` names what is wrong, e.g. `spec.outputs[0].protocol`.
 */
export function checkServer(server: MediaServer, protocol: PublishProtocol, field: string): void {
  const offered = checkServerType(server);
  const enabled =
    server.spec.type === 'External'
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
export function checkServerType(server: MediaServer): readonly PublishProtocol[] {
  const { type } = server.spec;
  const offered = type === 'External' ? ELSEWHERE : kindOf(server)?.publishing;
  if (offered) return offered;
  throw new ManifestError(
    'spec.type',
    `${type} cannot be run yet; use ${DEFAULT_KIND}, or External for a server that runs elsewhere`,
  );
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
