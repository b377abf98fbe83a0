/**
 * Every command that a page or a help prints for a cluster runs as printed, in an order that a reader could
 * follow, from the installation to the removal. This file runs last, because it removes the release.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { stringify } from 'yaml';
import { kubernetesTarget, repoRoot } from '../../scripts/paths.mjs';
import type { Cluster } from '../support/cluster/index.ts';
import { eventually } from '../support/e2e/eventually.ts';
import { SMALL_PATTERN, videoPush } from '../support/e2e/manifests.ts';
import { renamed } from '../support/e2e/retagged-image.ts';
import { RELEASE, releaseHelm, suiteCluster, WAIT } from '../support/e2e/suite.ts';
import { checkout, type } from '../support/printed/shell.ts';
import { CLUSTER } from '../support/printed/table.ts';

/** What `mediaServer.image` is in charts/videopush/values.yaml; a node without a registry has only ours. */
const DEFAULT_MEDIAMTX = 'bluenviron/mediamtx:1.21.0';
const STEP_MILLISECONDS = 15 * 60_000;
const isOurs = inject('suite').kind === 'node';
const archives = mkdtempSync(join(tmpdir(), 'videopush-e2e-'));
const folder = checkout();
let cluster: Cluster;

beforeAll(async () => {
  cluster = await suiteCluster();
  if (!isOurs) return;
  await cluster.loadImages([
    await renamed(inject('suite').images.files.mediaMtx, DEFAULT_MEDIAMTX, archives),
  ]);
  await releaseHelm(cluster, 'uninstall', RELEASE, ...WAIT);
});

afterAll(async () => {
  folder[Symbol.dispose]();
  rmSync(archives, { recursive: true, force: true });
  await cluster?.close();
});

beforeEach(({ skip }) => {
  skip(!isOurs, 'the cluster is not of these tests, and in the end nothing is left on it');
});

const apply = (objects: readonly object[]): Promise<string> =>
  cluster.kubectl(['apply', '-f', '-'], { input: objects.map((one) => stringify(one)).join('---\n') });

/** Prepares what the page presumes before a command. */
const GIVEN: Readonly<Record<string, () => Promise<unknown>>> = {
  'kubectl get videopush,mediaserver -n studio -o yaml | npx videopush render -': async () => {
    await cluster.kubectl(['create', 'namespace', 'studio']);
    const files = ['1-server.yaml', '2-stream.yaml'].flatMap((name) => [
      '-f',
      join(repoRoot, 'examples', name),
    ]);
    await cluster.kubectl(['apply', '-n', 'studio', ...files]);
  },
  'kubectl get videopush demo -o yaml | videopush render --nats nats://nats:4222 -': () => {
    const outputs = [{ name: 'main', url: 'rtsp://nowhere.example/demo' }];
    return apply([videoPush('demo', '', { source: SMALL_PATTERN, outputs })]);
  },
  'kubectl logs job/NAME-stream -c encoder': async () => {
    const source = {
      testPattern: { ...SMALL_PATTERN.testPattern, durationSeconds: 3600 },
      onEnd: 'Complete',
    };
    await apply([videoPush('ending', 'live', { source })]);
    const isRunning = ['-o', 'jsonpath={.items[*].status.phase}'];
    await eventually(
      'the pod of a stream with an end runs',
      async () =>
        (await cluster.kubectl(['get', 'pod', '-l', 'job-name=ending-stream', ...isRunning])) === 'Running',
      120_000,
    );
  },
  'kubectl delete crd videopushes.videopush.dev mediaservers.videopush.dev videopushsets.videopush.dev': () =>
    cluster.helm(['uninstall', 'other', '--namespace', 'other', ...WAIT]),
};

/** Uses what a command serves while it runs. */
const MEANWHILE: Readonly<Record<string, () => Promise<void>>> = {
  'kubectl port-forward service/live-media 8888': async () => {
    const page = 'http://localhost:8888/hello/';
    await eventually(
      `a page at ${page}`,
      async () => (await fetch(page).catch(() => null))?.ok === true,
      30_000,
    );
  },
};

it.each(CLUSTER)(
  'the command “$command” works on a cluster as it is printed',
  async (step) => {
    await GIVEN[step.command]?.();
    const env = { KUBECONFIG: cluster.kubeconfig, HOME: archives, NO_PROXY: '*', no_proxy: '*' };
    const where = {
      cwd: folder.path,
      // Images and nodes are made with the machine's own settings.
      env: /^(npm|npx node) /.test(step.command) ? {} : env,
      programs: [kubernetesTarget()],
      limitMilliseconds: STEP_MILLISECONDS,
    };
    await type(step, where, MEANWHILE[step.command]);
  },
  STEP_MILLISECONDS + 60_000,
);

it('uninstalling as printed leaves nothing of VideoPush on the cluster', async () => {
  const definitions = await cluster.kubectl(['get', 'crd', '-o', 'name']);
  expect(definitions).not.toContain('videopush.dev');
});
