import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../objects.ts';
import type { VideoPush } from '../../schema/video-push.generated.ts';
import { checkWorkerConfig } from '../../worker-config.ts';
import { DEFAULTS } from '../defaults.ts';
import { containersOf, only, podOf, somePush, someServer } from '../testing/manifests.ts';
import {
  appliedFields,
  buildStream,
  changedFields,
  finalizersFor,
  jetStreamOf,
  type StreamContext,
  type StreamObjects,
  specFields,
  streamOutputs,
} from './index.ts';

type Spec = VideoPush['spec'];
const nats = 'nats://nats.example:4222';

const context = (push: VideoPush, more: Partial<StreamContext> = {}): StreamContext => ({
  push,
  servers: {},
  defaults: DEFAULTS,
  ...more,
});

const build = (spec: Partial<Spec> = {}, more: Partial<StreamContext> = {}): StreamObjects =>
  buildStream(context(somePush(spec), more));

const names = (objects: readonly KubeObject[]): string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

const film: Partial<Spec> = {
  source: { persistentVolumeClaim: { claimName: 'films', path: 'a/b.mp4' } },
};
const onServer: Partial<Spec> = { outputs: [{ name: 'main', serverRef: { name: 'live' } }] };
const withServer = { servers: { live: { server: someServer(), publishSecret: 'live-publish-1' } } };

it('an endless stream in one pod is a Deployment with the decoder as native sidecar and the encoder as main container', () => {
  const { config, workloads } = build();
  expect(names([config, ...workloads])).toEqual(['ConfigMap demo-worker', 'Deployment demo-stream']);
  expect(only(workloads).spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  const pod = podOf(only(workloads));
  expect(pod.spec).toMatchObject({ restartPolicy: 'Always', terminationGracePeriodSeconds: 40 });
  expect(pod.spec.initContainers?.map(({ name, restartPolicy }) => [name, restartPolicy])).toEqual([
    ['decoder', 'Always'],
  ]);
  expect(pod.spec.containers.map(({ name }) => name)).toEqual(['encoder']);
  expect(containersOf(pod).map(({ args }) => args)).toEqual([
    ['--config', '/etc/videopush/decoder.json', '--grace', '10'],
    ['--config', '/etc/videopush/encoder.json', '--grace', '25'],
  ]);
  expect(pod.metadata.annotations).toMatchObject({
    'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  });
});

it('a finite stream is a Job that is tried again for ever and never runs twice at once', () => {
  const job = only(build(film).workloads);
  expect(names([job])).toEqual(['Job demo-stream']);
  expect(job.spec).toMatchObject({
    backoffLimit: 2_147_483_647,
    podReplacementPolicy: 'Failed',
    suspend: false,
    template: { spec: { restartPolicy: 'OnFailure' } },
  });
});

it('a suspended stream keeps its objects and the pod template, and runs nothing', () => {
  expect(only(build({ suspend: true }).workloads).spec).toMatchObject({ replicas: 0 });
  const job = only(build({ ...film, suspend: true }).workloads);
  expect(job.spec).toMatchObject({ suspend: true });
  expect(podOf(job)).toEqual(podOf(only(build(film).workloads)));
});

it('every child belongs to its VideoPush and is labelled with it', () => {
  const { config, workloads } = build(
    { topology: 'Split' },
    { defaults: { ...DEFAULTS, natsAddress: nats } },
  );
  for (const { metadata } of [config, ...workloads]) {
    expect(metadata).toMatchObject({
      namespace: 'studio',
      labels: { 'app.kubernetes.io/instance': 'demo', 'app.kubernetes.io/managed-by': 'videopush-operator' },
      ownerReferences: [{ kind: 'VideoPush', name: 'demo', uid: 'push-uid', controller: true }],
    });
  }
});

it('a selector finds the pods of its own workload and no others', () => {
  const { workloads } = build({ topology: 'Split' }, { defaults: { ...DEFAULTS, natsAddress: nats } });
  const selectors = workloads.map(
    ({ spec }) => (spec as { selector: { matchLabels: object } }).selector.matchLabels,
  );
  for (const [index, workload] of workloads.entries()) {
    const { labels } = podOf(workload).metadata;
    expect(
      selectors.map((selector) => Object.entries(selector).every(([key, value]) => labels[key] === value)),
    ).toEqual(workloads.map((_, other) => other === index));
  }
});

it('the ConfigMap holds what each role is to do, in the form that the worker checks', () => {
  const { config } = build({ ...film, ...onServer }, withServer);
  const data = config.data as Record<string, string>;
  const decoder = checkWorkerConfig(JSON.parse(data['decoder.json'] ?? ''));
  const encoder = checkWorkerConfig(JSON.parse(data['encoder.json'] ?? ''));
  expect(decoder).toMatchObject({
    role: 'decoder',
    stream: 'studio/demo',
    http: { host: '0.0.0.0', port: 9090 },
    queue: { path: '/ring/frames', outputs: ['main'] },
    source: { uri: '/volumes/films/a/b.mp4', onEnd: 'Complete' },
  });
  expect(encoder).toMatchObject({
    role: 'encoder',
    http: { port: 9091 },
    outputs: [
      {
        url: 'rtsp://live-media.studio.svc.cluster.local:8554/demo',
        userFile: '/credentials/outputs/main/username',
        passwordFile: '/credentials/outputs/main/password',
      },
    ],
  });
});

describe('changes of a stream', () => {
  const before = build();
  const template = (objects: StreamObjects) => podOf(only(objects.workloads));
  const cases: [string, Partial<Spec>, { decoder: boolean; encoder: boolean; template: boolean }][] = [
    [
      'a bit rate reloads the encoder',
      { video: { bitrateKbps: 4000 } },
      { decoder: false, encoder: true, template: false },
    ],
    [
      'a GOP length reloads the encoder',
      { video: { gopFrames: 50 } },
      { decoder: false, encoder: true, template: false },
    ],
    [
      'another URL reloads the encoder',
      { outputs: [{ name: 'main', url: 'rtsp://elsewhere.example/demo' }] },
      { decoder: false, encoder: true, template: false },
    ],
    [
      'another size replaces the pod',
      { video: { height: 360 } },
      { decoder: true, encoder: false, template: true },
    ],
    [
      'another queue replaces the pod',
      { queue: { capacityFrames: 5 } },
      { decoder: true, encoder: true, template: true },
    ],
    [
      'another latency budget replaces the pod',
      { pacing: { latencyBudgetMilliseconds: 300 } },
      { decoder: true, encoder: true, template: true },
    ],
    [
      'more memory replaces the pod and changes no configuration',
      { resources: { encoder: { limits: { memory: '2Gi' } } } },
      { decoder: false, encoder: false, template: true },
    ],
  ];
  it.each(cases)('%s', (_, spec, expected) => {
    const after = build(spec);
    expect({
      decoder: after.hashes.decoder !== before.hashes.decoder,
      encoder: after.hashes.encoder !== before.hashes.encoder,
      template: JSON.stringify(template(after)) !== JSON.stringify(template(before)),
    }).toEqual(expected);
    expect(template(after).metadata.annotations['videopush.dev/decoder-config']).toBe(after.hashes.decoder);
  });

  it('labels and annotations of a VideoPush change none of its objects', () => {
    const labelled = somePush({}, { labels: { team: 'news' }, annotations: { note: '放送 📺' } });
    expect(buildStream(context(labelled))).toEqual(before);
  });
});

it('a change of a stream is named by its fields', () => {
  const before = appliedFields(build().config) ?? {};
  const after = specFields(somePush({ video: { bitrateKbps: 4000, gopFrames: 50 }, suspend: true }));
  expect(changedFields(before, after)).toEqual([
    'spec.suspend',
    'spec.video.bitrateKbps',
    'spec.video.gopFrames',
  ]);
  expect(changedFields(before, specFields(somePush()))).toEqual([]);
  expect(appliedFields({ metadata: {} })).toBeUndefined();
  expect(
    appliedFields({ metadata: { annotations: { 'videopush.dev/spec-fields': 'nonsense' } } }),
  ).toBeUndefined();
});

it('credentials are mounted as files that only the group may read, each key by its name, and may come later', () => {
  const { workloads } = build(
    {
      source: { uri: 'rtsp://camera.example/1', credentialsSecretRef: { name: 'camera' } },
      outputs: [
        { name: 'main', serverRef: { name: 'live' } },
        { name: 'own', serverRef: { name: 'live' }, path: 'own', credentialsSecretRef: { name: 'mine' } },
        { name: 'outside', urlSecretRef: { name: 'key', key: 'url' } },
      ],
    },
    withServer,
  );
  const pod = podOf(only(workloads));
  const secrets = pod.spec.volumes.flatMap(({ name, secret }) => (secret ? [[name, secret] as const] : []));
  expect(
    secrets.map(([name, { secretName, items }]) => [name, secretName, items.map(({ key }) => key)]),
  ).toEqual([
    ['source-credentials', 'camera', ['username', 'password']],
    ['output-0-credentials', 'live-publish-1', ['username', 'password']],
    ['output-1-credentials', 'mine', ['username', 'password']],
    ['output-2-url', 'key', ['url']],
  ]);
  for (const [, secret] of secrets) expect(secret).toMatchObject({ optional: true, defaultMode: 0o440 });
  const mounts = (index: number) => containersOf(pod)[index]?.volumeMounts.map(({ mountPath }) => mountPath);
  expect(mounts(0)).toEqual(['/etc/videopush', '/ring', '/tmp', '/credentials/source']);
  expect(mounts(1)).toEqual([
    '/etc/videopush',
    '/ring',
    '/tmp',
    '/credentials/outputs/main',
    '/credentials/outputs/own',
    '/credentials/urls/outside',
  ]);
});

it('a volume is read by the decoder alone, and nobody can write to it', () => {
  const pod = podOf(only(build(film).workloads));
  expect(pod.spec.volumes).toContainEqual({
    name: 'claim',
    persistentVolumeClaim: { claimName: 'films', readOnly: true },
  });
  const [decoder, encoder] = containersOf(pod);
  expect(decoder?.volumeMounts).toContainEqual({
    name: 'claim',
    mountPath: '/volumes/films',
    readOnly: true,
  });
  expect(encoder?.volumeMounts.map(({ name }) => name)).not.toContain('claim');
});

it('every container has probes of readiness and liveness, and none of startup that would wait for the source', () => {
  for (const container of containersOf(podOf(only(build().workloads)))) {
    expect(container.readinessProbe).toMatchObject({ httpGet: { path: '/readyz', port: container.name } });
    expect(container.livenessProbe).toMatchObject({ httpGet: { path: '/healthz' }, failureThreshold: 6 });
    expect(container.startupProbe).toBeUndefined();
  }
});

it('the scheduling of a stream is carried over, and a lost node is left after 30 seconds unless the resource says otherwise', () => {
  const nodeSelector = { disk: 'fast' };
  const affinity = { podAntiAffinity: {} };
  const toleration = {
    key: 'node.kubernetes.io/unreachable',
    operator: 'Exists' as const,
    effect: 'NoExecute' as const,
    tolerationSeconds: 5,
  };
  const { spec } = podOf(
    only(
      build({
        placement: { nodeSelector, affinity, priorityClassName: 'live', tolerations: [toleration] },
      }).workloads,
    ),
  );
  expect(spec).toMatchObject({ nodeSelector, affinity, priorityClassName: 'live' });
  expect(spec.tolerations.map(({ key, tolerationSeconds }) => [key, tolerationSeconds])).toEqual([
    ['node.kubernetes.io/unreachable', 5],
    ['node.kubernetes.io/not-ready', 30],
  ]);
});

it('pods of a set carry its label, so that an autoscaler of the set finds them', () => {
  const member = somePush({}, { labels: { 'videopush.dev/set': 'wall' } });
  expect(podOf(only(buildStream(context(member)).workloads)).metadata.labels['videopush.dev/set']).toBe(
    'wall',
  );
});

it('the images and pull secrets of a stream are those of the installation', () => {
  const defaults = {
    ...DEFAULTS,
    images: { ...DEFAULTS.images, worker: 'mirror.example/worker:1' },
    imagePullPolicy: 'Always' as const,
    imagePullSecrets: ['mirror'],
  };
  const pod = podOf(only(build({}, { defaults }).workloads));
  expect(pod.spec.imagePullSecrets).toEqual([{ name: 'mirror' }]);
  for (const one of containersOf(pod)) {
    expect(one).toMatchObject({ image: 'mirror.example/worker:1', imagePullPolicy: 'Always' });
  }
});

describe('a stream in two pods', () => {
  const defaults = { ...DEFAULTS, natsAddress: nats };
  const split = (spec: Partial<Spec> = {}, more: Partial<StreamContext> = {}) =>
    build({ topology: 'Split', ...spec }, { defaults, ...more });

  it('a stream in two pods has one for each role, each with a ring of its own, joined by one JetStream stream', () => {
    const { config, workloads } = split();
    expect(names(workloads)).toEqual(['Deployment demo-decoder', 'Deployment demo-encoder']);
    expect(workloads.map((workload) => containersOf(podOf(workload)).map(({ name }) => name))).toEqual([
      ['decoder'],
      ['encoder'],
    ]);
    for (const workload of workloads) {
      expect(podOf(workload).spec.initContainers).toBeUndefined();
      expect(podOf(workload).spec.volumes.map(({ name }) => name)).toContain('ring');
    }
    const stream = expect.stringMatching(/^videopush-studio-demo-[0-9a-f]{8}$/);
    for (const text of Object.values(config.data as Record<string, string>)) {
      expect(JSON.parse(text).queue).toMatchObject({ type: 'ring', jetStream: { address: nats, stream } });
    }
  });

  describe('the source tag of a stream in two pods', () => {
    const sources = (spec: Partial<Spec>) =>
      Object.values(split(spec).config.data as Record<string, string>).map(
        (text) => JSON.parse(text).queue.jetStream.source as string,
      );
    const [known] = sources(film);

    it('both pods of a stream get the same source tag, whatever the queue and the encoder are like', () => {
      expect(known).toMatch(/^[0-9a-f]{16}$/);
      const more = { queue: { capacityFrames: 5 }, video: { bitrateKbps: 900 }, pacing: {} };
      expect(sources({ ...film, ...more })).toEqual([known, known]);
      expect(sources({ ...film, source: { ...film.source, onEnd: 'Complete' } })).toEqual([known, known]);
    });

    it.each<[string, Partial<Spec>]>([
      ['another file', { source: { uri: 'http://archive.example/other.mp4' } }],
      ['another volume', { source: { persistentVolumeClaim: { claimName: 'b', path: 'film.mp4' } } }],
      ['no end', { source: { ...film.source, onEnd: 'Repeat' } }],
      ['another size', { ...film, video: { width: 640, height: 360 } }],
      ['another rate', { ...film, video: { frameRate: '50' } }],
    ])('both pods of a stream get another source tag for %s', (_, spec) => {
      const [decoder, encoder] = sources(spec);
      expect(decoder).not.toBe(known);
      expect(encoder).toBe(decoder);
    });
  });

  it('the encoder of a finite stream in two pods is a Job, and its decoder rests when everything was sent', () => {
    const [decoder, encoder] = split(film).workloads;
    expect(decoder).toMatchObject({ kind: 'Deployment', spec: { replicas: 1 } });
    expect(encoder).toMatchObject({ kind: 'Job', spec: { suspend: false } });
    expect(split(film, { completed: true }).workloads[0]).toMatchObject({ spec: { replicas: 0 } });
    expect(split({}, { completed: true }).workloads[0]).toMatchObject({ spec: { replicas: 1 } });
  });

  it('a suspended stream in two pods runs neither decoder nor encoder', () => {
    expect(split({ suspend: true }).workloads).toMatchObject([
      { spec: { replicas: 0 } },
      { spec: { replicas: 0 } },
    ]);
    expect(split({ ...film, suspend: true }).workloads).toMatchObject([
      { spec: { replicas: 0 } },
      { spec: { suspend: true } },
    ]);
  });

  it('a stream in two pods is refused with the alternative when there is no address of a NATS server', () => {
    expect(() => build({ topology: 'Split' })).toThrow(
      'spec.queue.jetStream.address: is needed for topology Split, since this installation has no NATS server; topology SamePod needs none',
    );
  });

  it('a stream in two pods has a finalizer that deletes its JetStream stream, which owner references cannot do', () => {
    const push = somePush({ topology: 'Split' });
    expect(finalizersFor(push)).toEqual(['videopush.dev/jetstream']);
    expect(jetStreamOf(push, defaults)).toEqual({
      address: nats,
      stream: expect.stringContaining('studio-demo'),
    });
    expect(finalizersFor(somePush())).toEqual([]);
    expect(jetStreamOf(somePush(), defaults)).toBeUndefined();
  });
});

it('a stream that a pod cannot run is refused with the field and what can be done', () => {
  const reading = somePush();
  reading.spec.source = { uri: 'file:///films/a.mp4' };
  expect(() => buildStream(context(reading))).toThrow(/^spec\.source\.uri: .* use persistentVolumeClaim$/);
  const writing = somePush();
  writing.spec.outputs = [{ name: 'main', url: 'file:///tmp/out.mkv' }];
  expect(() => buildStream(context(writing))).toThrow(/^spec\.outputs\[0\]\.url: is lost with its pod/);
  expect(() => build(onServer)).toThrow('spec.outputs[0].serverRef.name: MediaServer "live" does not exist');
  expect(() =>
    build({ outputs: [{ name: 'main', serverRef: { name: 'live' }, protocol: 'SRT' }] }, withServer),
  ).toThrow('spec.outputs[0].protocol: MediaServer "live" does not take SRT; it takes RTSP, RTMP');
});

it('the status of a stream says where each output is found, inside and outside, and never a secret', () => {
  const server = someServer({ protocols: ['RTSP', 'RTMP', 'SRT'] });
  server.status = { endpoints: [{ protocol: 'RTSP', externalURL: 'rtsp://tv.example:30554' }] };
  const push = somePush({
    outputs: [
      { name: 'main', serverRef: { name: 'live' }, path: 'news/hd' },
      { name: 'srt', serverRef: { name: 'live' }, protocol: 'SRT' },
      { name: 'rtmp', serverRef: { name: 'live' }, protocol: 'RTMP', path: 'news/sd' },
      { name: 'plain', url: 'rtmp://elsewhere.example/app/x' },
      { name: 'secret', urlSecretRef: { name: 'key', key: 'url' } },
    ],
  });
  expect(streamOutputs(context(push, { servers: { live: { server } } }))).toEqual([
    {
      name: 'main',
      url: 'rtsp://live-media.studio.svc.cluster.local:8554/news/hd',
      externalURL: 'rtsp://tv.example:30554/news/hd',
    },
    { name: 'srt', url: 'srt://live-media.studio.svc.cluster.local:8890?streamid=read:demo' },
    { name: 'rtmp', url: 'rtmp://live-media.studio.svc.cluster.local:1935/news/sd' },
    { name: 'plain', url: 'rtmp://elsewhere.example/app/***' },
    { name: 'secret' },
  ]);
});
