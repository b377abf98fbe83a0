/** What the controllers do in a cluster, with their real parts on an API server in this process. */

import type { VideoPush } from '@videopush/resources';
import { finishObjects, originOf, templateHash } from '@videopush/resources/builders/applied';
import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { ANNOTATIONS, childLabels, ENCODER, FIELD_MANAGER } from '@videopush/resources/builders/names';
import { buildStream, configName } from '@videopush/resources/builders/videopush';
import { MEDIA_SERVERS, VIDEO_PUSH_SETS, VIDEO_PUSHES } from '@videopush/resources/kinds';
import type { KubeObject } from '@videopush/resources/objects';
import { describe, expect, it } from 'vitest';
import { CONFIG_MAPS, DEPLOYMENTS, JOBS, PODS, SECRETS, SERVICES } from '../kube/kinds.ts';
import { podOf as podOfServer } from './mediaserver/testing/worlds.ts';
import { OnFake, OPERATOR } from './testing/on-fake.ts';
import { podOfWorkload } from './videopush/testing/worlds.ts';

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
  it('is made as the builders say, and belongs to its VideoPush', () =>
    OnFake.run(async (world) => {
      const push = await world.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      await world.sees(VIDEO_PUSHES, 'demo', because('Pending'));
      const defaults = { ...DEFAULTS, natsAddress: 'nats://queue:4222' };
      const context = { push: push as unknown as VideoPush, servers: {}, defaults };
      const { config, workloads } = finishObjects(buildStream(context), originOf(context));
      const stored = [await world.get(CONFIG_MAPS, configName('demo')), await world.get(DEPLOYMENTS, STREAM)];
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
      expect(await world.list(JOBS)).toEqual([]);
    }));

  it('waits for what has its name, and begins when that has gone', () =>
    OnFake.run(async (world) => {
      await world.create(CONFIG_MAPS, configName('demo'), { data: { mine: 'true' } });
      await world.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      const refused = await world.sees(VIDEO_PUSHES, 'demo', because('NameTaken'));
      expect(ready(refused)?.status).toBe('False');
      await world.idle();
      expect((await world.get(CONFIG_MAPS, configName('demo'))).data).toEqual({ mine: 'true' });
      expect(await world.list(DEPLOYMENTS)).toEqual([]);
      await world.delete(CONFIG_MAPS, configName('demo'));
      world.clock.skip(120_000); // no watch tells of what is not ours
      await world.sees(DEPLOYMENTS, STREAM);
      await world.sees(VIDEO_PUSHES, 'demo', because('Pending'));
    }));

  it('waits for its server', () =>
    OnFake.run(async (world) => {
      await world.create(VIDEO_PUSHES, 'demo', { spec: toServer('late') });
      await world.sees(VIDEO_PUSHES, 'demo', because('MediaServerMissing'));
      expect(await world.list(DEPLOYMENTS)).toEqual([]);
      const endpoints = [{ protocol: 'RTSP', host: 'media.example' }];
      await world.create(MEDIA_SERVERS, 'late', { spec: { type: 'External', endpoints } });
      await world.sees(DEPLOYMENTS, STREAM);
      await world.sees(VIDEO_PUSHES, 'demo', because('Pending'));
    }));

  it('is stopped and begun again as asked', () =>
    OnFake.run(async (world) => {
      await world.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      const made = await world.sees(DEPLOYMENTS, STREAM, replicas(1));
      await world.apply(VIDEO_PUSHES, 'demo', { spec: { suspend: true } });
      await world.sees(DEPLOYMENTS, STREAM, replicas(0));
      await world.sees(
        VIDEO_PUSHES,
        'demo',
        (push) => because('Suspended')(push) && ready(push)?.status === 'True',
      );
      await world.apply(VIDEO_PUSHES, 'demo', { spec: { suspend: false } });
      const again = await world.sees(DEPLOYMENTS, STREAM, replicas(1));
      await world.sees(VIDEO_PUSHES, 'demo', because('Resuming'));
      expect(again.metadata.uid).toBe(made.metadata.uid);
      expect(templateHash(again)).toBe(templateHash(made));
    }));

  it('keeps its pod when only labels or the bit rate change', () =>
    OnFake.run(async (world) => {
      await world.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      const made = await world.sees(DEPLOYMENTS, STREAM);
      const pod = podOfWorkload({ ...made, kind: 'Deployment' });
      await world.runPod(PODS, pod);
      await world.sees(VIDEO_PUSHES, 'demo', because('Starting'));
      const config = await world.get(CONFIG_MAPS, configName('demo'));
      const labels = { team: 'blue' };
      await world.apply(VIDEO_PUSHES, 'demo', {}, { labels });
      await world.apply(VIDEO_PUSHES, 'demo', { spec: { video: { bitrateKbps: 4321 } } }, { labels });
      await world.sees(
        PODS,
        pod.metadata.name,
        ({ metadata }) => metadata.annotations?.[ANNOTATIONS.encoderConfig] !== undefined,
      );
      await world.sees(
        VIDEO_PUSHES,
        'demo',
        ({ status }) => (status as { observedGeneration?: number }).observedGeneration === 2,
      );
      await world.idle();
      const changed = await world.get(CONFIG_MAPS, configName('demo'));
      const [was, is] = [config, changed].map(({ data }) => data as Record<string, string>);
      expect(is?.[ENCODER.key]).toContain('4321');
      expect({ ...is, [ENCODER.key]: '' }).toEqual({ ...was, [ENCODER.key]: '' });
      expect(await world.get(DEPLOYMENTS, STREAM)).toEqual(made);
    }));

  it('goes with its VideoPush, and is another one when that comes again', () =>
    OnFake.run(async (world) => {
      await world.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      const first = await world.sees(DEPLOYMENTS, STREAM);
      await world.delete(VIDEO_PUSHES, 'demo');
      await world.gone(DEPLOYMENTS, STREAM);
      await world.gone(CONFIG_MAPS, configName('demo'));
      await world.idle();
      expect(await world.list(DEPLOYMENTS)).toEqual([]);
      await world.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      expect((await world.sees(DEPLOYMENTS, STREAM)).metadata.uid).not.toBe(first.metadata.uid);
    }));

  it('takes its queue with it when it was split', () =>
    OnFake.run(async (world) => {
      await world.create(VIDEO_PUSHES, 'demo', { spec: { ...SPEC, topology: 'Split' } });
      await world.sees(DEPLOYMENTS, 'demo-decoder');
      await world.sees(DEPLOYMENTS, 'demo-encoder');
      const { metadata } = await world.get(VIDEO_PUSHES, 'demo');
      expect(metadata.finalizers).toEqual(['videopush.dev/jetstream']);
      await world.delete(VIDEO_PUSHES, 'demo');
      await world.gone(VIDEO_PUSHES, 'demo');
      expect(world.deletedStreams).toHaveLength(1);
      expect(await world.list(DEPLOYMENTS)).toEqual([]);
    }));

  it('leaves no queue behind when it goes to another NATS', () =>
    OnFake.run(async (world) => {
      const spec = { ...SPEC, topology: 'Split' };
      await world.apply(VIDEO_PUSHES, 'demo', { spec });
      const { uid } = (await world.sees(DEPLOYMENTS, 'demo-encoder')).metadata;
      const jetStream = { address: 'nats://other:4222' };
      await world.apply(VIDEO_PUSHES, 'demo', { spec: { ...spec, queue: { jetStream } } });
      await world.sees(DEPLOYMENTS, 'demo-encoder', ({ metadata }) => metadata.uid !== uid);
      expect(world.deletedStreams).toHaveLength(1);
      expect(JSON.stringify(await world.get(CONFIG_MAPS, configName('demo')))).toContain(jetStream.address);
    }));
});

describe('a media server', () => {
  it('is made with all that belongs to it, and its streams begin when it has their paths', () =>
    OnFake.run(async (world) => {
      const { metadata } = await world.create(MEDIA_SERVERS, 'live', { spec: {} });
      await world.create(VIDEO_PUSHES, 'demo', { spec: toServer('live') });
      await world.sees(VIDEO_PUSHES, 'demo', because('MediaServerNotReady'));
      await world.sees(MEDIA_SERVERS, 'live', because('Pending'));
      const children = await Promise.all(
        [CONFIG_MAPS, DEPLOYMENTS, SERVICES].map((kind) => world.list(kind)),
      );
      expect(children.map(({ length }) => length)).toEqual([1, 1, 2]);
      for (const child of children.flat()) {
        expect(child.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid, controller: true }]);
        expect(child.metadata.managedFields).toMatchObject([{ manager: FIELD_MANAGER, operation: 'Apply' }]);
      }
      expect(await world.list(SECRETS)).not.toEqual([]);
      await world.runPod(PODS, serverPod('live'));
      await world.sees(MEDIA_SERVERS, 'live', because('Available'));
      await world.sees(DEPLOYMENTS, STREAM);
      await world.sees(VIDEO_PUSHES, 'demo', because('Pending'));
    }));

  it('waits for what has its name, and takes all that it has made with it', () =>
    OnFake.run(async (world) => {
      const ports = [{ port: 1 }];
      await world.create(SERVICES, 'live-media', { spec: { ports } });
      await world.create(MEDIA_SERVERS, 'live', { spec: {} });
      await world.sees(MEDIA_SERVERS, 'live', because('NameTaken'));
      await world.delete(SERVICES, 'live-media');
      await world.idle();
      world.clock.skip(120_000);
      await world.sees(DEPLOYMENTS, 'live-media');
      await world.sees(MEDIA_SERVERS, 'live', because('Pending'));
      await world.delete(MEDIA_SERVERS, 'live');
      for (const kind of [DEPLOYMENTS, SERVICES]) await world.gone(kind, 'live-media');
      await world.idle();
      const left = await Promise.all(
        [CONFIG_MAPS, DEPLOYMENTS, SERVICES, SECRETS].map((kind) => world.list(kind)),
      );
      expect(left.flat()).toEqual([]);
    }));
});

describe('a set', () => {
  it('grows and shrinks as asked', () =>
    OnFake.run(async (world) => {
      const sources = ['a', 'b', 'c'].map((name) => ({ name, source: SOURCE }));
      const spec = { replicas: 3, sources, template: { spec: { outputs: SPEC.outputs } } };
      await world.create(VIDEO_PUSH_SETS, 'wall', { spec });
      const counted =
        (count: number) =>
        ({ status }: KubeObject) =>
          (status as { replicas?: number } | undefined)?.replicas === count;
      await world.sees(VIDEO_PUSH_SETS, 'wall', counted(3));
      const [first, , third] = await world.list(VIDEO_PUSHES);
      await world.sees(DEPLOYMENTS, 'wall-c-stream');
      await world.apply(VIDEO_PUSH_SETS, 'wall', { spec: { replicas: 1 } });
      await world.sees(VIDEO_PUSH_SETS, 'wall', counted(1));
      await world.gone(DEPLOYMENTS, 'wall-c-stream');
      expect(namesOf(await world.list(VIDEO_PUSHES))).toEqual(['wall-a']);
      await world.apply(VIDEO_PUSH_SETS, 'wall', { spec: { replicas: 3 } });
      await world.sees(VIDEO_PUSH_SETS, 'wall', counted(3));
      await world.sees(DEPLOYMENTS, 'wall-c-stream');
      const [same, , other] = await world.list(VIDEO_PUSHES);
      expect(same?.metadata.uid).toBe(first?.metadata.uid);
      expect(other?.metadata.uid).not.toBe(third?.metadata.uid);
    }));
});

describe('the operator', () => {
  /** A stream, a server and a set, and nothing left to do. */
  async function filled(world: OnFake): Promise<void> {
    await world.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
    await world.create(MEDIA_SERVERS, 'live', { spec: {} });
    const sources = ['a', 'b'].map((name) => ({ name, source: SOURCE }));
    const spec = { replicas: 2, sources, template: { spec: toServer('live') } };
    await world.create(VIDEO_PUSH_SETS, 'wall', { spec });
    await world.runPod(PODS, serverPod('live'));
    for (const name of ['demo', 'wall-a', 'wall-b']) await world.sees(VIDEO_PUSHES, name, because('Pending'));
    await world.sees(
      VIDEO_PUSH_SETS,
      'wall',
      ({ status }) => (status as { replicas?: number })?.replicas === 2,
    );
    await world.sees(MEDIA_SERVERS, 'live', because('Available'));
    await world.idle();
  }

  it('writes nothing again when it is restarted', () =>
    OnFake.run(async (world) => {
      await filled(world);
      const before = await world.versions(ALL);
      const writes = world.writes.length;
      for (const _ of ['the first to take the lease', 'one to whom it was given']) {
        await world.stopOperator();
        await world.startOperator({ election: true });
        await world.idle();
      }
      expect(world.writes.slice(writes)).toEqual([]);
      expect(await world.versions(ALL)).toEqual(before);
    }));

  it('does when it starts what was asked for while none ran', () =>
    OnFake.run(async (world) => {
      await world.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      await world.sees(VIDEO_PUSHES, 'demo', because('Pending'));
      await world.stopOperator();
      await world.apply(VIDEO_PUSHES, 'demo', { spec: { suspend: true } });
      await world.create(VIDEO_PUSHES, 'other', { spec: SPEC });
      await world.startOperator();
      await world.sees(DEPLOYMENTS, STREAM, replicas(0));
      await world.sees(DEPLOYMENTS, 'other-stream', replicas(1));
    }));

  it('writes nothing again when its watches broke off', () =>
    OnFake.run(async (world) => {
      await filled(world);
      const before = await world.versions(ALL);
      const [writes, watches] = [world.writes.length, world.watches];
      world.server.dropWatches();
      await world.watchesOpened(watches, ALL.length - 1); // Secrets are not watched
      await world.idle();
      expect(world.writes.slice(writes)).toEqual([]);
      expect(await world.versions(ALL)).toEqual(before);
    }));

  it('finds out what it missed when it has to list again, and changes only that', () =>
    OnFake.run(async (world) => {
      await filled(world);
      const before = await world.versions(ALL);
      const [writes, watches] = [world.writes.length, world.watches];
      world.server.dropWatches();
      await world.delete(DEPLOYMENTS, STREAM);
      world.server.compact();
      await world.watchesOpened(watches, ALL.length - 1);
      await world.sees(DEPLOYMENTS, STREAM);
      await world.idle();
      const path = '/apis/apps/v1/namespaces/tv/deployments/demo-stream';
      expect(world.writes.slice(writes)).toEqual([`DELETE ${path}`, `PATCH ${path}`]);
      const key = `Deployment tv/${STREAM}`;
      expect({ ...(await world.versions(ALL)), [key]: '' }).toEqual({ ...before, [key]: '' });
    }));

  it('goes on when the API server refuses for a while', () =>
    OnFake.run(async (world) => {
      for (const code of [429, 500, 503]) world.server.refuse({ code, times: 2, userAgent: OPERATOR });
      const push = await world.create(VIDEO_PUSHES, 'demo', { spec: SPEC });
      await world.sees(DEPLOYMENTS, STREAM);
      await world.sees(VIDEO_PUSHES, 'demo', because('Pending'));
      expect((await world.list(DEPLOYMENTS))[0]?.metadata.ownerReferences?.[0]?.uid).toBe(push.metadata.uid);
    }));
});
