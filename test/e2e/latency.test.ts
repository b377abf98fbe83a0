/** Prints the time from an apply to the objects and to a viewer's first picture. No figure fails a test. */

import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { DEPLOYMENTS } from '../../operator/src/kube/kinds.ts';
import { VIDEO_PUSHES } from '../../resources/src/kinds.ts';
import type { KubeObject } from '../../resources/src/objects.ts';
import { makeClip } from '../support/clips.ts';
import type { Cluster } from '../support/cluster/index.ts';
import { addClip } from '../support/e2e/clips-pod.ts';
import { openFixture } from '../support/e2e/fixture.ts';
import { videoPush } from '../support/e2e/manifests.ts';
import type { TestNamespace } from '../support/e2e/namespace.ts';
import { viewerUrl } from '../support/e2e/reader.ts';
import { OPERATOR_NAMESPACE, suiteCluster } from '../support/e2e/suite.ts';
import { Viewer } from '../support/e2e/viewer.ts';
import { quantile } from '../support/pacing-figures.ts';
import { Scratch } from '../support/tools.ts';

const TIMES = 20;
const SERVER = 'live';

let cluster: Cluster;
let fixture: TestNamespace;
let film: string;
const scratch = new Scratch();

beforeAll(async () => {
  cluster = await suiteCluster();
  fixture = await openFixture(cluster, 'figures', SERVER);
  const path = await makeClip({ path: scratch.file('a.mp4'), frames: 500, width: 320, height: 180, gop: 25 });
  film = await addClip(fixture, path, 'a.mp4');
});

afterAll(async () => {
  await fixture?.remove();
  await cluster?.close();
  scratch[Symbol.dispose]();
});

function words(seconds: readonly number[]): string {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (share: number): string => quantile(sorted, share).toFixed(2);
  return `p50 ${at(0.5)} s, p95 ${at(0.95)} s, p99 ${at(0.99)} s of ${seconds.length}`;
}

it(`${TIMES} streams in a row are timed until their objects exist and until a viewer sees them`, async () => {
  const base = await viewerUrl(fixture, SERVER, '');
  const objects: number[] = [];
  const pictures: number[] = [];
  const pushes = fixture.resource(VIDEO_PUSHES);
  for (let i = 0; i < TIMES; i++) {
    const name = `take-${i}`;
    const push = videoPush(name, SERVER, { source: { uri: film, onEnd: 'Repeat' } }) as KubeObject;
    push.metadata.namespace = fixture.namespace;
    await using viewer = new Viewer(`${base}${name}`);
    const since = performance.now();
    await pushes.apply(push, { fieldManager: 'figures', signal: AbortSignal.timeout(10_000) });
    while ((await fixture.get(DEPLOYMENTS, `${name}-stream`)) === null) {
      if (performance.now() - since > 30_000) throw new Error(`${name} has no Deployment after 30 s`);
      await sleep(5);
    }
    objects.push((performance.now() - since) / 1000);
    await viewer.until('the first picture', (frames) => frames.length > 0, 60_000);
    pictures.push((performance.now() - since) / 1000);
    await fixture.kubectl(['delete', 'vp', name, '--wait=false']);
  }
  console.log(`apply to child objects: ${words(objects)} (target p99 0.5 s)`);
  console.log(`apply to the first frame at a viewer: ${words(pictures)} (target p95 8 s)`);
  expect(pictures).toHaveLength(TIMES);
});

it('the sizes of the images and the memory of the operator are printed', async () => {
  const { files } = inject('suite').images;
  for (const file of Object.values(files)) {
    console.log(`image ${basename(file)}: ${(statSync(file).size / 1e6).toFixed(0)} MB`);
  }
  const pods = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods`;
  const query = '?labelSelector=app.kubernetes.io/component%3Doperator';
  const { items } = JSON.parse(await cluster.kubectl(['get', '--raw', pods + query]));
  const page = await cluster.kubectl([
    'get',
    '--raw',
    `${pods}/${items[0].metadata.name}:8080/proxy/metrics`,
  ]);
  const bytes = Number(/^process_resident_memory_bytes (\S+)/m.exec(page)?.[1]);
  console.log(`the operator's resident memory: ${(bytes / 1e6).toFixed(0)} MB`);
  expect(bytes).toBeGreaterThan(0);
});
