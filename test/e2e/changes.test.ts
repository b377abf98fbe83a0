/** Changes to a stream or a set (an end, a pause, another bit rate or scale) restart only what they must. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import type { Cluster } from '../support/cluster/index.ts';
import { addClip } from '../support/e2e/clips-pod.ts';
import { eventually } from '../support/e2e/eventually.ts';
import { openFixture } from '../support/e2e/fixture.ts';
import { SMALL_PATTERN, VIDEO, videoPush } from '../support/e2e/manifests.ts';
import { conditionOf, type TestNamespace } from '../support/e2e/namespace.ts';
import { attachReader, viewerUrl } from '../support/e2e/reader.ts';
import { StreamView } from '../support/e2e/stream-view.ts';
import { suiteCluster } from '../support/e2e/suite.ts';
import { Scratch } from '../support/tools.ts';

const FRAMES = 250;
const SERVER = 'live';

let cluster: Cluster;
let fixture: TestNamespace;
let film: string;
const scratch = new Scratch();

beforeAll(async () => {
  cluster = await suiteCluster();
  fixture = await openFixture(cluster, 'changes', SERVER);
  const size = { width: 320, height: 180, rate: '25', gop: 25 };
  const path = await makeClip({ path: scratch.file('film.mp4'), frames: FRAMES, ...size });
  film = await addClip(fixture, path, 'film.mp4');
});

afterAll(async () => {
  await fixture?.remove();
  await cluster?.close();
  scratch[Symbol.dispose]();
});

const ready = (name: string, limitMilliseconds = 60_000) =>
  fixture.untilCondition('vp', name, { type: 'Ready', status: 'True', reason: 'Running' }, limitMilliseconds);

/** The pods with the ids of their containers, which stay the same while nothing restarts. */
async function processRuns(name: string): Promise<string[]> {
  const pods = await new StreamView(fixture, name).pods();
  return pods.map(({ metadata, status }) => {
    const containers = [...(status.initContainerStatuses ?? []), ...status.containerStatuses];
    const ids = containers.map(({ name: container, containerID }) => `${container}=${containerID}`);
    return `${metadata.uid} ${ids.join(' ')}`;
  });
}

async function processes(stream: StreamView): Promise<number[]> {
  return [(await stream.status('decoder')).pid, (await stream.status('encoder')).pid];
}

async function events(name: string): Promise<{ reason: string; note: string }[]> {
  const path = `/apis/events.k8s.io/v1/namespaces/${fixture.namespace}/events`;
  const { items } = JSON.parse(await fixture.kubectl(['get', '--raw', path]));
  return items.filter((event: { regarding: { name: string } }) => event.regarding.name === name);
}

describe.each(['SamePod', 'Split'] as const)('a finite source in %s', (topology) => {
  const name = `film-${topology.toLowerCase()}`;

  it(`a finite source in ${topology} arrives frame by frame at a viewer who connected before, and its Job completes`, async () => {
    const spec = { topology, suspend: true, source: { uri: film } };
    await fixture.apply([videoPush(name, SERVER, spec)]);
    await fixture.untilCondition('vp', name, { type: 'Ready', status: 'True', reason: 'Suspended' }, 30_000);
    await using viewer = await attachReader(await viewerUrl(fixture, SERVER, name));
    await fixture.apply([videoPush(name, SERVER, { ...spec, suspend: false })]);
    await fixture.untilCondition('vp', name, { type: 'Complete', status: 'True' }, 90_000);
    await viewer.untilIndex(FRAMES - 1, 5_000);
    expect(viewer.indices()).toEqual(Array.from({ length: FRAMES }, (_, i) => i));
    const { status } = (await fixture.get('vp', name)) ?? {};
    expect(conditionOf({ status } as never, 'Ready')).toMatchObject({ status: 'True', reason: 'Completed' });
    expect(status.completionTime).toMatch(/Z$/);
    const jobs = JSON.parse(await fixture.kubectl(['get', 'job', '-o', 'json'])).items;
    const job = jobs.find(({ metadata }: { metadata: { name: string } }) => metadata.name.startsWith(name));
    expect(job.status).toMatchObject({ succeeded: 1 });
    expect(job.status.failed ?? 0).toBe(0);
  });
});

it('a completed finite stream starts again with another source', async () => {
  const name = 'film-samepod';
  const copy = await addClip(fixture, scratch.file('film.mp4'), 'copy.mp4');
  await using viewer = await attachReader(await viewerUrl(fixture, SERVER, name));
  await fixture.apply([
    videoPush(name, SERVER, { topology: 'SamePod', suspend: false, source: { uri: copy } }),
  ]);
  await fixture.untilCondition('vp', name, { type: 'Complete', status: 'False' }, 30_000);
  await fixture.untilCondition('vp', name, { type: 'Complete', status: 'True' }, 90_000);
  await viewer.untilIndex(FRAMES - 1, 5_000);
  expect(viewer.indices()).toEqual(Array.from({ length: FRAMES }, (_, i) => i));
});

describe('a running stream', () => {
  const name = 'show';
  const spec = { source: { uri: '', onEnd: 'Repeat' } };
  let stream: StreamView;

  beforeAll(async () => {
    spec.source.uri = film;
    await fixture.apply([videoPush(name, SERVER, spec)]);
    await ready(name);
    stream = new StreamView(fixture, name);
  });

  it('a running stream restarts nothing for labels and annotations alone', async () => {
    const before = [await processRuns(name), await processes(stream)];
    await fixture.kubectl(['label', 'vp', name, 'desk=sports', 'videopush.example/owner=anna']);
    await fixture.kubectl(['annotate', 'vp', name, 'note=今晚八点直播 — ночной эфир 🎬']);
    await fixture.until(
      'vp',
      name,
      'its labels',
      ({ metadata }) => metadata.labels?.desk === 'sports',
      10_000,
    );
    // The operator handles this later change after the first ones, whose restart would have begun by then.
    await fixture.kubectl(['annotate', 'vp', name, 'note=later', '--overwrite']);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect([await processRuns(name), await processes(stream)]).toEqual(before);
  });

  it('a running stream goes on with another bit rate in the same containers, and the event names the field', async () => {
    const before = await processRuns(name);
    const [decoder] = await processes(stream);
    const ledger = await stream.ledger();
    await fixture.apply([videoPush(name, SERVER, { ...spec, video: { ...VIDEO, bitrateKbps: 300 } })]);
    await eventually(
      'the encoder has read it',
      async () => (await stream.status('encoder')).reloads === 1,
      30_000,
    );
    await ready(name);
    expect(await processRuns(name)).toEqual(before);
    expect((await stream.status('decoder')).pid).toBe(decoder);
    const after = await stream.ledger();
    expect(after).toMatchObject({ lost: 0 });
    expect(after.sent).toBeGreaterThan(ledger.sent);
    const updated = (await events(name)).filter(({ reason }) => reason === 'Updated');
    expect(updated.at(-1)?.note).toContain('spec.video.bitrateKbps changed');
  });

  it('a running stream replaces its pod for another source, and an event reports it', async () => {
    const before = await processRuns(name);
    await fixture.apply([videoPush(name, SERVER, { source: SMALL_PATTERN })]);
    await eventually(
      'another pod',
      async () => (await processRuns(name)).length === 1 && (await processRuns(name))[0] !== before[0],
      60_000,
    );
    await ready(name);
    const updated = (await events(name)).filter(({ reason }) => reason === 'Updated');
    expect(updated.some(({ note }) => /spec\.source.*changed: the pod is replaced/.test(note))).toBe(true);
  });

  it('a running stream stops when it is suspended and comes back when it is resumed', async () => {
    await fixture.kubectl(['patch', 'vp', name, '--type=merge', '-p', '{"spec":{"suspend":true}}']);
    await fixture.untilCondition('vp', name, { type: 'Ready', status: 'True', reason: 'Suspended' }, 60_000);
    expect(await stream.pods()).toEqual([]);
    await fixture.kubectl(['patch', 'vp', name, '--type=merge', '-p', '{"spec":{"suspend":false}}']);
    await ready(name);
    expect((await stream.ledger()).lost).toBe(0);
    await fixture.kubectl(['delete', 'vp', name]);
  });
});

describe('a set', () => {
  const name = 'wall';
  const members = async (): Promise<string[]> =>
    (await fixture.list('vp'))
      .map(({ metadata }) => metadata.name)
      .filter((member) => member.startsWith(`${name}-`))
      .sort();

  const untilMembers = (count: number): Promise<unknown> =>
    eventually(`${count} members`, async () => (await members()).length === count, 90_000);

  beforeAll(async () => {
    const sources = ['a', 'b', 'c'].map((source) => ({ name: source, source: SMALL_PATTERN }));
    const template = {
      spec: {
        video: { ...VIDEO, bitrateKbps: 200 },
        outputs: [{ name: 'main', serverRef: { name: SERVER } }],
      },
    };
    await fixture.apply([
      {
        apiVersion: 'videopush.dev/v1alpha1',
        kind: 'VideoPushSet',
        metadata: { name },
        spec: { replicas: 1, sources, template },
      },
    ]);
    await ready(`${name}-a`);
  });

  it('a set is scaled from 1 to 3 and back by kubectl, and the member that stays does not restart', async () => {
    const before = await processRuns(`${name}-a`);
    await fixture.kubectl(['scale', 'vps', name, '--replicas=3']);
    await untilMembers(3);
    await Promise.all(['b', 'c'].map((member) => ready(`${name}-${member}`, 90_000)));
    await fixture.untilCondition('vps', name, { type: 'Ready', status: 'True' }, 30_000);
    expect((await fixture.get('vps', name))?.status).toMatchObject({ replicas: 3, readyReplicas: 3 });
    await fixture.kubectl(['scale', 'vps', name, '--replicas=1']);
    await untilMembers(1);
    expect(await members()).toEqual([`${name}-a`]);
    expect(await processRuns(`${name}-a`)).toEqual(before);
  });

  it('a set is scaled by a HorizontalPodAutoscaler that measures its pods', async () => {
    const autoscaler = (averageValue: string): object => ({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: {
        minReplicas: 1,
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'videopush.dev/v1alpha1', kind: 'VideoPushSet', name },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue } } },
        ],
        behavior: { scaleDown: { stabilizationWindowSeconds: 5 } },
      },
    });
    await fixture.apply([autoscaler('1m')]);
    await untilMembers(3);
    await fixture.apply([autoscaler('4')]);
    await untilMembers(1);
    await fixture.kubectl(['delete', 'hpa', name]);
    await fixture.kubectl(['delete', 'vps', name]);
    await eventually('no member', async () => (await members()).length === 0, 60_000);
  }, 300_000);
});
