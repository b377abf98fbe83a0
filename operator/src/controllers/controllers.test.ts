/** What the controllers do in a cluster, with their real parts on an API server in this process. */

import type { VideoPush } from '@videopush/resources';
import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { ANNOTATIONS, childLabels, ENCODER, FIELD_MANAGER } from '@videopush/resources/builders/names';
import { finishObjects, originOf, templateHash } from '@videopush/resources/builders/origin';
import { buildStream, configName } from '@videopush/resources/builders/videopush';
import { MEDIA_SERVERS, VIDEO_PUSH_SETS, VIDEO_PUSHES } from '@videopush/resources/kinds';
import type { KubeObject } from '@videopush/resources/objects';
import { describe, expect, it } from 'vitest';
import { CONFIG_MAPS, DEPLOYMENTS, JOBS, PODS, SECRETS, SERVICES } from '../kube/kinds.ts';
import { podOf as podOfServer } from './mediaserver/testing/observations.ts';
import { FakeCluster, OPERATOR } from './testing/fake-cluster.ts';
import { podOfWorkload } from './videopush/testing/observations.ts';

const ALL = [
  CONFIG_MAPS,
  DEPLOYMENTS,
  JOBS,
  SERVICES,
  SECRETS,
  PODS,
  MEDIA_SERVERS,
  VIDEO_PUSHES,
  VIDEO_PUSH_SETS,
];
const STREAM = 'demo-stream';
const SOURCE = { testPattern: {} };
const SPEC = { source: SOURCE, outputs: [{ name: 'main', url: 'rtsp://out.example/demo' }] };
const toServer = (name: string) => ({ source: SOURCE, outputs: [{ name: 'main', serverRef: { name } }] });

interface Condition {
  type: string;
  status: string;
  reason: string;
}

const ready = ({ status }: KubeObject): Condition | undefined =>
  (status as { conditions?: Condition[] } | undefined)?.conditions?.find(({ type }) => type === 'Ready');
const because =
  (reason: string) =>
  (object: KubeObject): boolean =>
    ready(object)?.reason === reason;

const specOf = <T>(object: KubeObject): T => object.spec as T;
const replicas =
  (count: number) =>
  (object: KubeObject): boolean =>
    specOf<{ replicas?: number }>(object).replicas === count;

const namesOf = (objects: readonly KubeObject[]): string[] => objects.map(({ metadata: { name } }) => name);

/** The media server's pod runs, as a Deployment's would. */
function serverPod(name: string): KubeObject {
  const { metadata, ...pod } = podOfServer();
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: 'rs', controller: true };
  const labels = childLabels(name, 'media-server');
  const { uid: _, ...more } = metadata;
  return { ...pod, metadata: { ...more, labels, ownerReferences: [owner] } };
}

describe('a stream', () => {
  it('a new stream gets the objects that the builders describe, and they belong to its VideoPush', () =>
    FakeCluster.run(async (cluster) => {
      const push = await cluster.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      await cluster.sees(VIDEO_PUSHES, 'demo', because('Pending'));
      const defaults = { ...DEFAULTS, natsAddress: 'nats://queue:4222' };
      const context = { push: push as unknown as VideoPush, servers: {}, defaults };
      const { config, workloads } = finishObjects(buildStream(context), originOf(context));
      const stored = [
        await cluster.get(CONFIG_MAPS, configName('demo')),
        await cluster.get(DEPLOYMENTS, STREAM),
      ];
      const { uid } = push.metadata;
      for (const [index, desired] of [config, ...workloads].entries()) {
        const { metadata } = stored[index] as KubeObject;
        expect(metadata.annotations).toEqual(desired.metadata.annotations);
        expect(metadata.labels).toEqual(desired.metadata.labels);
        const owner = { apiVersion: 'videopush.dev/v1alpha1', kind: 'VideoPush', name: 'demo', uid };
        expect(metadata.ownerReferences).toEqual([{ ...owner, controller: true, blockOwnerDeletion: true }]);
        expect(metadata.managedFields).toMatchObject([{ manager: FIELD_MANAGER, operation: 'Apply' }]);
      }
      expect(stored[0]?.data).toEqual(config.data);
      expect(await cluster.list(JOBS)).toEqual([]);
    }));

  it('a stream waits for an object that has its name, and begins when that is gone', () =>
    FakeCluster.run(async (cluster) => {
      await cluster.create(CONFIG_MAPS, configName('demo'), { data: { mine: 'true' } });
      await cluster.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      const refused = await cluster.sees(VIDEO_PUSHES, 'demo', because('NameTaken'));
      expect(ready(refused)?.status).toBe('False');
      await cluster.idle();
      expect((await cluster.get(CONFIG_MAPS, configName('demo'))).data).toEqual({ mine: 'true' });
      expect(await cluster.list(DEPLOYMENTS)).toEqual([]);
      await cluster.delete(CONFIG_MAPS, configName('demo'));
      cluster.clock.skip(120_000); // no watch reports objects that are not ours
      await cluster.sees(DEPLOYMENTS, STREAM);
      await cluster.sees(VIDEO_PUSHES, 'demo', because('Pending'));
    }));

  it('a stream waits until its server is ready', () =>
    FakeCluster.run(async (cluster) => {
      await cluster.create(VIDEO_PUSHES, 'demo', { spec: toServer('late') });
      await cluster.sees(VIDEO_PUSHES, 'demo', because('MediaServerMissing'));
      expect(await cluster.list(DEPLOYMENTS)).toEqual([]);
      const endpoints = [{ protocol: 'RTSP', host: 'media.example' }];
      await cluster.create(MEDIA_SERVERS, 'late', { spec: { type: 'External', endpoints } });
      await cluster.sees(DEPLOYMENTS, STREAM);
      await cluster.sees(VIDEO_PUSHES, 'demo', because('Pending'));
    }));

  it('a stream is suspended and resumed on request', () =>
    FakeCluster.run(async (cluster) => {
      await cluster.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      const made = await cluster.sees(DEPLOYMENTS, STREAM, replicas(1));
      await cluster.apply(VIDEO_PUSHES, 'demo', { spec: { suspend: true } });
      await cluster.sees(DEPLOYMENTS, STREAM, replicas(0));
      await cluster.sees(
        VIDEO_PUSHES,
        'demo',
        (push) => because('Suspended')(push) && ready(push)?.status === 'True',
      );
      await cluster.apply(VIDEO_PUSHES, 'demo', { spec: { suspend: false } });
      const again = await cluster.sees(DEPLOYMENTS, STREAM, replicas(1));
      await cluster.sees(VIDEO_PUSHES, 'demo', because('Resuming'));
      expect(again.metadata.uid).toBe(made.metadata.uid);
      expect(templateHash(again)).toBe(templateHash(made));
    }));

  it('a stream keeps its pod when only labels or the bit rate change', () =>
    FakeCluster.run(async (cluster) => {
      await cluster.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      const made = await cluster.sees(DEPLOYMENTS, STREAM);
      const pod = podOfWorkload({ ...made, kind: 'Deployment' });
      await cluster.runPod(PODS, pod);
      await cluster.sees(VIDEO_PUSHES, 'demo', because('Starting'));
      const config = await cluster.get(CONFIG_MAPS, configName('demo'));
      const labels = { team: 'blue' };
      await cluster.apply(VIDEO_PUSHES, 'demo', {}, { labels });
      await cluster.apply(VIDEO_PUSHES, 'demo', { spec: { video: { bitrateKbps: 4321 } } }, { labels });
      await cluster.sees(
        PODS,
        pod.metadata.name,
        ({ metadata }) => metadata.annotations?.[ANNOTATIONS.encoderConfig] !== undefined,
      );
      await cluster.sees(
        VIDEO_PUSHES,
        'demo',
        ({ status }) => (status as { observedGeneration?: number }).observedGeneration === 2,
      );
      await cluster.idle();
      const changed = await cluster.get(CONFIG_MAPS, configName('demo'));
      const [was, is] = [config, changed].map(({ data }) => data as Record<string, string>);
      expect(is?.[ENCODER.key]).toContain('4321');
      expect({ ...is, [ENCODER.key]: '' }).toEqual({ ...was, [ENCODER.key]: '' });
      expect(await cluster.get(DEPLOYMENTS, STREAM)).toEqual(made);
    }));

  it('the objects of a stream are deleted with its VideoPush, and a new one of the name starts again', () =>
    FakeCluster.run(async (cluster) => {
      await cluster.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      const first = await cluster.sees(DEPLOYMENTS, STREAM);
      await cluster.delete(VIDEO_PUSHES, 'demo');
      await cluster.gone(DEPLOYMENTS, STREAM);
      await cluster.gone(CONFIG_MAPS, configName('demo'));
      await cluster.idle();
      expect(await cluster.list(DEPLOYMENTS)).toEqual([]);
      await cluster.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      expect((await cluster.sees(DEPLOYMENTS, STREAM)).metadata.uid).not.toBe(first.metadata.uid);
    }));

  it('the queue of a split stream is deleted with its VideoPush', () =>
    FakeCluster.run(async (cluster) => {
      await cluster.create(VIDEO_PUSHES, 'demo', { spec: { ...SPEC, topology: 'Split' } });
      await cluster.sees(DEPLOYMENTS, 'demo-decoder');
      await cluster.sees(DEPLOYMENTS, 'demo-encoder');
      const { metadata } = await cluster.get(VIDEO_PUSHES, 'demo');
      expect(metadata.finalizers).toEqual(['videopush.dev/jetstream']);
      await cluster.delete(VIDEO_PUSHES, 'demo');
      await cluster.gone(VIDEO_PUSHES, 'demo');
      expect(cluster.deletedStreams).toHaveLength(1);
      expect(await cluster.list(DEPLOYMENTS)).toEqual([]);
    }));

  it('a stream that moves to another NATS server leaves no queue behind on the old one', () =>
    FakeCluster.run(async (cluster) => {
      const spec = { ...SPEC, topology: 'Split' };
      await cluster.apply(VIDEO_PUSHES, 'demo', { spec });
      const { uid } = (await cluster.sees(DEPLOYMENTS, 'demo-encoder')).metadata;
      const jetStream = { address: 'nats://other:4222' };
      await cluster.apply(VIDEO_PUSHES, 'demo', { spec: { ...spec, queue: { jetStream } } });
      await cluster.sees(DEPLOYMENTS, 'demo-encoder', ({ metadata }) => metadata.uid !== uid);
      expect(cluster.deletedStreams).toHaveLength(1);
      expect(JSON.stringify(await cluster.get(CONFIG_MAPS, configName('demo')))).toContain(jetStream.address);
    }));
});

describe('a media server', () => {
  it('a media server gets all its objects, and its streams begin when it has their paths', () =>
    FakeCluster.run(async (cluster) => {
      const { metadata } = await cluster.create(MEDIA_SERVERS, 'live', { spec: {} });
      await cluster.create(VIDEO_PUSHES, 'demo', { spec: toServer('live') });
      await cluster.sees(VIDEO_PUSHES, 'demo', because('MediaServerNotReady'));
      await cluster.sees(MEDIA_SERVERS, 'live', because('Pending'));
      const children = await Promise.all(
        [CONFIG_MAPS, DEPLOYMENTS, SERVICES].map((kind) => cluster.list(kind)),
      );
      expect(children.map(({ length }) => length)).toEqual([1, 1, 2]);
      for (const child of children.flat()) {
        expect(child.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid, controller: true }]);
        expect(child.metadata.managedFields).toMatchObject([{ manager: FIELD_MANAGER, operation: 'Apply' }]);
      }
      expect(await cluster.list(SECRETS)).not.toEqual([]);
      await cluster.runPod(PODS, serverPod('live'));
      await cluster.sees(MEDIA_SERVERS, 'live', because('Available'));
      await cluster.sees(DEPLOYMENTS, STREAM);
      await cluster.sees(VIDEO_PUSHES, 'demo', because('Pending'));
    }));

  it('a media server waits for an object that has its name, and its deletion removes all that it made', () =>
    FakeCluster.run(async (cluster) => {
      const ports = [{ port: 1 }];
      await cluster.create(SERVICES, 'live-media', { spec: { ports } });
      await cluster.create(MEDIA_SERVERS, 'live', { spec: {} });
      await cluster.sees(MEDIA_SERVERS, 'live', because('NameTaken'));
      await cluster.delete(SERVICES, 'live-media');
      await cluster.idle();
      cluster.clock.skip(120_000);
      await cluster.sees(DEPLOYMENTS, 'live-media');
      await cluster.sees(MEDIA_SERVERS, 'live', because('Pending'));
      await cluster.delete(MEDIA_SERVERS, 'live');
      for (const kind of [DEPLOYMENTS, SERVICES]) await cluster.gone(kind, 'live-media');
      await cluster.idle();
      const left = await Promise.all(
        [CONFIG_MAPS, DEPLOYMENTS, SERVICES, SECRETS].map((kind) => cluster.list(kind)),
      );
      expect(left.flat()).toEqual([]);
    }));
});

describe('a set', () => {
  it('a set grows and shrinks with its replicas', () =>
    FakeCluster.run(async (cluster) => {
      const sources = ['a', 'b', 'c'].map((name) => ({ name, source: SOURCE }));
      const spec = { replicas: 3, sources, template: { spec: { outputs: SPEC.outputs } } };
      await cluster.create(VIDEO_PUSH_SETS, 'wall', { spec });
      const counted =
        (count: number) =>
        ({ status }: KubeObject) =>
          (status as { replicas?: number } | undefined)?.replicas === count;
      await cluster.sees(VIDEO_PUSH_SETS, 'wall', counted(3));
      const [first, , third] = await cluster.list(VIDEO_PUSHES);
      await cluster.sees(DEPLOYMENTS, 'wall-c-stream');
      await cluster.apply(VIDEO_PUSH_SETS, 'wall', { spec: { replicas: 1 } });
      await cluster.sees(VIDEO_PUSH_SETS, 'wall', counted(1));
      await cluster.gone(DEPLOYMENTS, 'wall-c-stream');
      expect(namesOf(await cluster.list(VIDEO_PUSHES))).toEqual(['wall-a']);
      await cluster.apply(VIDEO_PUSH_SETS, 'wall', { spec: { replicas: 3 } });
      await cluster.sees(VIDEO_PUSH_SETS, 'wall', counted(3));
      await cluster.sees(DEPLOYMENTS, 'wall-c-stream');
      const [same, , other] = await cluster.list(VIDEO_PUSHES);
      expect(same?.metadata.uid).toBe(first?.metadata.uid);
      expect(other?.metadata.uid).not.toBe(third?.metadata.uid);
    }));
});

describe('the operator', () => {
  /** A stream, a server and a set, and nothing left to do. */
  async function filled(cluster: FakeCluster): Promise<void> {
    await cluster.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
    await cluster.create(MEDIA_SERVERS, 'live', { spec: {} });
    const sources = ['a', 'b'].map((name) => ({ name, source: SOURCE }));
    const spec = { replicas: 2, sources, template: { spec: toServer('live') } };
    await cluster.create(VIDEO_PUSH_SETS, 'wall', { spec });
    await cluster.runPod(PODS, serverPod('live'));
    for (const name of ['demo', 'wall-a', 'wall-b'])
      await cluster.sees(VIDEO_PUSHES, name, because('Pending'));
    await cluster.sees(
      VIDEO_PUSH_SETS,
      'wall',
      ({ status }) => (status as { replicas?: number })?.replicas === 2,
    );
    await cluster.sees(MEDIA_SERVERS, 'live', because('Available'));
    await cluster.idle();
  }

  it('a restarted operator writes nothing that it has written before', () =>
    FakeCluster.run(async (cluster) => {
      await filled(cluster);
      const before = await cluster.versions(ALL);
      const writes = cluster.writes.length;
      for (const _ of ['the first to take the lease', 'one to whom it was given']) {
        await cluster.stopOperator();
        await cluster.startOperator({ election: true });
        await cluster.idle();
      }
      expect(cluster.writes.slice(writes)).toEqual([]);
      expect(await cluster.versions(ALL)).toEqual(before);
    }));

  it('a restarted operator starts what was asked for while none ran', () =>
    FakeCluster.run(async (cluster) => {
      await cluster.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      await cluster.sees(VIDEO_PUSHES, 'demo', because('Pending'));
      await cluster.stopOperator();
      await cluster.apply(VIDEO_PUSHES, 'demo', { spec: { suspend: true } });
      await cluster.create(VIDEO_PUSHES, 'other', { spec: SPEC });
      await cluster.startOperator();
      await cluster.sees(DEPLOYMENTS, STREAM, replicas(0));
      await cluster.sees(DEPLOYMENTS, 'other-stream', replicas(1));
    }));

  it('the operator writes nothing again when its watches broke off', () =>
    FakeCluster.run(async (cluster) => {
      await filled(cluster);
      const before = await cluster.versions(ALL);
      const [writes, watches] = [cluster.writes.length, cluster.watches];
      cluster.server.dropWatches();
      await cluster.watchesOpened(watches, ALL.length - 1); // Secrets are not watched
      await cluster.idle();
      expect(cluster.writes.slice(writes)).toEqual([]);
      expect(await cluster.versions(ALL)).toEqual(before);
    }));

  it('the operator changes only what it missed when it has to list again', () =>
    FakeCluster.run(async (cluster) => {
      await filled(cluster);
      const before = await cluster.versions(ALL);
      const [writes, watches] = [cluster.writes.length, cluster.watches];
      cluster.server.dropWatches();
      await cluster.delete(DEPLOYMENTS, STREAM);
      cluster.server.compact();
      await cluster.watchesOpened(watches, ALL.length - 1);
      await cluster.sees(DEPLOYMENTS, STREAM);
      await cluster.idle();
      const path = '/apis/apps/v1/namespaces/tv/deployments/demo-stream';
      expect(cluster.writes.slice(writes)).toEqual([`DELETE ${path}`, `PATCH ${path}`]);
      const key = `Deployment tv/${STREAM}`;
      expect({ ...(await cluster.versions(ALL)), [key]: '' }).toEqual({ ...before, [key]: '' });
    }));

  it('the operator goes on after the API server has refused requests for a while', () =>
    FakeCluster.run(async (cluster) => {
      for (const code of [429, 500, 503]) cluster.server.refuse({ code, times: 2, userAgent: OPERATOR });
      const push = await cluster.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      await cluster.sees(DEPLOYMENTS, STREAM);
      await cluster.sees(VIDEO_PUSHES, 'demo', because('Pending'));
      expect((await cluster.list(DEPLOYMENTS))[0]?.metadata.ownerReferences?.[0]?.uid).toBe(
        push.metadata.uid,
      );
    }));
});
