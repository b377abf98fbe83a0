/** In a cluster of two nodes, streams use both, leave a drained node, and survive the death of a node. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { LABELS } from '../../resources/src/builders/names.ts';
import { makeClip } from '../support/clips.ts';
import { type FurtherNode, type NodeCluster, startNode } from '../support/cluster/index.ts';
import { addClip, startClips } from '../support/e2e/clips-pod.ts';
import { eventually } from '../support/e2e/eventually.ts';
import { mediaServer, videoPush } from '../support/e2e/manifests.ts';
import { conditionOf, TestNamespace } from '../support/e2e/namespace.ts';
import { viewerUrl } from '../support/e2e/reader.ts';
import { type Role, StreamView } from '../support/e2e/stream-view.ts';
import {
  CHART,
  OPERATOR_NAMESPACE,
  RELEASE,
  RELEASE_SETTINGS,
  releaseHelm,
  WAIT,
} from '../support/e2e/suite.ts';
import { continuity, Viewer } from '../support/e2e/viewer.ts';
import { FLAWLESS, judge } from '../support/frame-verdict.ts';
import { testImages } from '../support/images.ts';
import { Recorder } from '../support/recorder.ts';
import { readStamps } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';

const RATE = 25;
/** The length of the clip in frames: it outlasts all tests of one stream. */
const FRAMES = 20 * 60 * RATE;
const FAR = 'videopush-far';
const READY = { type: 'Ready', status: 'True' };
const LOST = { type: 'Ready', status: 'False', reason: 'NodeUnreachable' };
/** A cluster waits 50 s for a silent node, then 30 s for its pods; a busy machine may need twice as long. */
const NODE_LOSS_MILLISECONDS = 180_000;
/** The operator waits 90 s for pods that do not end. */
const DELETION_MILLISECONDS = 150_000;

const scratch = new Scratch();
let cluster: NodeCluster;
let far: FurtherNode;
let namespace: TestNamespace;
let uri: string;

/** The other node joins last, so that everything that streams need runs on the first one. */
beforeAll(async () => {
  const images = await testImages({ onLine: console.log });
  cluster = await startNode({ onLine: console.log });
  await cluster.loadImages(images.archives);
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR_NAMESPACE } };
  await cluster.kubectl(['apply', '-f', '-'], { input: stringify(object) });
  await releaseHelm(cluster, 'install', RELEASE, CHART, ...RELEASE_SETTINGS, ...WAIT);
  namespace = await TestNamespace.create(cluster, 'two-nodes');
  await startClips(namespace, images.busybox);
  const [width, height, rate] = [320, 180, `${RATE}`];
  const path = join(scratch.path, 'long.mp4');
  const clip = await makeClip({ path, frames: FRAMES, width, height, rate, gop: RATE, bitRate: '150k' });
  uri = await addClip(namespace, clip, 'long.mp4');
  await namespace.apply([mediaServer('live')]);
  await namespace.untilCondition('ms', 'live', READY, 60_000);
  far = await cluster.join(FAR, { onLine: console.log });
  await far.loadImages(images.archives);
}, 900_000);

afterAll(async () => {
  await cluster?.close();
  scratch[Symbol.dispose]();
});

const kubectl = (...args: string[]): Promise<string> => cluster.kubectl(args, { limitMilliseconds: 120_000 });

async function nodeOf(stream: StreamView, role: Role): Promise<string> {
  return (await stream.podOf(role)).spec.nodeName;
}

const sawMore = (viewer: Viewer, frames: number): Promise<void> => {
  const before = viewer.stamped().length;
  return viewer.until(`${frames} more frames`, (seen) => seen.length >= before + frames, 60_000);
};

/** The further node, as long as it takes pods. */
const RATHER_FAR = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        preference: { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [FAR] }] },
      },
    ],
  },
};

it('a stream in one pod comes back on another node when its own is drained', async () => {
  const placement = { affinity: RATHER_FAR };
  await namespace.apply([videoPush('show', 'live', { placement, source: { uri } })]);
  await namespace.untilCondition('vp', 'show', READY, 90_000);
  const stream = new StreamView(namespace, 'show');
  expect(await nodeOf(stream, 'encoder')).toBe(FAR);
  await using viewer = new Viewer(await viewerUrl(namespace, 'live', 'show'));
  await sawMore(viewer, 4 * RATE);

  await kubectl('drain', FAR, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=90s');
  const moved = async () =>
    (await nodeOf(stream, 'encoder')) !== FAR && (await stream.status('encoder')).pid > 0;
  await eventually('the stream runs on the other node', moved, 90_000);
  await namespace.untilCondition('vp', 'show', READY, 60_000);
  await sawMore(viewer, 4 * RATE);
  const seen = continuity(
    viewer.stamped().map(({ index }) => index),
    FRAMES,
  );
  console.log(`drained: ${JSON.stringify(seen)}, ${JSON.stringify(await stream.ledger())}`);
  // Its position was in its pod's memory: it begins again, and says so.
  expect(seen).toMatchObject({ missing: [], begun: 1 });
  const events = await namespace.kubectl(['get', 'events', '-o', 'jsonpath={.items[*].reason}']);
  expect(events).toContain('RestartedFromBeginning');
  await namespace.kubectl(['delete', 'vp', 'show']);
  await kubectl('uncordon', FAR);
});

/** The pods of one stream on different nodes, as long as there are two that take pods. */
const ratherApart = (name: string) => ({
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        podAffinityTerm: {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: { matchLabels: { [LABELS.instance]: name } },
        },
      },
    ],
  },
});

it("a stream in two pods goes on with every frame on another node when its decoder's node dies, and a finite one waits", async () => {
  await using recorder = await Recorder.start({
    address: cluster.hostAddress,
    dumpPrefix: scratch.file('seen'),
  });
  // On the first node as a whole; then the decoder leaves it.
  await kubectl('cordon', FAR);
  await namespace.apply([
    videoPush('film', 'live', {
      topology: 'Split',
      placement: { affinity: ratherApart('film') },
      source: { uri, onEnd: 'Repeat' },
      outputs: [
        { name: 'main', serverRef: { name: 'live' } },
        { name: 'record', url: recorder.url() },
      ],
    }),
  ]);
  await namespace.untilCondition('vp', 'film', READY, 90_000);
  const stream = new StreamView(namespace, 'film');
  await using viewer = new Viewer(await viewerUrl(namespace, 'live', 'film'));
  await kubectl('uncordon', FAR);
  await stream.deletePod('decoder');
  expect([await nodeOf(stream, 'decoder'), await nodeOf(stream, 'encoder')]).toEqual([
    FAR,
    expect.not.stringContaining(FAR),
  ]);
  await namespace.apply([
    videoPush('once', 'live', { placement: { affinity: RATHER_FAR }, source: { uri } }),
  ]);
  await namespace.untilCondition('vp', 'once', READY, 180_000);
  const once = new StreamView(namespace, 'once');
  expect(await nodeOf(once, 'encoder')).toBe(FAR);
  await sawMore(viewer, 10 * RATE);

  const since = performance.now();
  const after = () => `${((performance.now() - since) / 1000).toFixed(0)} s`;
  await far.lose();
  const { message } = await namespace.untilCondition('vp', 'film', LOST, NODE_LOSS_MILLISECONDS);
  console.log(`after ${after()}: ${message}`);
  expect(message).toContain(FAR);
  await namespace.untilCondition('vp', 'once', LOST, NODE_LOSS_MILLISECONDS);
  await namespace.untilCondition('vp', 'film', READY, NODE_LOSS_MILLISECONDS);
  console.log(`after ${after()}: Ready`);
  expect(await nodeOf(stream, 'decoder')).not.toBe(FAR);
  await sawMore(viewer, 10 * RATE);
  const ledger = await stream.ledger();
  const film = await namespace.get('vp', 'film');
  expect(film && conditionOf(film, 'Published')).toMatchObject({ status: 'True' });
  // The pod on the dead node never ends, but it delays the deletion only for a limited time.
  await namespace.kubectl(['delete', 'vp', 'film'], { limitMilliseconds: DELETION_MILLISECONDS });

  // A Job starts no second pod while the first may still run, until somebody deletes the dead node.
  await namespace.untilCondition('vp', 'once', LOST, 1_000);
  await kubectl('delete', 'node', FAR);
  await namespace.untilCondition('vp', 'once', READY, NODE_LOSS_MILLISECONDS);
  expect(await nodeOf(once, 'encoder')).not.toBe(FAR);

  await recorder.untilClosed(60_000);
  const indices = (await readStamps(`${scratch.file('seen')}.1.h264`)).map(({ index }) => index ?? -1);
  const seen = continuity(
    viewer.stamped().map(({ index }) => index),
    FRAMES,
  );
  console.log(
    `viewer: ${viewer.connections} connections, missed ${seen.missing.length}, saw ${seen.repeated} again; ` +
      `${indices.length} frames arrived at the recorder; ledger ${JSON.stringify(ledger)}`,
  );
  expect(judge(indices, 0, indices.length - 1)).toEqual(FLAWLESS);
  expect(ledger).toMatchObject({ lost: 0, repeated: 0 });
  expect(indices.length).toBeGreaterThanOrEqual(ledger.sent);
  expect(seen).toMatchObject({ begun: 0, repeated: 0 });
});
