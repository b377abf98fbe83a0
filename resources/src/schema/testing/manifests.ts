/** Manifests that tests begin with, and the ones that use every field. */

export interface Document {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec: unknown;
}

/** Any object: tests put wrong types into it as well. */
export type Loose = Record<string, unknown>;

const API = 'videopush.dev/v1alpha1';

const SOURCE: Loose = { uri: 'rtsp://camera.example/1' };
const OUTPUT: Loose = { name: 'main', serverRef: { name: 'live' } };

/** A VideoPush that is right, but for `spec`, which replaces whole fields. */
export function videoPush(spec: Loose = {}, name = 'demo'): Document {
  return {
    apiVersion: API,
    kind: 'VideoPush',
    metadata: { name },
    spec: { source: SOURCE, outputs: [OUTPUT], ...spec },
  };
}

export const withSource = (source: unknown): Document => videoPush({ source });
export const withVideo = (video: unknown, output: Loose = {}): Document =>
  videoPush({ video, outputs: [{ ...OUTPUT, ...output }] });
/** `output` beside a name. */
export const withOutput = (output: Loose): Document => videoPush({ outputs: [{ name: 'main', ...output }] });
export const withPlacement = (placement: unknown): Document => videoPush({ placement });

export function mediaServer(spec: unknown = {}, name = 'live'): Document {
  return { apiVersion: API, kind: 'MediaServer', metadata: { name }, spec };
}

/** A set of two named sources that is right, but for `spec`, which replaces whole fields. */
export function videoPushSet(spec: Loose = {}, name = 'wall'): Document {
  const sources = ['lobby', 'gate'].map((one) => ({ name: one, source: { uri: `rtsp://${one}.example/1` } }));
  return {
    apiVersion: API,
    kind: 'VideoPushSet',
    metadata: { name },
    spec: { sources, template: { spec: { outputs: [OUTPUT] } }, ...spec },
  };
}

/** A set over a range with this template. */
export const withTemplate = (spec: Loose, range: unknown = { count: 3 }): Document =>
  videoPushSet({
    sources: undefined,
    range,
    template: { spec: { source: { testPattern: {} }, outputs: [OUTPUT], ...spec } },
  });

const affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] }] },
      ],
    },
  },
  podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] },
  podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] },
};

/** Every field of a VideoPush's spec that goes together with the others. */
const everything: Loose = {
  source: {
    uri: 'rtsp://camera.example:554/1?channel=2',
    onEnd: 'Reconnect',
    credentialsSecretRef: { name: 'camera' },
    rtspTransport: 'UDP',
    program: 7,
    videoTrack: 'id:0x100',
  },
  video: {
    codec: 'H264',
    encoder: 'libx264',
    width: 1920,
    height: 1080,
    frameRate: '30000/1001',
    pixelFormat: 'yuv420p',
    deinterlace: 'Always',
    hdr: 'Keep',
    squarePixels: true,
    background: '#102030',
    crop: { left: 2, top: 0, right: 4, bottom: 8190 },
    bitrateKbps: 6000,
    rateControl: 'Capped',
    maxBitrateKbps: 8000,
    profile: 'high',
    level: '4.1',
    gopSeconds: 2,
    maxBFrames: 2,
    preset: 'veryfast',
    tune: 'zerolatency',
    threads: 4,
  },
  audio: { mode: 'Drop' },
  queue: {
    capacityFrames: 40,
    maxBytes: '512Mi',
    whenFull: 'DropOldest',
    jetStream: { address: 'nats://nats.video.svc:4222' },
  },
  pacing: { latencyBudgetMilliseconds: 200, catchUp: 'Burst' },
  outputs: [
    { name: 'live', serverRef: { name: 'live' }, path: 'hall/camera-1', protocol: 'SRT' },
    { name: 'backup', serverRef: { name: 'live' }, path: 'backup', credentialsSecretRef: { name: 'backup' } },
    { name: 'outside', url: 'rtmps://server.example/app/camera', credentialsSecretRef: { name: 'outside' } },
    {
      name: 'service',
      urlSecretRef: { name: 'service', key: 'url' },
      caSecretRef: { name: 'authorities', key: 'root.pem' },
      insecureSkipVerify: false,
    },
  ],
  topology: 'Split',
  suspend: true,
  resources: {
    decoder: { requests: { cpu: '500m', memory: '256Mi' }, limits: { memory: '1Gi' } },
    encoder: {
      requests: { cpu: 2, memory: '1Gi' },
      limits: { cpu: '4', memory: '2Gi', 'nvidia.com/gpu': 1 },
    },
  },
  placement: {
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [
      { operator: 'Exists' },
      { key: 'video', operator: 'Equal', value: 'only', effect: 'NoExecute', tolerationSeconds: 30 },
    ],
    affinity,
    priorityClassName: 'video-high',
  },
};

/** Together these use every field of every kind's spec, the optional ones included. */
export const RIGHT_MANIFESTS: readonly { name: string; manifest: Document }[] = [
  { name: 'the smallest VideoPush', manifest: videoPush() },
  { name: 'a VideoPush with everything', manifest: videoPush(everything, 'everything') },
  {
    name: 'a VideoPush with a file on a volume',
    manifest: withSource({
      persistentVolumeClaim: { claimName: 'films', path: 'a/tr..ailer 1.mp4' },
      onEnd: 'Repeat',
    }),
  },
  {
    name: 'a VideoPush with a test pattern that ends, and a GOP in frames',
    manifest: videoPush({
      source: {
        testPattern: {
          pattern: 'SMPTEHDBars',
          width: 640,
          height: 360,
          frameRate: '25',
          durationSeconds: 10,
        },
        onEnd: 'Complete',
      },
      video: { gopFrames: 50 },
    }),
  },
  { name: 'a name of 63 characters', manifest: videoPush({}, 'n'.repeat(63)) },
  { name: 'AV1 by RTMP', manifest: withVideo({ codec: 'AV1' }, { protocol: 'RTMP' }) },
  {
    name: 'an IPv6 address, and a "@" in the path',
    manifest: withSource({ uri: 'http://[2001:db8::1]:80/a@b.mp4' }),
  },
  { name: 'an SRT source', manifest: withSource({ uri: 'srt://peer.example:8890?streamid=read:camera' }) },
  { name: 'a film by https', manifest: withSource({ uri: 'https://archive.example/m3u8/film.mp4?x=.mpd' }) },
  { name: 'the smallest MediaServer', manifest: mediaServer() },
  {
    name: 'a MediaServer with everything',
    manifest: mediaServer(
      {
        type: 'MediaMTX',
        image: 'registry.example:5000/bluenviron/mediamtx:1.21.0',
        protocols: ['RTSP', 'RTMP', 'SRT', 'HLS', 'WebRTC'],
        service: {
          type: 'NodePort',
          annotations: { 'example.com/note': 'für alle 视频' },
          nodePorts: { rtsp: 30554, rtmp: 31935, srt: 30890, hls: 30888, webrtc: 30889 },
        },
        externalHost: 'media.example',
        authentication: { publish: 'None', read: 'Generated' },
        recording: { persistentVolumeClaim: { claimName: 'kept' }, segmentSeconds: 60, retentionHours: 0 },
      },
      'everything',
    ),
  },
  {
    name: 'an External MediaServer',
    manifest: mediaServer(
      {
        type: 'External',
        endpoints: [
          { protocol: 'RTSP', host: 'media.example', port: 554 },
          { protocol: 'SRT', host: '2001:db8::1' },
        ],
      },
      'outside',
    ),
  },
  { name: 'the smallest VideoPushSet', manifest: videoPushSet() },
  {
    name: 'a VideoPushSet with everything',
    manifest: videoPushSet(
      {
        replicas: 2,
        sources: undefined,
        range: { first: 7, count: 100 },
        template: {
          metadata: { labels: { team: 'wall' }, annotations: { 'example.com/note': '视频' } },
          spec: {
            ...everything,
            source: { uri: 'rtsp://camera-$(index).example/1' },
            outputs: [
              { name: 'live', serverRef: { name: 'live' }, path: 'wall/$(name)', protocol: 'SRT' },
              { name: 'outside', url: 'rtmp://server.example/app/camera-$(index)' },
            ],
          },
        },
      },
      'everything',
    ),
  },
  {
    name: 'a set of files on a volume, more replicas than sources',
    manifest: withTemplate(
      { source: { persistentVolumeClaim: { claimName: 'films', path: 'part-$(index).mp4' } } },
      { count: 1 },
    ),
  },
  { name: 'a set whose name has 63 characters', manifest: videoPushSet({}, 's'.repeat(63)) },
];
