/**
 * Arbitrary resources for property tests: every optional field now and then, names of every length. They are
 * put together from a valid one, since checking each would take most of the time; a test checks some of them.
 */
import fc from 'fast-check';
import type { MediaServer } from '../../schema/media-server.generated.ts';
import type { VideoPush } from '../../schema/video-push.generated.ts';
import { somePush, someServer } from './manifests.ts';

type Spec = VideoPush['spec'];

const push = somePush();
const server = someServer();

function changed<T extends VideoPush | MediaServer>(
  base: T,
  spec: Partial<T['spec']>,
  metadata: Partial<T['metadata']>,
): T {
  return { ...base, metadata: { ...base.metadata, ...metadata }, spec: { ...base.spec, ...spec } };
}

const characters = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789-');

/**
 * Labels of DNS with up to 63 characters, often about as long as that or as the longest name of a workload.
 */
export const label = fc
  .oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(46, 47, 62, 63))
  .chain((length) => fc.string({ unit: characters, minLength: length, maxLength: length }))
  .map((text) => text.replace(/^[^a-z]/, 'a').replace(/-$/, 'z'));

const source: fc.Arbitrary<Spec['source']> = fc.oneof(
  fc
    .constantFrom('Complete' as const, 'Repeat' as const)
    .map((onEnd) => ({ testPattern: { durationSeconds: 60 }, onEnd })),
  fc.constant({ uri: 'rtsp://camera.example/1', credentialsSecretRef: { name: 'camera' } }),
  fc.constant({ uri: 'https://archive.example/film.mp4' }),
  label.map((claimName) => ({ persistentVolumeClaim: { claimName, path: 'a/b.mp4' } })),
);

const even = (low: number, high: number) =>
  fc.integer({ min: low / 2, max: high / 2 }).map((half) => 2 * half);

const video: fc.Arbitrary<NonNullable<Spec['video']>> = fc.record(
  {
    codec: fc.constantFrom('H264' as const, 'H265' as const),
    width: even(16, 4096),
    height: even(16, 2160),
    frameRate: fc.constantFrom('25', '30000/1001', '60'),
    preset: fc.constantFrom('ultrafast', 'veryfast', 'medium', 'placebo'),
    tune: fc.constantFrom('none', 'zerolatency'),
  },
  { requiredKeys: [] },
);

const DESTINATIONS = ['server', 'url', 'secret'] as const;

function outputTo(name: string, destination: (typeof DESTINATIONS)[number]): Spec['outputs'][number] {
  if (destination === 'server') return { name, serverRef: { name: 'live' }, path: name };
  if (destination === 'secret') return { name, urlSecretRef: { name: 'keys', key: name } };
  return { name, url: `rtsp://server.example/${name}`, credentialsSecretRef: { name: 'outside' } };
}

const outputs = fc
  .uniqueArray(label, { minLength: 1, maxLength: 8 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.constantFrom(...DESTINATIONS).map((destination) => outputTo(name, destination)),
      ),
    ),
  ) as fc.Arbitrary<Spec['outputs']>;

const resources = fc.record(
  { cpu: fc.constantFrom('100m', '2', 3), memory: fc.constantFrom('64Mi', '8Gi') },
  { requiredKeys: [] },
);

export const arbitraryPush: fc.Arbitrary<VideoPush> = fc
  .record({
    name: label,
    source,
    video,
    outputs,
    topology: fc.constantFrom('SamePod' as const, 'Split' as const),
    suspend: fc.boolean(),
    capacityFrames: fc.integer({ min: 1, max: 256 }),
    latencyBudgetMilliseconds: fc.integer({ min: 0, max: 10_000 }),
    requests: resources,
    nodeSelector: fc.option(fc.constant({ disk: 'fast' }), { nil: undefined }),
  })
  .map(({ name, capacityFrames, latencyBudgetMilliseconds, requests, nodeSelector, ...spec }) =>
    changed(
      push,
      {
        ...spec,
        queue: { capacityFrames },
        pacing: { latencyBudgetMilliseconds },
        resources: { encoder: { requests }, decoder: { limits: requests } },
        placement: nodeSelector ? { nodeSelector } : {},
      },
      { name, annotations: { note: '放送 📺' } },
    ),
  );

export const arbitraryServer: fc.Arbitrary<MediaServer> = fc
  .record({
    name: label,
    protocols: fc
      .uniqueArray(fc.constantFrom('RTMP' as const, 'SRT' as const, 'HLS' as const, 'WebRTC' as const))
      .map((more): MediaServer['spec']['protocols'] => ['RTSP', ...more]),
    type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
    publish: fc.constantFrom('Generated' as const, 'None' as const),
    read: fc.constantFrom('Generated' as const, 'None' as const),
    recording: fc.option(fc.constant({ persistentVolumeClaim: { claimName: 'archive' } }), {
      nil: undefined,
    }),
  })
  .map(({ name, protocols, type, publish, read, recording }) =>
    changed(
      server,
      { protocols, service: { type }, authentication: { publish, read }, ...(recording && { recording }) },
      { name },
    ),
  );
