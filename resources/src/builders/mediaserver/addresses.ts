/**
 * Where a MediaServer is found: host names in the cluster, URLs for viewers, the endpoints of its status.
 * Pure.
 */

import type { KubeObject } from '../../objects.ts';
import type { MediaServer } from '../../schema/media-server.generated.ts';
import type { Defaults } from '../defaults.ts';
import { childName } from '../names.ts';
import { DEFAULT_PORTS, type Protocol, type PublishProtocol, protocolsOf } from '../protocols.ts';

type ServedProtocol = Protocol | PublishProtocol;
export type Endpoint = NonNullable<NonNullable<MediaServer['status']>['endpoints']>[number];

export const serviceName = (server: string): string => childName(server, 'media');
export const apiServiceName = (server: string): string => childName(server, 'media-api');

/** The full name of a server's Service in the cluster. */
export const serverHost = (server: string, namespace: string, { clusterDomain }: Defaults): string =>
  `${serviceName(server)}.${namespace}.svc.${clusterDomain}`;

/** The name under which the operator finds a server's API and metrics. */
export const serverApiHost = (server: string, namespace: string, { clusterDomain }: Defaults): string =>
  `${apiServiceName(server)}.${namespace}.svc.${clusterDomain}`;

export const portNameOf = (protocol: ServedProtocol): 'rtsp' | 'rtmp' | 'srt' | 'hls' | 'webrtc' =>
  protocol.toLowerCase() as 'rtsp';

const SCHEMES: Readonly<Record<ServedProtocol, string>> = {
  RTSP: 'rtsp',
  RTMP: 'rtmp',
  SRT: 'srt',
  HLS: 'http',
  WebRTC: 'http',
};

function baseUrl(protocol: ServedProtocol, host: string, port: number): string {
  return `${SCHEMES[protocol]}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Where viewers find `path` of a server by the protocol that it is published with. `host`:
 * of a server that we run.
 */
export function viewerUrl(
  server: MediaServer,
  protocol: PublishProtocol,
  path: string,
  host: string,
): string {
  const elsewhere =
    server.spec.type === 'External' && server.spec.endpoints?.find((one) => one.protocol === protocol);
  const port = DEFAULT_PORTS[portNameOf(protocol)];
  const base = elsewhere
    ? baseUrl(protocol, elsewhere.host, elsewhere.port ?? port)
    : baseUrl(protocol, host, port);
  return protocol === 'SRT' ? `${base}?streamid=read:${path}` : `${base}/${path}`;
}

interface ObservedService {
  spec?: { type?: string; ports?: { name?: string; nodePort?: number }[] };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

/** The objects of the cluster that determine the addresses of a server. */
export interface ObservedPlace {
  service?: KubeObject | undefined;
  /** An address of the node on which the server's pod runs. */
  nodeAddress?: string | undefined;
}

/**
 * status.endpoints: where the server is found inside of the cluster and, as far as that can be known,
 * outside. A server that runs elsewhere is found at the same place from both.
 */
export function serverEndpoints(
  server: MediaServer,
  observed: ObservedPlace,
  defaults: Defaults,
): Endpoint[] {
  if (server.spec.type === 'External') {
    return (server.spec.endpoints ?? []).map(({ protocol, host, port }) => {
      const url = baseUrl(protocol, host, port ?? DEFAULT_PORTS[portNameOf(protocol)]);
      return { protocol, url, externalURL: url };
    });
  }
  const { name, namespace = 'default' } = server.metadata;
  const host = serverHost(name, namespace, defaults);
  return protocolsOf(server).map((protocol) => {
    const outside = externalPlace(server, protocol, observed);
    return {
      protocol,
      url: baseUrl(protocol, host, DEFAULT_PORTS[portNameOf(protocol)]),
      ...(outside && { externalURL: baseUrl(protocol, outside.host, outside.port) }),
    };
  });
}

function externalPlace(
  server: MediaServer,
  protocol: Protocol,
  { service, nodeAddress }: ObservedPlace,
): { host: string; port: number } | undefined {
  const { spec, status } = (service ?? {}) as ObservedService;
  const { externalHost } = server.spec;
  const name = portNameOf(protocol);
  if (server.spec.service?.type === 'LoadBalancer') {
    const [ingress] = status?.loadBalancer?.ingress ?? [];
    const host = externalHost ?? ingress?.hostname ?? ingress?.ip;
    return host === undefined ? undefined : { host, port: DEFAULT_PORTS[name] };
  }
  if (server.spec.service?.type === 'NodePort') {
    const host = externalHost ?? nodeAddress;
    const port = spec?.ports?.find((one) => one.name === name)?.nodePort;
    return host === undefined || port === undefined ? undefined : { host, port };
  }
  // A ClusterIP is reached from outside by what somebody else put before it, under the usual ports.
  return externalHost === undefined ? undefined : { host: externalHost, port: DEFAULT_PORTS[name] };
}
