/**
 * Streams keep running through an upgrade from the chart and the CRDs of an older commit, and the new release
 * then manages them. scripts/test/old-commit.mjs chooses the older commit unless VIDEOPUSH_OLD_COMMIT
 * names one. Its release runs the current images, because the test is about its templates, its CRDs and its
 * settings; the new one runs them under another tag.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { repoRoot } from '../../scripts/paths.mjs';
import { oldCommit } from '../../scripts/test/old-commit.mjs';
import { type Cluster, startCluster } from '../support/cluster/index.ts';
import { mediaServer, SMALL_PATTERN, videoPush } from '../support/e2e/manifests.ts';
import { TestNamespace } from '../support/e2e/namespace.ts';
import { retagged } from '../support/e2e/retagged-image.ts';
import {
  CHART,
  OPERATOR_NAMESPACE,
  RELEASE,
  RELEASE_SETTINGS,
  releaseHelm,
  releaseKubectl,
  WAIT,
} from '../support/e2e/suite.ts';
import { testImages } from '../support/images.ts';
import { run } from '../support/program.ts';
import { Scratch } from '../support/tools.ts';

const STREAMS = ['one-pod', 'two-pods'];
const scratch = new Scratch();
let cluster: Cluster;
let namespace: TestNamespace;
/** Of the images as they are built. An older chart alone would take those of its own version. */
let current: string;

/** Settings that make a release take both images by this tag. */
const ofTag = (tag: string): string[] =>
  ['image.tag', 'worker.image.tag'].flatMap((setting) => ['--set', `${setting}=${tag}`]);

/** The chart of a commit; the CRDs are in it. */
async function chartOf(commit: string): Promise<string> {
  const unpack = 'git archive "$1" charts/videopush | tar -xf - -C "$2"';
  await run('bash', ['-o', 'pipefail', '-c', unpack, 'unpack', commit, scratch.path], { cwd: repoRoot });
  return join(scratch.path, 'charts', 'videopush');
}

beforeAll(async () => {
  const images = await testImages({ onLine: console.log });
  current = images.operator.split(':').at(-1) ?? '';
  cluster = await startCluster({ onLine: console.log });
  const { operator, worker } = images.files;
  const next = await Promise.all([operator, worker].map((file) => retagged(file, 'next', scratch.path)));
  await cluster.loadImages([...images.archives, ...next]);
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR_NAMESPACE } };
  await cluster.kubectl(['apply', '-f', '-'], { input: stringify(object) });
}, 900_000);

afterAll(async () => {
  await cluster?.close();
  scratch[Symbol.dispose]();
});

/** Every pod with the containers that run in it. */
const containers = async (): Promise<string[]> =>
  (await namespace.list('pod'))
    .map(({ metadata, status }) => {
      const all = [...(status.initContainerStatuses ?? []), ...status.containerStatuses];
      return `${metadata.name} ${all.map(({ containerID }) => containerID).join(' ')}`;
    })
    .sort();

it("streams that run under an older commit's chart go on through the upgrade, and follow changes after it", async () => {
  const commit = oldCommit();
  console.log(`from ${commit}`);
  const settings = [...RELEASE_SETTINGS, ...ofTag(current)];
  await releaseHelm(cluster, 'install', RELEASE, await chartOf(commit), ...settings, ...WAIT);
  namespace = await TestNamespace.create(cluster, 'older');
  await namespace.apply([
    mediaServer('live'),
    videoPush('one-pod', 'live', { source: SMALL_PATTERN }),
    videoPush('two-pods', 'live', { source: SMALL_PATTERN, topology: 'Split' }),
  ]);
  const ready = { type: 'Ready', status: 'True' };
  for (const name of STREAMS) await namespace.untilCondition('vp', name, ready, 120_000);
  const before = await containers();

  await releaseHelm(cluster, 'upgrade', RELEASE, CHART, ...RELEASE_SETTINGS, ...ofTag('next'), ...WAIT);
  const image = ['get', 'deployment', RELEASE, '-o', 'jsonpath={..image}'];
  expect(await releaseKubectl(cluster, ...image)).toBe('videopush/operator:next');
  // Once the new operator has handled a new stream, it has reconciled the older ones, too.
  await namespace.apply([videoPush('fresh', 'live', { source: SMALL_PATTERN })]);
  await namespace.untilCondition('vp', 'fresh', ready, 120_000);
  const kept = (await containers()).filter((line) => !line.startsWith('fresh'));
  expect(kept).toEqual(before);

  // A change reaches the older streams as it reaches any stream.
  for (const name of STREAMS) {
    await namespace.kubectl([
      'patch',
      'vp',
      name,
      '--type',
      'merge',
      '-p',
      '{"spec":{"video":{"bitrateKbps":700}}}',
    ]);
    await namespace.untilCondition('vp', name, ready, 120_000);
  }
  await namespace.remove();
});
