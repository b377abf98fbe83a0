import { describe, expect, it } from 'vitest';
import { validateManifest } from '../schema/manifest.ts';
import type { VideoPush } from '../schema/video-push.generated.ts';
import { checkWorkerConfig } from '../worker-config.ts';
import { encoderDelayFrames } from './encoder-delay.ts';
import {
  buildWorkerConfigs,
  effectiveCatchUp,
  effectiveOnEnd,
  sourceLabel,
  type WorkerContext,
} from './worker-config.ts';

type Spec = VideoPush['spec'];

function push(spec: Partial<Spec>): VideoPush {
  const manifest = {
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'VideoPush',
    metadata: { name: 'camera-1', namespace: 'studio' },
    spec: {
      source: { uri: 'http://archive.example/film.mp4' },
      outputs: [{ name: 'main', url: 'rtsp://server.example/film' }],
      ...spec,
    },
  };
  return validateManifest(manifest, 'machine') as VideoPush;
}

/** A resource that an API server with older rules may still hold. */
const unchecked = (spec: Partial<Spec>): VideoPush => {
  const valid = push({});
  return { ...valid, spec: { ...valid.spec, ...spec } };
};

const context: WorkerContext = { outputs: { main: { url: 'rtsp://server.example/film' } } };

it('a parameter that is not set stays unset, so that the source and then the defaults decide', () => {
  const { decoder, encoder } = buildWorkerConfigs(push({}), context);
  expect(decoder.video).toEqual({});
  expect(encoder.encoder).toEqual({ codec: 'H264', catchUp: 'Rebase' });
});

it('threads come from the place of running where the resource leaves them open', () => {
  const threads = { decoder: 3, encoder: 6 };
  const chosen = buildWorkerConfigs(push({ video: { tune: 'none' } }), { ...context, threads });
  expect(chosen.decoder.source.threads).toBe(3);
  expect(chosen.encoder.encoder.threads).toBe(6);
  expect(chosen.encoder.queue.encoderDelayFrames).toBe(encoderDelayFrames({ tune: 'none', threads: 6 }, 1));
  const set = buildWorkerConfigs(push({ video: { threads: 2 } }), { ...context, threads });
  expect(set.encoder.encoder.threads).toBe(2);
});

it('buildWorkerConfigs refuses a hardware encoder that an older API server took, and names another', () => {
  expect(() =>
    buildWorkerConfigs(unchecked({ video: { codec: 'H264', encoder: 'hevc_nvenc' } }), context),
  ).toThrow(
    'spec.video.encoder: must be a software encoder, such as libx265; hevc_nvenc needs a device, which is not used',
  );
});

describe('parameters of the encoder', () => {
  const cases: [string, NonNullable<Spec['video']>, object][] = [
    ['codec', { codec: 'VP8' }, { codec: 'VP8' }],
    ['encoder, over codec', { codec: 'VP8', encoder: 'libx264' }, { encoder: 'libx264', codec: undefined }],
    ['pixelFormat', { pixelFormat: 'yuv420p10le' }, { pixelFormat: 'yuv420p10le' }],
    ['bitrateKbps, in bits per second', { bitrateKbps: 4000 }, { bitRate: 4_000_000 }],
    ['rateControl Constant', { rateControl: 'Constant' }, { rateControl: 'Constant' }],
    [
      'rateControl Quality with its factor and bound',
      { rateControl: 'Quality', quality: 20, maxBitrateKbps: 6000 },
      { rateControl: 'Quality', quality: 20, maxBitRate: 6_000_000 },
    ],
    ['profile and level', { profile: 'main', level: '4.1' }, { profile: 'main', level: '4.1' }],
    ['gopSeconds', { gopSeconds: 4 }, { gopSeconds: 4, gopFrames: undefined }],
    ['gopFrames', { gopFrames: 60 }, { gopFrames: 60, gopSeconds: undefined }],
    ['maxBFrames', { maxBFrames: 2 }, { maxBFrames: 2 }],
    ['maxBFrames 0', { maxBFrames: 0 }, { maxBFrames: 0 }],
    ['preset', { preset: 'medium' }, { preset: 'medium' }],
    ['tune', { tune: 'film' }, { tune: 'film' }],
    ['tune none', { tune: 'none' }, { tune: '' }],
    ['threads', { threads: 2 }, { threads: 2 }],
  ];
  it.each(cases)('a parameter of the encoder wins when it is set: %s', (_, video, expected) => {
    const all = { codec: 'H264', catchUp: 'Rebase', ...expected };
    expect(
      buildWorkerConfigs(unchecked({ video: { codec: 'H264', ...video } }), context).encoder.encoder,
    ).toEqual(all);
  });

  it('all fields of video that are about the picture go to the decoder, which scales and converts', () => {
    const video = {
      width: 640,
      height: 360,
      frameRate: '30000/1001',
      pixelFormat: 'yuv422p10le' as const,
      deinterlace: 'Always' as const,
      hdr: 'Keep' as const,
      squarePixels: true,
      background: '#102030',
      crop: { left: 2, bottom: 4 },
    };
    const { decoder, encoder } = buildWorkerConfigs(push({ video }), context);
    expect(decoder.video).toEqual(video);
    expect(encoder.encoder).not.toHaveProperty('width');
  });
});

it('both configurations pass the schema of the worker, unchanged by it', () => {
  const every = push({
    source: {
      testPattern: { pattern: 'SMPTEHDBars', width: 640, height: 360, frameRate: '25', durationSeconds: 3 },
    },
    queue: { capacityFrames: 8, maxBytes: '1.5Gi', whenFull: 'DropOldest' },
    pacing: { latencyBudgetMilliseconds: 50, catchUp: 'Skip' },
    video: { preset: 'medium', tune: 'none', maxBFrames: 16, threads: 2 },
    outputs: [
      { name: 'main', url: 'rtsp://server.example/film' },
      { name: 'outside', urlSecretRef: { name: 'key', key: 'url' } },
    ],
  });
  const outputs = { ...context.outputs, outside: { urlFile: '/secrets/outside/url' } };
  const { decoder, encoder } = buildWorkerConfigs(every, { outputs });
  expect(checkWorkerConfig(structuredClone(decoder))).toEqual(decoder);
  expect(checkWorkerConfig(structuredClone(encoder))).toEqual(encoder);
  expect(decoder.stream).toBe('studio/camera-1');
  expect(decoder.source).toEqual({
    testPattern: { pattern: 'smptehdbars', width: 640, height: 360, frameRate: '25', durationSeconds: 3 },
    onEnd: 'Repeat',
  });
  expect(encoder.queue).toEqual({
    type: 'ring',
    path: '/ring/frames',
    capacityFrames: 8,
    maxBytes: 1.5 * 2 ** 30,
    whenFull: 'DropOldest',
    encoderDelayFrames: 59,
    outputs: ['main', 'outside'],
  });
  expect(encoder.outputs[1]).toEqual({ name: 'outside', urlFile: '/secrets/outside/url' });
});

it('the program and the video track of a source go to the decoder, and another track is another source', () => {
  const queueOf = (source: Partial<Spec['source']>) => {
    const split = { ...context, jetStream: { address: 'nats://nats:4222', stream: 's' } };
    const all = { uri: 'http://archive.example/film.ts', ...source };
    return buildWorkerConfigs(push({ source: all }), split).decoder;
  };
  const chosen = queueOf({ program: 7, videoTrack: 'id:0x100' });
  expect(chosen.source).toMatchObject({ program: 7, videoTrack: 'id:0x100' });
  expect(queueOf({}).source).not.toHaveProperty('videoTrack');
  expect(chosen.queue.jetStream?.source).not.toBe(queueOf({ program: 7 }).queue.jetStream?.source);
});

it('the place where a stream runs decides paths, ports and credential files', () => {
  const { decoder, encoder } = buildWorkerConfigs(
    push({ source: { persistentVolumeClaim: { claimName: 'films', path: 'a/b.mp4' } } }),
    {
      ringPath: '/dev/shm/x/frames',
      decoderHttp: { host: '127.0.0.1', port: 1 },
      encoderHttp: { host: '127.0.0.1', port: 2 },
      claims: { films: '/data/films/' },
      sourceCredentials: { userFile: '/c/user', passwordFile: '/c/password' },
      outputs: { main: { url: 'rtsp://h/p', userFile: '/o/user', passwordFile: '/o/password' } },
    },
  );
  expect(decoder).toMatchObject({
    http: { port: 1 },
    queue: { path: '/dev/shm/x/frames' },
    source: {
      uri: '/data/films/a/b.mp4',
      userFile: '/c/user',
      passwordFile: '/c/password',
      onEnd: 'Complete',
    },
  });
  expect(encoder).toMatchObject({ http: { port: 2 }, outputs: [{ userFile: '/o/user', url: 'rtsp://h/p' }] });
});

it('a claim or an address that cannot be resolved is refused with the field', () => {
  const claim = { persistentVolumeClaim: { claimName: 'films', path: 'a/b' } };
  const outside = push({ source: structuredClone(claim) });
  if (outside.spec.source.persistentVolumeClaim) outside.spec.source.persistentVolumeClaim.path = 'a/../../b';
  const build =
    (spec: Partial<Spec>, more: Partial<WorkerContext> = {}) =>
    () =>
      buildWorkerConfigs(unchecked(spec), { ...context, ...more });
  expect(build({ source: claim })).toThrow(
    'spec.source.persistentVolumeClaim.claimName: no folder is known for claim "films"',
  );
  expect(() => buildWorkerConfigs(outside, { ...context, claims: { films: '/f' } })).toThrow(
    'spec.source.persistentVolumeClaim.path: must not leave the volume',
  );
  expect(build({}, { outputs: {} })).toThrow('spec.outputs[0]: no address is known for output "main"');
  expect(build({}, { outputs: { main: { url: 'rtsp://a:b@h/p' } } })).toThrow(
    'spec.outputs[0].url: must not carry a user name',
  );
});

describe('the end of a source and the way to catch up', () => {
  const cases: [string, Spec['source'], string, string][] = [
    ['a volume', { persistentVolumeClaim: { claimName: 'a', path: 'b' } }, 'Complete', 'Rebase'],
    ['http', { uri: 'http://a/b' }, 'Complete', 'Rebase'],
    ['https in capitals', { uri: 'HTTPS://a/b' }, 'Complete', 'Rebase'],
    ['a file', { uri: 'file:///a/b' }, 'Complete', 'Rebase'],
    ['rtsp', { uri: 'rtsp://a/b' }, 'Reconnect', 'Burst'],
    ['RTMP in capitals', { uri: 'RTMP://a/b' }, 'Reconnect', 'Burst'],
    ['srt', { uri: 'srt://a:1' }, 'Reconnect', 'Burst'],
    ['the test pattern', { testPattern: {} }, 'Repeat', 'Rebase'],
    ['a camera that is to be read once', { uri: 'rtsp://a/b', onEnd: 'Complete' }, 'Complete', 'Rebase'],
  ];
  it.each(cases)(
    'the end of a source and the way to catch up follow from its kind: %s',
    (_, source, onEnd, catchUp) => {
      expect(effectiveOnEnd(source)).toBe(onEnd);
      expect(effectiveCatchUp(push({ source }).spec)).toBe(catchUp);
    },
  );

  it('an explicit catchUp wins over that of the kind of source', () => {
    expect(effectiveCatchUp(push({ source: { uri: 'rtsp://a/b' }, pacing: { catchUp: 'Skip' } }).spec)).toBe(
      'Skip',
    );
  });
});

it('a source is shown by host, volume or pattern, never with credentials', () => {
  expect(sourceLabel({ uri: 'rtsp://ann:secret@camera:554/1?token=x' })).toBe('camera:554');
  expect(sourceLabel({ uri: 'file:///films/a.mp4' })).toBe('/films/a.mp4');
  expect(sourceLabel({ persistentVolumeClaim: { claimName: 'films', path: 'a.mp4' } })).toBe('films/a.mp4');
  expect(sourceLabel({ testPattern: {} })).toBe('TestSrc2');
});

describe('the estimate of the encoder delay', () => {
  const cases: [string, Parameters<typeof encoderDelayFrames>[0], number][] = [
    ['the default, zerolatency', {}, 0],
    ['zerolatency with 2 B-frames', { maxBFrames: 2 }, 2],
    ['zerolatency at a constant rate', { rateControl: 'Constant' }, 1],
    ['zerolatency with a maximum bit rate', { maxBitrateKbps: 6000 }, 1],
    ['zerolatency by quality with a maximum bit rate', { rateControl: 'Quality', maxBitrateKbps: 6000 }, 0],
    ['veryfast without B-frames', { tune: 'none', threads: 2 }, 13],
    ['veryfast, 3 B-frames', { tune: 'none', threads: 2, maxBFrames: 3 }, 16],
    ['medium, 3 B-frames', { tune: 'none', preset: 'medium', threads: 2, maxBFrames: 3 }, 46],
    ['medium, 16 B-frames', { tune: 'none', preset: 'medium', threads: 2, maxBFrames: 16 }, 59],
    [
      'medium, 16 B-frames and 16 threads',
      { encoder: 'libx264', tune: 'none', preset: 'medium', threads: 16, maxBFrames: 16 },
      73,
    ],
    ['automatic threads on 2 processors', { tune: 'none' }, 14],
  ];
  it.each(cases)(
    'the estimate of the encoder delay is what was measured, or more: %s',
    (_, input, expected) => {
      expect(encoderDelayFrames(input, 2)).toBe(expected);
    },
  );
});
