/** A stream recovers from every kill by itself, with or without an operator, and its ledger is correct. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import type { Cluster } from '../support/cluster/index.ts';
import { addClip, startClips } from '../support/e2e/clips-pod.ts';
import { eventually } from '../support/e2e/eventually.ts';
import { mediaServer, videoPush } from '../support/e2e/manifests.ts';
import { TestNamespace } from '../support/e2e/namespace.ts';
import { viewerUrl } from '../support/e2e/reader.ts';
import { type StreamLedger, StreamView } from '../support/e2e/stream-view.ts';
import { OPERATOR_NAMESPACE, RELEASE, scaleOperator, suiteCluster } from '../support/e2e/suite.ts';
import { continuity, longestGap, Viewer } from '../support/e2e/viewer.ts';
import { monotonicMilliseconds } from '../support/recorder.ts';

/** The length of the clip in frames: it outlasts all tests of one stream. */
const FRAMES = 15_000;
const RATE = 25;
const SERVER = 'live';
const STREAM = 'show';

let cluster: Cluster;
let clip: string;
const folder = mkdtempSync(join(tmpdir(), 'videopush-e2e-'));

beforeAll(async () => {
  cluster = await suiteCluster();
  clip = await makeClip({
    path: join(folder, 'long.mp4'),
    frames: FRAMES,
    width: 320,
    height: 180,
    rate: `${RATE}`,
    gop: RATE,
    bitRate: '150k',
  });
});

afterAll(async () => {
  if (cluster) await scaleOperator(cluster, 1);
  await cluster?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Loss {
  what: string;
  only?: 'SamePod' | 'Split';
  /** What a viewer and the ledger show after the loss. */
  lost: 'nothing' | 'counted' | 'starts again';
  bring: (stream: StreamView, fixture: TestNamespace) => Promise<unknown>;
}

const LOSSES: readonly Loss[] = [
  { what: "the decoder's process is killed", lost: 'nothing', bring: (stream) => stream.killRole('decoder') },
  { what: "the encoder's process is killed", lost: 'nothing', bring: (stream) => stream.killRole('encoder') },
  {
    what: "the decoder's container is killed",
    lost: 'nothing',
    bring: (stream) => stream.killContainer('decoder'),
  },
  {
    what: "the encoder's container is killed",
    lost: 'nothing',
    bring: (stream) => stream.killContainer('encoder'),
  },
  {
    what: "the stream's pod is deleted",
    only: 'SamePod',
    lost: 'starts again',
    bring: (stream) => stream.deletePod('encoder'),
  },
  {
    what: "the decoder's pod is deleted",
    only: 'Split',
    lost: 'nothing',
    bring: (stream) => stream.deletePod('decoder'),
  },
  {
    what: "the encoder's pod is deleted",
    only: 'Split',
    lost: 'nothing',
    bring: (stream) => stream.deletePod('encoder'),
  },
  {
    what: "NATS' pod is deleted",
    only: 'Split',
    lost: 'nothing',
    bring: () => deletePods(OPERATOR_NAMESPACE, RELEASE, 'nats'),
  },
  {
    what: "the media server's pod is deleted",
    lost: 'counted',
    bring: (_, fixture) => deletePods(fixture.namespace, SERVER, 'media-server'),
  },
];

/** Resolves when another pod is ready. */
async function deletePods(namespace: string, instance: string, component: string): Promise<void> {
  const kubectl = (...args: string[]): Promise<string> => cluster.kubectl(['-n', namespace, ...args]);
  const labels = `app.kubernetes.io/instance=${instance},app.kubernetes.io/component=${component}`;
  const ready = async (): Promise<string[]> => {
    const { items } = JSON.parse(await kubectl('get', 'pod', '-l', labels, '-o', 'json'));
    return items
      .filter(({ status }: { status: { conditions: { type: string; status: string }[] } }) =>
        status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      )
      .map(({ metadata }: { metadata: { uid: string } }) => metadata.uid);
  };
  const before = await ready();
  await kubectl('delete', 'pod', '-l', labels, '--wait=false');
  const replaced = async (): Promise<boolean> => (await ready()).some((uid) => !before.includes(uid));
  await eventually(`another pod of ${instance} is ready`, replaced, 60_000);
}

describe.each(['SamePod', 'Split'] as const)('a stream in %s', (topology) => {
  let fixture: TestNamespace;
  let stream: StreamView;
  let viewer: Viewer;

  beforeAll(async () => {
    fixture = await TestNamespace.create(cluster, `recovery-${topology.toLowerCase()}`);
    await startClips(fixture, inject('suite').images.busybox);
    const uri = await addClip(fixture, clip, 'long.mp4');
    await fixture.apply([
      mediaServer(SERVER),
      videoPush(STREAM, SERVER, { topology, source: { uri, onEnd: 'Repeat' } }),
    ]);
    stream = new StreamView(fixture, STREAM);
    viewer = new Viewer(await viewerUrl(fixture, SERVER, STREAM));
    await fixture.untilCondition('vp', STREAM, { type: 'Ready', status: 'True' }, 90_000);
    await viewer.until('two seconds of it', (frames) => frames.length > 2 * RATE, 30_000);
  });

  afterAll(async () => {
    await viewer?.stop();
    await fixture?.remove();
  });

  describe.each([
    { operators: 1, name: 'with the operator' },
    { operators: 0, name: 'without an operator' },
  ])('$name', ({ operators, name }) => {
    beforeAll(() => scaleOperator(cluster, operators));
    afterAll(() => scaleOperator(cluster, 1));

    const losses = LOSSES.filter(({ only }) => only === undefined || only === topology);
    it.for(losses)(
      `a stream in ${topology} comes back ${name} when $what`,
      async ({ what, lost, bring }, { skip }) => {
        skip(what.includes('container') && !(await stream.isLocal()), 'its node is not this machine');
        const seen = viewer.stamped().length;
        await viewer.until('that it runs', (frames) => frames.length > seen + RATE, 30_000);
        const before = await stream.ledger();
        const from = viewer.stamped().length;
        const since = monotonicMilliseconds();
        await bring(stream, fixture);
        const { end, away } = await untilBack(since);
        const frames = viewer.stamped().slice(from - 1);
        const follows = continuity(
          frames.map(({ index }) => index),
          FRAMES,
        );
        const after = await stream.ledger();
        console.log(
          `${topology} ${name}: ${what}: away for ${(away / 1000).toFixed(1)} s, steady ${((end - since) / 1000).toFixed(1)} s after; ` +
            `viewer missed ${follows.missing.length}, saw ${follows.repeated} again, ${follows.begun} new beginnings; ` +
            `ledger ${JSON.stringify(before)} -> ${JSON.stringify(after)}`,
        );
        judge(lost, follows, before, after);
      },
    );
  });

  /** Waits for two seconds without a gap of half a second. */
  async function untilBack(since: number): Promise<{ end: number; away: number }> {
    await sleep(1_000);
    await viewer.until(
      'two steady seconds',
      (frames) => {
        const now = monotonicMilliseconds();
        const recent = frames.filter(({ at }) => at > now - 2_000);
        return recent.length >= 2 * RATE - 5 && longestGap(recent, now - 2_000) < 500;
      },
      90_000,
    );
    return { end: monotonicMilliseconds(), away: longestGap(viewer.stamped(), since) };
  }
});

/** The most frames without an outcome at any moment: in the queue, kept for a resume, or in the encoder. */
const ON_THE_WAY = 60;

function judge(
  lost: Loss['lost'],
  seen: ReturnType<typeof continuity>,
  before: StreamLedger,
  after: StreamLedger,
): void {
  for (const { sourceFrames, sent, lost: missing } of [before, after]) {
    const open = sourceFrames - sent - missing;
    expect(open).toBeGreaterThanOrEqual(0);
    expect(open).toBeLessThanOrEqual(ON_THE_WAY);
  }
  switch (lost) {
    case 'nothing':
      expect(seen).toMatchObject({ missing: [], begun: 0 });
      expect(after.lost).toBe(before.lost);
      break;
    case 'starts again':
      expect(seen).toMatchObject({ missing: [], begun: 1 });
      expect(after.lost).toBe(0);
      break;
    case 'counted':
      // Viewers were disconnected too: frames sent before they reconnected count as sent, but were not seen.
      expect(seen.begun).toBe(0);
      expect(after.lost - before.lost).toBeLessThanOrEqual(seen.missing.length);
  }
}
