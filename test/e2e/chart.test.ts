/** The chart on a real cluster: what it renders is taken, and its release can be installed, tested, upgraded and taken away. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { parseConfig } from '../../operator/src/config.ts';
import type { KubeObject } from '../../operator/src/kube/objects.ts';
import { repoRoot } from '../../scripts/paths.mjs';
import { type Cluster, startCluster } from '../support/cluster/index.ts';
import { World } from '../support/e2e/world.ts';
import { type TestImages, testImages } from '../support/images.ts';

const chart = join(repoRoot, 'charts', 'videopush');
const variants = globSync('ci/*.yaml', { cwd: chart }).sort();
const RELEASE = 'chart-test';
const NAMESPACE = 'chart-test';
/** Of Prometheus' own operator, which a test cluster does not have. */
const MONITORING = 'monitoring.coreos.com/v1';

let cluster: Cluster;
let images: TestImages;

beforeAll(async () => {
  images = await testImages();
  cluster = await startCluster();
  await cluster.loadImages(images.archives);
  for (const name of [NAMESPACE, 'studio', 'archive']) {
    await cluster.kubectl(['apply', '-f', '-'], {
      input: stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
    });
  }
}, 900_000);

afterAll(async () => {
  for (const name of [NAMESPACE, 'studio', 'archive'])
    await cluster?.kubectl(['delete', 'namespace', name, '--ignore-not-found'], {
      limitMilliseconds: 120_000,
    });
  await cluster?.close();
}, 300_000);

const helm = (...args: string[]): Promise<string> =>
  cluster.helm([...args, '--namespace', NAMESPACE], { limitMilliseconds: 240_000 });

async function render(variant: string): Promise<KubeObject[]> {
  const text = await helm('template', RELEASE, chart, '--values', join(chart, variant));
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as KubeObject | null) ?? []);
}

describe.each(variants)('the chart with %s', (variant) => {
  test('passes the linter', async () => {
    const said = await helm('lint', '--strict', chart, '--values', join(chart, variant));
    expect(said).toContain('0 chart(s) failed');
  });

  test('renders only what the API server takes, to the last field', async () => {
    const objects = await render(variant);
    // A pod is looked at together with its account, which a dry run has not made.
    const known = objects
      .filter(({ apiVersion }) => apiVersion !== MONITORING)
      .map((object) =>
        object.kind === 'Pod'
          ? { ...object, spec: { ...(object.spec as object), serviceAccountName: 'default' } }
          : object,
      );
    const input = known.map((object) => stringify(object)).join('---\n');
    const said = await cluster.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], {
      input,
    });
    expect(said.match(/\(server dry run\)/g)).toHaveLength(known.length);
  });

  test('gives the operator a configuration that it takes', async () => {
    const config = (await render(variant)).find(
      (object) => object.kind === 'ConfigMap' && 'operator.json' in (object.data as object),
    );
    const text = (config?.data as Record<string, string> | undefined)?.['operator.json'] ?? '';
    expect(() => parseConfig(text)).not.toThrow();
  });
});

test.each([
  [
    'two NATS',
    'nats.enabled=true,nats.address=nats://a:4222',
    'nats.enabled is true and nats.address is set',
  ],
  [
    'two operators without an election',
    'replicaCount=2,leaderElection.enabled=false',
    'leaderElection.enabled=true',
  ],
  [
    'two monitors of one thing',
    'metrics.serviceMonitor.enabled=true,metrics.podMonitor.enabled=true',
    'scraped twice',
  ],
  ['a lease that is shorter than its renewal', 'leaderElection.leaseDurationSeconds=5', 'must be more than'],
  ['one port for two pages', 'ports.health=8080', 'Set different ports'],
  ['a typo', 'nats.adress=x', "additional properties 'adress' not allowed"],
])('the chart refuses %s and says what to write', async (_, values, words) => {
  await expect(helm('template', RELEASE, chart, '--set', values)).rejects.toThrow(words);
});

test('a release is installed, tested, upgraded, rolled back, taken away and installed again under a running stream', async () => {
  const repositories = 'mediaServer.image.repository=videopush/mediamtx';
  const settings = ['--set', repositories, '--set', `watchNamespaces={${NAMESPACE}}`];
  const wait = ['--wait', '--timeout', '120s'];
  // Definitions that somebody else's release brought are shared: a test must not make them its own for good.
  await helm('install', RELEASE, chart, ...settings, ...wait, '--take-ownership');
  await helm('test', RELEASE, '--timeout', '240s');

  const world = await World.create(cluster, NAMESPACE);
  await world.kubectl(['apply', '-f', join(repoRoot, 'examples', '1-server.yaml')]);
  await world.kubectl(['apply', '-f', join(repoRoot, 'examples', '2-stream.yaml')]);
  await world.untilCondition('vp', 'hello', { type: 'Ready', status: 'True' }, 90_000);
  const stream = async (): Promise<string[]> =>
    (await world.list('pod', 'app.kubernetes.io/instance=hello')).map(
      ({ metadata, status }) => `${metadata.uid} ${status.containerStatuses[0].restartCount}`,
    );
  const before = await stream();
  expect(before).toHaveLength(1);

  await helm('upgrade', RELEASE, chart, ...settings, ...wait, '--set', 'logLevel=debug,replicaCount=2');
  expect(await stream()).toEqual(before);
  await helm('rollback', RELEASE, '1', ...wait);
  expect(await stream()).toEqual(before);
  await helm('uninstall', RELEASE, ...wait);
  const definitions = await cluster.kubectl(['get', 'crd', '-o', 'name']);
  for (const plural of ['videopushes', 'mediaservers', 'videopushsets'])
    expect(definitions).toContain(`${plural}.videopush.dev`);
  expect(await stream()).toEqual(before);
  await helm('install', RELEASE, chart, ...settings, ...wait);
  await world.untilCondition('vp', 'hello', { type: 'Ready', status: 'True' }, 60_000);
  expect(await stream()).toEqual(before);

  await world.kubectl(['delete', 'vp,ms', '--all']);
  await helm('uninstall', RELEASE, ...wait);
}, 600_000);

test('the definitions in the chart are those in crds/', () => {
  for (const file of globSync('*.yaml', { cwd: join(repoRoot, 'crds') })) {
    const copy = readFileSync(join(chart, 'files', 'crds', file), 'utf8');
    expect(copy, file).toBe(readFileSync(join(repoRoot, 'crds', file), 'utf8'));
  }
});
