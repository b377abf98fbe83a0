/**
 * No value of a Secret appears in a place that is readable without permission to read Secrets, and the
 * authority in a Secret decides which server is trusted.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Cluster } from '../support/cluster/index.ts';
import { mediaServer, SMALL_PATTERN, videoPush } from '../support/e2e/manifests.ts';
import { TestNamespace } from '../support/e2e/namespace.ts';
import { AUTHORITY, startRtmpsServer } from '../support/e2e/rtmps-server.ts';
import { OPERATOR_NAMESPACE, suiteCluster } from '../support/e2e/suite.ts';

let cluster: Cluster;
let fixture: TestNamespace;

beforeAll(async () => {
  cluster = await suiteCluster();
  fixture = await TestNamespace.create(cluster, 'secrets');
});

afterAll(async () => {
  await fixture?.remove();
  await cluster?.close();
});

const secret = (name: string, stringData: object, type = 'Opaque'): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  type,
  stringData,
});

/** The values of the namespace's Secrets, as text and as base64. User names do not count as secret. */
async function values(namespace: string): Promise<string[]> {
  const { items } = JSON.parse(await cluster.kubectl(['-n', namespace, 'get', 'secret', '-o', 'json']));
  return items
    .filter(({ type }: { type: string }) => !type.startsWith('helm.sh/'))
    .flatMap(({ data }: { data: Record<string, string> }) => Object.entries(data))
    .filter(([key]: [string, string]) => key !== 'username')
    .flatMap(([, value]: [string, string]) => [value, Buffer.from(value, 'base64').toString('latin1')]);
}

async function allValues(): Promise<string[]> {
  const all = [...(await values(fixture.namespace)), ...(await values(OPERATOR_NAMESPACE))];
  // A shorter value could appear anywhere by chance.
  return all.filter((value) => value.length >= 8);
}

/** All text that the cluster shows about its objects, by the name of its place. */
async function places(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const namespace of [fixture.namespace, OPERATOR_NAMESPACE]) {
    const kubectl = (...args: string[]): Promise<string> => cluster.kubectl(['-n', namespace, ...args]);
    const kinds = 'vp,ms,vps,pod,configmap,deployment,job,replicaset,service,events,leases';
    found.set(`objects of ${namespace}`, await kubectl('get', kinds, '-o', 'json', '--ignore-not-found'));
    const pods = JSON.parse(await kubectl('get', 'pod', '-o', 'json')).items;
    for (const { metadata, spec } of pods) {
      for (const { name, ports = [] } of [...(spec.initContainers ?? []), ...spec.containers]) {
        found.set(`log of ${metadata.name}/${name}`, await kubectl('logs', metadata.name, '-c', name));
        for (const { containerPort } of ports) {
          for (const page of ['metrics', 'status', 'healthz', 'readyz']) {
            const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}:${containerPort}/proxy/${page}`;
            const body = await kubectl('get', '--raw', path).catch((error: Error) => error.message);
            found.set(`${metadata.name}:${containerPort}/${page}`, body);
          }
        }
      }
    }
  }
  return found;
}

it('no readable place contains the passwords, stream keys and URLs that streams use', async () => {
  await fixture.apply([
    mediaServer('live', { authentication: { publish: 'Generated', read: 'Generated' } }),
    secret('camera', { username: 'viewer', password: 'pa55-of-the-camera' }, 'kubernetes.io/basic-auth'),
    secret('wrong', { username: 'who', password: 'pa55-that-is-wrong' }, 'kubernetes.io/basic-auth'),
    secret('service', { url: `rtmp://ingest.${fixture.namespace}.svc/live/k3y-of-the-stream` }),
    videoPush('good', 'live', { source: SMALL_PATTERN }),
    videoPush('camera', 'live', {
      source: { uri: 'rtsp://live-media:8554/good', credentialsSecretRef: { name: 'camera' } },
    }),
    videoPush('refused', 'live', {
      source: SMALL_PATTERN,
      outputs: [
        { name: 'main', url: 'rtsp://live-media:8554/good', credentialsSecretRef: { name: 'wrong' } },
      ],
    }),
    videoPush('outside', 'live', {
      source: SMALL_PATTERN,
      outputs: [{ name: 'main', urlSecretRef: { name: 'service', key: 'url' } }],
    }),
  ]);
  await fixture.untilCondition('vp', 'good', { type: 'Ready', status: 'True' }, 90_000);
  // The streams with a problem have reported it by now: such a message could reveal a URL.
  await fixture.untilCondition(
    'vp',
    'refused',
    { type: 'Ready', status: 'False', reason: 'CredentialsRefused' },
    60_000,
  );
  await fixture.untilCondition(
    'vp',
    'camera',
    { type: 'Ready', status: 'False', reason: 'CredentialsRefused' },
    60_000,
  );
  await fixture.untilCondition('vp', 'outside', { type: 'Published', status: 'False' }, 60_000);

  const secrets = await allValues();
  // Three values of this test, two of the server, two of the operator for it, and the operator's key, each as
  // text and as base64.
  expect(secrets.length).toBeGreaterThanOrEqual(2 * 7);
  const all = await places();
  expect([...all.keys()].filter((place) => place.startsWith('log of')).length).toBeGreaterThanOrEqual(8);
  const leaks = [...all].flatMap(([place, text]) =>
    secrets.filter((value) => text.includes(value)).map((value) => `${place}: ${value.slice(0, 4)}…`),
  );
  expect(leaks).toEqual([]);
});

it('no argument or environment variable of a process contains a secret', async ({ skip }) => {
  skip(inject('suite').kind !== 'node', 'processes are only seen on a node of this machine');
  const secrets = await allValues();
  const leaks = readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const text = ['cmdline', 'environ']
          .map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1'))
          .join('\0');
        return secrets.some((value) => text.includes(value)) ? [`${pid} ${text.slice(0, 80)}`] : [];
      } catch {
        return [];
      }
    });
  expect(leaks).toEqual([]);
});

it('an rtmps output trusts the authority of caSecretRef or, by insecureSkipVerify, everyone, and else nobody', async () => {
  const at = await startRtmpsServer(fixture, inject('suite').images.mediaMtx);
  const push = (name: string, trust: object): object =>
    videoPush(name, '', {
      source: SMALL_PATTERN,
      outputs: [{ name: 'main', url: at(`live/${name}`), ...trust }],
    });
  await fixture.apply([
    push('distrusting', {}),
    push('trusting', { caSecretRef: { name: AUTHORITY } }),
    push('careless', { insecureSkipVerify: true }),
  ]);
  const published = (name: string, status: string) =>
    fixture.untilCondition('vp', name, { type: 'Published', status }, 30_000);
  const refusal = fixture.until(
    'vp',
    'distrusting',
    'the certificate is refused',
    ({ status }) =>
      status?.conditions?.some(({ type, status: is, message }: Record<string, string>) => {
        return type === 'Published' && is === 'False' && message?.includes('certificate is not accepted');
      }) ?? false,
    30_000,
  );
  await Promise.all([published('trusting', 'True'), published('careless', 'True'), refusal]);
}, 60_000);
