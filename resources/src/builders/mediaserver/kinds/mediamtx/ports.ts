/** Ports of a MediaServer: of its container and of its two Services. Pure. */
import type { MediaServer } from '../../../../schema/media-server.generated.ts';
import { DEFAULT_PORTS, type Ports, type Protocol, protocolsOf } from '../../../protocols.ts';
import { portNameOf } from '../../addresses.ts';
import type { ServerPort } from '../../context.ts';

/** Where WebRTC's media arrives; the server's own default. */
const ICE_PORT = 8189;

/**
 * UDP port of WebRTC's media. The server announces the port that it listens on to browsers, so with a fixed
 * node port it must be that one: the same number as that of the HTTP side, which is TCP.
 */
export function icePort({ spec }: MediaServer): number {
  const fixed = spec.service?.nodePorts?.webrtc;
  return spec.service?.type === 'NodePort' && fixed !== undefined ? fixed : ICE_PORT;
}

/** What publishers and viewers use, in the order of the protocols. */
export function publicPorts(server: MediaServer): ServerPort[] {
  const { type = 'ClusterIP', nodePorts = {} } = server.spec.service ?? {};
  const nodePort = (protocol: Protocol) => {
    const fixed = type === 'ClusterIP' ? undefined : nodePorts[portNameOf(protocol)];
    return fixed === undefined ? {} : { nodePort: fixed };
  };
  return protocolsOf(server).flatMap((protocol): ServerPort[] => {
    const name = portNameOf(protocol);
    const transport = protocol === 'SRT' ? 'UDP' : 'TCP';
    const main: ServerPort = { name, port: DEFAULT_PORTS[name], protocol: transport, ...nodePort(protocol) };
    if (protocol !== 'WebRTC') return [main];
    const media = { name: 'webrtc-media', protocol: 'UDP' as const };
    const ice = icePort(server);
    if (ice === ICE_PORT) return [main, { ...media, port: ice }];
    // Two protocols may share a node port only where they share the Service's port.
    return [main, { ...media, port: main.port, containerPort: ice, ...nodePort(protocol) }];
  });
}

/** What the operator and Prometheus use. */
export const INNER_PORTS: readonly ServerPort[] = [
  { name: 'api', port: DEFAULT_PORTS.api, protocol: 'TCP' },
  { name: 'metrics', port: DEFAULT_PORTS.metrics, protocol: 'TCP' },
];

/** The page on which a browser plays a path of a MediaMTX, by HLS. */
export function hlsPage(host: string, ports: Ports, path: string): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${ports.hls}/${path}/`;
}
