import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { KubeObject } from '../../objects.ts';
import type { MediaServer } from '../../schema/media-server.generated.ts';
import { serverCredentials } from '../credentials.ts';
import { DEFAULTS } from '../defaults.ts';
import { containersOf, only, podOf, somePush, someServer } from '../testing/manifests.ts';
import {
  buildMediaServer,
  publishSecret,
  type ServerContext,
  type ServerObjects,
  serverEndpoints,
  serverPaths,
} from './index.ts';

const key = Buffer.alloc(32, 7);

function build(spec: MediaServer['spec'] = {}, more: Partial<ServerContext> = {}): ServerObjects {
  const server = someServer(spec);
  const credentials = serverCredentials(key, server);
  const objects = buildMediaServer({ server, paths: [], credentials, defaults: DEFAULTS, ...more });
  if (!objects) throw new Error('nothing was built');
  return objects;
}

const name = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;
const configOf = ({ config }: ServerObjects) =>
  parse((config.data as Record<string, string>)['mediamtx.yml'] ?? '') as Record<string, unknown>;

interface Service {
  type: string;
  selector: Record<string, string>;
  ports: { name: string; port: number; protocol: string; targetPort: string; nodePort?: number }[];
}
const specOf = ({ spec }: KubeObject): Service => spec as Service;

it('a MediaMTX is one pod behind a Service, with its configuration in a folder and its passwords in Secrets', () => {
  const { secrets, config, deployment, service, apiService } = build();
  expect([config, deployment, service, apiService].map(name)).toEqual([
    'ConfigMap live-media-config',
    'Deployment live-media',
    'Service live-media',
    'Service live-media-api',
  ]);
  expect(secrets.map(name)).toEqual([
    expect.stringMatching(/^Secret live-publish-[0-9a-f]{10}$/),
    expect.stringMatching(/^Secret live-metrics-[0-9a-f]{10}$/),
  ]);
  expect(deployment.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  const container = only(containersOf(podOf(deployment)));
  expect(container.args).toEqual(['/etc/mediamtx/mediamtx.yml']);
  expect(container.volumeMounts).toEqual([{ name: 'config', mountPath: '/etc/mediamtx', readOnly: true }]);
  expect(container).toMatchObject({
    readinessProbe: { tcpSocket: { port: 'api' } },
    livenessProbe: { tcpSocket: { port: 'api' }, failureThreshold: 6 },
  });
  for (const object of [...secrets, config, deployment, service, apiService]) {
    expect(object.metadata).toMatchObject({
      namespace: 'studio',
      ownerReferences: [{ kind: 'MediaServer', name: 'live', uid: 'server-uid', controller: true }],
    });
  }
});

it('a change replaces the pod of a server only when the server takes it at its start', () => {
  const template = (objects: ServerObjects) => podOf(objects.deployment);
  const before = template(build());
  const read = { authentication: { read: 'Generated' as const } };
  expect(template(build({}, { paths: [{ name: 'a', slate: { codec: 'H264' } }] }))).toEqual(before);
  expect(template(build(read))).toEqual(before);
  expect(template(build({ service: { type: 'NodePort' } }))).toEqual(before);
  expect(template(build({ protocols: ['RTSP', 'HLS'] }))).not.toEqual(before);
  expect(template(build({ externalHost: 'tv.example', protocols: ['RTSP', 'WebRTC'] }))).not.toEqual(
    template(build({ externalHost: 'radio.example', protocols: ['RTSP', 'WebRTC'] })),
  );
});

it('the API and the metrics are in no Service that leaves the cluster', () => {
  for (const type of ['ClusterIP', 'NodePort', 'LoadBalancer'] as const) {
    const { service, apiService } = build({ service: { type } });
    expect(specOf(service).type).toBe(type);
    expect(specOf(service).ports.map(({ port }) => port)).toEqual([8554, 1935, 8888]);
    expect(specOf(apiService)).toMatchObject({ type: 'ClusterIP', ports: [{ port: 9997 }, { port: 9998 }] });
  }
});

it('both Services find the pod, and each port leads to one of its container', () => {
  const { service, apiService, deployment } = build({ protocols: ['RTSP', 'RTMP', 'SRT', 'HLS', 'WebRTC'] });
  const pod = podOf(deployment);
  const ports = only(containersOf(pod)).ports as { name: string; containerPort: number; protocol?: string }[];
  for (const { selector, ports: offered } of [specOf(service), specOf(apiService)]) {
    expect(pod.metadata.labels).toMatchObject(selector);
    for (const { targetPort, protocol, port } of offered) {
      expect(ports).toContainEqual({ name: targetPort, containerPort: port, protocol });
    }
  }
  expect(
    specOf(service)
      .ports.filter(({ protocol }) => protocol === 'UDP')
      .map((port) => port.name),
  ).toEqual(['srt', 'webrtc-media']);
});

it('node ports and annotations of a Service are those asked for', () => {
  const annotations = { 'service.example/scheme': 'internal' };
  const { service } = build({
    protocols: ['RTSP', 'SRT', 'HLS'],
    service: { type: 'NodePort', annotations, nodePorts: { rtsp: 30554, srt: 30890 } },
  });
  expect(service.metadata.annotations).toEqual(annotations);
  expect(specOf(service).ports.map(({ name, nodePort }) => [name, nodePort])).toEqual([
    ['rtsp', 30554],
    ['srt', 30890],
    ['hls', undefined],
  ]);
});

it('with a fixed node port, browsers learn the port that leads to the media of WebRTC', () => {
  const objects = build({
    protocols: ['RTSP', 'WebRTC'],
    service: { type: 'NodePort', nodePorts: { webrtc: 30889 } },
    externalHost: 'tv.example',
  });
  expect(configOf(objects)).toMatchObject({
    webrtcLocalUDPAddress: ':30889',
    webrtcAdditionalHosts: ['tv.example'],
  });
  expect(specOf(objects.service).ports.slice(1)).toEqual([
    { name: 'webrtc', port: 8889, protocol: 'TCP', targetPort: 'webrtc', nodePort: 30889 },
    { name: 'webrtc-media', port: 8889, protocol: 'UDP', targetPort: 'webrtc-media', nodePort: 30889 },
  ]);
  expect(configOf(build({ protocols: ['RTSP', 'WebRTC'] }))).toMatchObject({
    webrtcLocalUDPAddress: ':8189',
  });
});

it('recordings go to their volume, which is the only thing that the server may write to', () => {
  const objects = build({
    recording: { persistentVolumeClaim: { claimName: 'archive' }, segmentSeconds: 60 },
  });
  const pod = podOf(objects.deployment);
  expect(pod.spec.volumes).toContainEqual({
    name: 'recordings',
    persistentVolumeClaim: { claimName: 'archive' },
  });
  const writable = only(containersOf(pod)).volumeMounts.filter(({ readOnly }) => readOnly !== true);
  expect(writable).toEqual([{ name: 'recordings', mountPath: '/recordings' }]);
  expect(configOf(objects).pathDefaults).toMatchObject({
    record: true,
    recordPath: expect.stringMatching(/^\/recordings\//),
    recordSegmentDuration: '60s',
  });
});

describe('credentials', () => {
  const secretsOf = (objects: ServerObjects) =>
    objects.secrets.map(({ data, ...secret }) => {
      const { username = '', password = '' } = data as Record<string, string>;
      return { ...secret, user: decode(username), password: decode(password) };
    });
  const decode = (text: string) => Buffer.from(text, 'base64').toString();

  it('each user of a server has a password of its own, in an immutable Secret', () => {
    const secrets = secretsOf(build({ authentication: { read: 'Generated' } }));
    expect(secrets.map(({ user }) => user)).toEqual(['publisher', 'viewer', 'metrics']);
    expect(new Set(secrets.map(({ password }) => password)).size).toBe(3);
    for (const secret of secrets) {
      expect(secret).toMatchObject({ type: 'kubernetes.io/basic-auth', immutable: true });
      expect(secret.password).toMatch(/^[\w-]{32}$/);
    }
  });

  it('the passwords of a server stand in its configuration only as hashes', () => {
    const objects = build({ authentication: { read: 'Generated' } });
    const text = JSON.stringify([objects.config, objects.deployment, objects.service]);
    const { publisher, viewer, operator, metrics } = serverCredentials(key, someServer());
    for (const { password } of [publisher, viewer, operator, metrics]) expect(text).not.toContain(password);
    expect((configOf(objects).authInternalUsers as object[]).length).toBe(5);
  });

  it('the credentials of a server stay the same, and differ by name and password for another server or another key', () => {
    const of = (uid: string, secret = key) => serverCredentials(secret, someServer({}, { uid })).publisher;
    expect(of('a')).toEqual(of('a'));
    for (const other of [of('b'), of('a', randomBytes(32))]) {
      expect(other.password).not.toBe(of('a').password);
      expect(other.secretName).not.toBe(of('a').secretName);
    }
  });

  it('a server where everybody may publish has no Secret to publish with', () => {
    const server = someServer({ authentication: { publish: 'None' } });
    const credentials = serverCredentials(key, server);
    expect(publishSecret({ server, credentials })).toBeUndefined();
    expect(secretsOf(build(server.spec)).map(({ user }) => user)).toEqual(['metrics']);
    expect(publishSecret({ server: someServer(), credentials })).toBe(credentials.publisher.secretName);
  });
});

it('every output that names the server is a path of it, once, with a slate of its codec', () => {
  const to = (path: string, codec: 'H264' | 'H265' | 'VP8', name: string) =>
    somePush({ video: { codec }, outputs: [{ name: 'main', serverRef: { name: 'live' }, path }] }, { name });
  const pushes = [
    to('z/news', 'H264', 'a'),
    to('b', 'VP8', 'b'),
    to('shared', 'H264', 'c'),
    to('shared', 'H265', 'd'),
    somePush({ outputs: [{ name: 'main', serverRef: { name: 'other' } }] }, { name: 'e' }),
    somePush(
      {
        suspend: true,
        video: { encoder: 'libx265' },
        outputs: [{ name: 'main', serverRef: { name: 'live' } }],
      },
      { name: 'f' },
    ),
  ];
  const expected = [
    { name: 'b' },
    { name: 'f', slate: { codec: 'H265' } },
    { name: 'shared' },
    { name: 'z/news', slate: { codec: 'H264' } },
  ];
  expect(serverPaths(someServer(), pushes)).toEqual(expected);
  expect(serverPaths(someServer(), [...pushes].reverse())).toEqual(expected);
});

describe('where a server is found', () => {
  const at = (spec: MediaServer['spec'], observed: Parameters<typeof serverEndpoints>[1] = {}) =>
    serverEndpoints(someServer(spec), observed, DEFAULTS);
  const service = (status: object, ports: object[] = []): KubeObject => ({
    metadata: { name: 'live-media' },
    spec: { ports },
    status,
  });

  it('a server is found inside of the cluster by the name of its Service', () => {
    expect(at({ protocols: ['RTSP', 'SRT', 'HLS'] })).toEqual([
      { protocol: 'RTSP', url: 'rtsp://live-media.studio.svc.cluster.local:8554' },
      { protocol: 'SRT', url: 'srt://live-media.studio.svc.cluster.local:8890' },
      { protocol: 'HLS', url: 'http://live-media.studio.svc.cluster.local:8888' },
    ]);
  });

  it('a server is found by node ports, once the cluster has chosen them, at the node or at the host that the resource names', () => {
    const spec: MediaServer['spec'] = { protocols: ['RTSP'], service: { type: 'NodePort' } };
    const observed = { service: service({}, [{ name: 'rtsp', nodePort: 31554 }]), nodeAddress: '192.0.2.7' };
    expect(at(spec, observed)[0]?.externalURL).toBe('rtsp://192.0.2.7:31554');
    expect(at({ ...spec, externalHost: 'tv.example' }, observed)[0]?.externalURL).toBe(
      'rtsp://tv.example:31554',
    );
    expect(at(spec, { nodeAddress: '192.0.2.7' })[0]).not.toHaveProperty('externalURL');
  });

  it('a server is found behind a load balancer once this has an address', () => {
    const spec: MediaServer['spec'] = { protocols: ['RTMP'], service: { type: 'LoadBalancer' } };
    const with_ = (ingress: object) =>
      at(spec, { service: service({ loadBalancer: { ingress: [ingress] } }) })[0];
    expect(with_({ ip: '2001:db8::1' })?.externalURL).toBe('rtmp://[2001:db8::1]:1935');
    expect(with_({ hostname: 'lb.example' })?.externalURL).toBe('rtmp://lb.example:1935');
    expect(at(spec)[0]).not.toHaveProperty('externalURL');
  });

  it('a server that runs elsewhere is found at its own address, inside and outside of the cluster', () => {
    const url = 'srt://media.example:9000';
    expect(
      at({ type: 'External', endpoints: [{ protocol: 'SRT', host: 'media.example', port: 9000 }] }),
    ).toEqual([{ protocol: 'SRT', url, externalURL: url }]);
  });
});

it('a server that runs elsewhere needs no objects, and one that cannot be run is refused', () => {
  const server = someServer({ type: 'External', endpoints: [{ protocol: 'RTSP', host: 'media.example' }] });
  const given = { paths: [], credentials: serverCredentials(key, server), defaults: DEFAULTS };
  expect(buildMediaServer({ server, ...given })).toBeNull();
  const srs: MediaServer = { ...server, spec: { type: 'SRS' } };
  expect(() => buildMediaServer({ server: srs, ...given })).toThrow(
    'spec.type: SRS cannot be run yet; use MediaMTX',
  );
});
