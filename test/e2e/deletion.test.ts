/** A deletion removes all of a stream's objects, whatever its name, its annotations and its neighbours. */
import { readdirSync, readFileSync } from 'node:fs';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Cluster } from '../support/cluster/index.ts';
import { eventually } from '../support/e2e/eventually.ts';
import { mediaServer, SMALL_PATTERN, VIDEO, videoPush } from '../support/e2e/manifests.ts';
import { TestNamespace } from '../support/e2e/namespace.ts';
import { PortForward } from '../support/e2e/port-forward.ts';
import { StreamView } from '../support/e2e/stream-view.ts';
import { OPERATOR_NAMESPACE, RELEASE, suiteCluster } from '../support/e2e/suite.ts';

/** The longest that a resource's name may be. */
const LONG = 63;
const longName = (start: string): string => `${start}${'x'.repeat(LONG - start.length - 1)}9`;
const NEIGHBOURS = 50;

let cluster: Cluster;
let fixture: TestNamespace;
let atFirst: string[];

beforeAll(async () => {
  cluster = await suiteCluster();
  fixture = await TestNamespace.create(cluster, 'deletion');
  await eventually('the namespace is furnished', async () => (await objects()).length >= 2, 30_000);
  atFirst = await objects();
});

afterAll(async () => {
  await fixture?.remove();
  await cluster?.close();
});

/** Everything in the namespace but what Kubernetes keeps for a while by itself. */
async function objects(): Promise<string[]> {
  const listable = await cluster.kubectl(['api-resources', '--namespaced', '--verbs=list', '-o', 'name']);
  const kinds = listable.split('\n').filter((kind) => kind !== '' && !/^events|metrics\.k8s\.io$/.test(kind));
  const names = await fixture.kubectl(['get', kinds.join(','), '-o', 'name', '--ignore-not-found']);
  return names.split('\n').filter(Boolean).sort();
}

async function jetStreams(): Promise<string[]> {
  await using forward = await PortForward.open(cluster, OPERATOR_NAMESPACE, `service/${RELEASE}-nats`, 4222);
  const connection = await connect({ servers: `127.0.0.1:${forward.port}`, timeout: 5_000 });
  try {
    const names: string[] = [];
    for await (const name of (await jetstreamManager(connection)).streams.names()) names.push(name);
    return names.filter((name) => name.includes(`-${fixture.namespace}-`));
  } finally {
    await connection.close();
  }
}

const podUids = async (): Promise<string[]> =>
  (await fixture.list('pod')).map(({ metadata }) => `${metadata.uid}`);

/** Processes of this machine, on which the node runs, in the control groups of these pods. */
function processesOf(pods: readonly string[]): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8').replaceAll('_', '-');
      return pods.some((uid) => groups.includes(`pod${uid}`));
    } catch {
      return false; // it has ended
    }
  });
}

const deleted = async (): Promise<void> => {
  await eventually(
    'nothing is left',
    async () => JSON.stringify(await objects()) === JSON.stringify(atFirst),
    120_000,
  );
};

describe.each(['SamePod', 'Split'] as const)('a stream in %s with names of 63 characters', (topology) => {
  const server = longName('server-');
  const name = longName('stream-');

  it(`a stream in ${topology} with names of 63 characters leaves no objects, queues or processes when deleted`, async () => {
    const push = videoPush(name, server, { topology, source: SMALL_PATTERN }) as { metadata: object };
    const annotations = { 'example.com/note': `直播 — «эфир» 🎬 "'\\ \n${'x'.repeat(1_000)}` };
    await fixture.apply([mediaServer(server), { ...push, metadata: { name, annotations } }]);
    await fixture.untilCondition('vp', name, { type: 'Ready', status: 'True' }, 90_000);
    expect(await jetStreams()).toHaveLength(topology === 'Split' ? 1 : 0);
    const pods = await podUids();
    if (inject('suite').kind === 'node')
      expect(processesOf(pods).length).toBeGreaterThanOrEqual(2 * pods.length);
    await fixture.kubectl(['delete', 'vp', name]);
    await fixture.kubectl(['delete', 'ms', server]);
    await deleted();
    expect(await jetStreams()).toEqual([]);
    expect(processesOf(pods)).toEqual([]);
  });
});

it('a media server that runs elsewhere from now on loses all its objects', async () => {
  await fixture.apply([mediaServer('moved')]);
  await fixture.untilCondition('ms', 'moved', { type: 'Ready', status: 'True' }, 60_000);
  const endpoints = [{ protocol: 'RTSP', host: 'media.example' }];
  const spec = { type: 'External', service: null, endpoints };
  await fixture.kubectl(['patch', 'ms', 'moved', '--type=merge', '-p', JSON.stringify({ spec })]);
  await fixture.untilCondition('ms', 'moved', { type: 'Ready', status: 'True', reason: 'External' }, 30_000);
  const others = async (): Promise<string[]> =>
    (await objects()).filter((name) => !name.startsWith('secret/') && !name.startsWith('mediaserver'));
  await eventually('its objects are gone', async () => (await others()).length === atFirst.length, 60_000);
  await fixture.kubectl(['delete', 'ms', 'moved']);
  await deleted();
});

it('a set and its members are deleted together, in the foreground and in the background', async () => {
  const sources = ['a', longName('b-').slice(0, 40)].map((source) => ({
    name: source,
    source: SMALL_PATTERN,
  }));
  const outputs = [{ name: 'main', serverRef: { name: 'live' } }];
  for (const cascade of ['foreground', 'background']) {
    await fixture.apply([
      mediaServer('live'),
      {
        apiVersion: 'videopush.dev/v1alpha1',
        kind: 'VideoPushSet',
        metadata: { name: 'wall' },
        spec: { replicas: 2, sources, template: { spec: { video: VIDEO, outputs } } },
      },
    ]);
    await fixture.untilCondition('vps', 'wall', { type: 'Ready', status: 'True' }, 90_000);
    await fixture.kubectl(['delete', 'vps,ms', '--all', `--cascade=${cascade}`]);
    await deleted();
  }
});

it(`${NEIGHBOURS} streams that wait for their server do not hold up the one that can run`, async () => {
  const waiting = Array.from({ length: NEIGHBOURS }, (_, i) =>
    videoPush(`waits-${i}`, 'nowhere', { source: SMALL_PATTERN }),
  );
  await fixture.apply(waiting);
  await fixture.untilCondition(
    'vp',
    `waits-${NEIGHBOURS - 1}`,
    { type: 'Ready', status: 'False', reason: 'MediaServerMissing' },
    30_000,
  );
  const since = performance.now();
  await fixture.apply([mediaServer('live'), videoPush('runs', 'live', { source: SMALL_PATTERN })]);
  await fixture.untilCondition('vp', 'runs', { type: 'Ready', status: 'True' }, 60_000);
  console.log(
    `beside ${NEIGHBOURS} that wait: ready after ${((performance.now() - since) / 1000).toFixed(1)} s`,
  );
  const runs = new StreamView(fixture, 'runs');
  const [pod] = await runs.pods();
  await fixture.kubectl(['delete', 'vp', ...waiting.map((_, i) => `waits-${i}`)]);
  expect((await runs.pods()).map(({ metadata }) => metadata.uid)).toEqual([pod?.metadata.uid]);
  expect((await runs.ledger()).lost).toBe(0);
  await fixture.kubectl(['delete', 'vp,ms', '--all']);
  await deleted();
});
