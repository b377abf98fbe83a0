/** The chart on a real cluster: its objects are valid; its release is tested, upgraded and uninstalled. */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { parseConfig } from '../../operator/src/config.ts';
import type { KubeObject } from '../../resources/src/objects.ts';
import { repoRoot } from '../../scripts/paths.mjs';
import type { Cluster } from '../support/cluster/index.ts';
import { eventually } from '../support/e2e/eventually.ts';
import { mediaServer, SMALL_PATTERN, videoPush } from '../support/e2e/manifests.ts';
import { bringMonitoring } from '../support/e2e/monitoring.ts';
import { TestNamespace } from '../support/e2e/namespace.ts';
import { retagged } from '../support/e2e/retagged-image.ts';
import {
  CHART,
  OPERATOR_NAMESPACE,
  RELEASE,
  RELEASE_SETTINGS,
  releaseHelm,
  releaseKubectl,
  suiteCluster,
  WAIT,
} from '../support/e2e/suite.ts';

const variants = globSync('ci/*.yaml', { cwd: CHART }).sort();
const OTHERS = ['studio', 'archive'];
const folder = mkdtempSync(join(tmpdir(), 'videopush-e2e-'));
let cluster: Cluster;
let leaveMonitoring: (() => Promise<void>) | undefined;

beforeAll(async () => {
  cluster = await suiteCluster();
  // The values name these namespaces, and the chart puts Roles into them.
  const namespaces = OTHERS.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  await cluster.kubectl(['apply', '-f', '-'], {
    input: namespaces.map((one) => stringify(one)).join('---\n'),
  });
  leaveMonitoring = await bringMonitoring(cluster, folder);
});

afterAll(async () => {
  await leaveMonitoring?.();
  await cluster?.kubectl(['delete', 'namespace', ...OTHERS, '--ignore-not-found'], {
    limitMilliseconds: 120_000,
  });
  await cluster?.close();
  rmSync(folder, { recursive: true, force: true });
});

const helm = (...args: string[]): Promise<string> =>
  cluster.helm([...args, '--namespace', OPERATOR_NAMESPACE], { limitMilliseconds: 240_000 });

async function render(variant: string): Promise<KubeObject[]> {
  const text = await helm('template', RELEASE, CHART, '--values', join(CHART, variant));
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as KubeObject | null) ?? []);
}

describe.each(variants)('the chart with %s', (variant) => {
  it(`the chart with ${variant} passes the linter`, async () => {
    const said = await helm('lint', '--strict', CHART, '--values', join(CHART, variant));
    expect(said).toContain('0 chart(s) failed');
  });

  it(`the chart with ${variant} renders only what the API server takes, to the last field`, async () => {
    const objects = await render(variant);
    // The API server checks a pod together with its service account, which a dry run does not create.
    const known = objects.map((object) =>
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

  it(`the chart with ${variant} gives the operator a configuration that it takes`, async () => {
    const config = (await render(variant)).find(
      (object) => object.kind === 'ConfigMap' && 'operator.json' in (object.data as object),
    );
    const text = (config?.data as Record<string, string> | undefined)?.['operator.json'] ?? '';
    expect(() => parseConfig(text)).not.toThrow();
  });
});

it.each([
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
  await expect(helm('template', RELEASE, CHART, '--set', values)).rejects.toThrow(words);
});

describe('the release', () => {
  let fixture: TestNamespace;
  let next: string[];

  beforeAll(async () => {
    fixture = await TestNamespace.create(cluster, 'release');
    await fixture.apply([
      mediaServer('live'),
      videoPush('one-pod', 'live', { source: SMALL_PATTERN }),
      videoPush('two-pods', 'live', { source: SMALL_PATTERN, topology: 'Split' }),
    ]);
    for (const name of ['one-pod', 'two-pods'])
      await fixture.untilCondition('vp', name, { type: 'Ready', status: 'True' }, 90_000);
    const { files } = inject('suite').images;
    next = await Promise.all([files.operator, files.worker].map((file) => retagged(file, 'next', folder)));
    await cluster.loadImages(next);
  });

  afterAll(() => fixture?.remove());

  const release = (...args: string[]): Promise<string> => releaseHelm(cluster, ...args);

  /** Every pod of the streams and their server, with the containers that run in it. */
  const processRuns = async (): Promise<string[]> =>
    (await fixture.list('pod'))
      .map(({ metadata, status }) => {
        const containers = [...(status.initContainerStatuses ?? []), ...status.containerStatuses];
        return `${metadata.name} ${containers.map(({ containerID }) => containerID).join(' ')}`;
      })
      .sort();

  it('the release passes its own test', async () => {
    const said = await release('test', RELEASE, '--timeout', '240s', '--logs');
    expect(said).toContain('Phase:          Succeeded');
  });

  it('the release is upgraded to other images and settings and rolled back while streams run', async () => {
    const before = await processRuns();
    expect(before).toHaveLength(4);
    const tags = ['image.tag=next', 'worker.image.tag=next', 'mediaServer.image.tag=next'];
    const upgrade = [...tags, 'logLevel=debug', 'replicaCount=2'];
    const settings = upgrade.flatMap((setting) => ['--set', setting]);
    await release('upgrade', RELEASE, CHART, ...RELEASE_SETTINGS, ...settings, ...WAIT);
    const images = ['get', 'deployment', RELEASE, '-o', 'jsonpath={..image}'];
    expect(await releaseKubectl(cluster, ...images)).toBe('videopush/operator:next');
    await follows('upgraded');
    expect(await processRuns()).toEqual(before);
    await release('rollback', RELEASE, '1', ...WAIT);
    await follows('rolled-back');
    expect(await processRuns()).toEqual(before);
  });

  it('the release is uninstalled and installed again while CRDs and streams stay', async () => {
    const before = await processRuns();
    await fixture.kubectl(['delete', 'vp', 'two-pods']);
    const kept = before.filter((run) => !run.startsWith('two-pods'));
    // The containers of its pods have ended by now; kubelet removes the pods a moment later.
    await eventually('its pods are gone', async () => (await processRuns()).length === kept.length, 60_000);
    await release('uninstall', RELEASE, ...WAIT);
    const definitions = await cluster.kubectl(['get', 'crd', '-o', 'name']);
    for (const plural of ['videopushes', 'mediaservers', 'videopushsets'])
      expect(definitions).toContain(`${plural}.videopush.dev`);
    expect(await processRuns()).toEqual(kept);
    await release('install', RELEASE, CHART, ...RELEASE_SETTINGS, ...WAIT);
    await follows('installed');
    expect(await processRuns()).toEqual(kept);
  });

  /** Waits until the running operator sets the condition of a new stream. */
  async function follows(name: string): Promise<void> {
    await fixture.apply([videoPush(name, 'nowhere', { source: SMALL_PATTERN })]);
    const missing = { type: 'Ready', status: 'False', reason: 'MediaServerMissing' };
    await fixture.untilCondition('vp', name, missing, 60_000);
    await fixture.kubectl(['delete', 'vp', name]);
  }
});

it('the CRDs in the chart are those in crds/', () => {
  for (const file of globSync('*.yaml', { cwd: join(repoRoot, 'crds') })) {
    const copy = readFileSync(join(CHART, 'files', 'crds', file), 'utf8');
    expect(copy, file).toBe(readFileSync(join(repoRoot, 'crds', file), 'utf8'));
  }
});
