/** VideoPushes that nobody can have meant. */
import { videoPush, withOutput, withPlacement, withSource } from './manifests.ts';
import { wrong } from './wrong.ts';
import { WRONG_VIDEOS } from './wrong-videos.ts';

const RTSP_OUTPUT = { name: 'main', serverRef: { name: 'live' } };
const PATTERN = { testPattern: {} };

const SOURCES = [
  wrong('no source', videoPush({ source: undefined }), 'Required value'),
  wrong(
    'a source that says nothing',
    withSource({}),
    'exactly one of `uri`, `persistentVolumeClaim` and `testPattern`',
  ),
  wrong(
    'two sources in one',
    withSource({ uri: 'rtsp://a.example/1', ...PATTERN }),
    'exactly one of `uri`, `persistentVolumeClaim` and `testPattern`',
  ),
  wrong('a misspelt field', withSource({ url: 'rtsp://a.example/1' }), /unknown field|not a known field/),
  wrong(
    'a path as the URL',
    withSource({ uri: '/films/a.mp4' }),
    'must be a URL with scheme http, https, rtsp',
  ),
  wrong(
    'a scheme that is not read',
    withSource({ uri: 'ftp://a.example/a.mp4' }),
    'must be a URL with scheme http',
  ),
  wrong(
    'RTSP over TLS',
    withSource({ uri: 'rtsps://a.example/1' }),
    'scheme http, https, rtsp, rtmp, rtmps or srt',
  ),
  wrong(
    'a file of one machine',
    withSource({ uri: 'file:///films/a.mp4' }),
    'name it in `persistentVolumeClaim`',
  ),
  wrong(
    'user and password in the URL',
    withSource({ uri: 'rtsp://ann:pass@a.example/1' }),
    'put them into a Secret and name it in `credentialsSecretRef`',
  ),
  wrong(
    'a user alone in the URL',
    withSource({ uri: 'http://ann@a.example/1.mp4' }),
    'must not hold a user name',
  ),
  wrong('a URL without a host', withSource({ uri: 'rtsp:///1' }), 'must name a host, as in rtsp://'),
  wrong(
    'a space in the URL',
    withSource({ uri: 'http://a.example/a b.mp4' }),
    'must not contain spaces (write %20)',
  ),
  wrong(
    'an HLS playlist',
    withSource({ uri: 'https://a.example/live/index.M3U8?t=1' }),
    'must not be a playlist',
  ),
  wrong(
    'a DASH manifest',
    withSource({ uri: 'https://a.example/live.mpd' }),
    'must not be a playlist (.m3u8, .mpd)',
  ),
  wrong('an SRT source without a port', withSource({ uri: 'srt://a.example/x' }), 'must name the port'),
  wrong(
    'a video track by a name that none has',
    withSource({ uri: 'http://a.example/a.ts', videoTrack: 'first' }),
    'must be a number from 0, id:N or lang:xxx',
  ),
  wrong(
    'a program of a test pattern',
    withSource({ testPattern: {}, program: 1 }),
    'is not for a `testPattern`, which has one video track and no programs',
  ),
  wrong(
    'a video track of a test pattern',
    withSource({ testPattern: {}, videoTrack: '0' }),
    'is not for a `testPattern`, which has one video track',
  ),
  wrong(
    'a program of more than 16 bits',
    withSource({ uri: 'http://a.example/a.ts', program: 65_536 }),
    'less than or equal to 65535',
  ),
  wrong(
    'a placeholder outside of a set',
    withSource({ uri: 'rtsp://$(name).example/1' }),
    'only the template of a VideoPushSet',
  ),
  wrong(
    'a path that leaves the volume',
    withSource({ persistentVolumeClaim: { claimName: 'films', path: 'a/../../b.mp4' } }),
    'must not leave the volume with ".."',
  ),
  wrong(
    'an absolute path on a volume',
    withSource({ persistentVolumeClaim: { claimName: 'films', path: '/a.mp4' } }),
    'must be relative to the volume, without a leading slash',
  ),
  wrong(
    'a folder as the file',
    withSource({ persistentVolumeClaim: { claimName: 'films', path: 'a/' } }),
    'must name a file, not a folder',
  ),
  wrong(
    'a claim with a capital',
    withSource({ persistentVolumeClaim: { claimName: 'Films', path: 'a.mp4' } }),
    'must be the name of a PersistentVolumeClaim',
  ),
  wrong(
    'a volume without a path',
    withSource({ persistentVolumeClaim: { claimName: 'films' } }),
    'Required value',
  ),
  wrong(
    'UDP for a film by http',
    withSource({ uri: 'http://a.example/a.mp4', rtspTransport: 'UDP' }),
    'only for a `uri` that begins with rtsp://',
  ),
  wrong(
    'credentials for a test pattern',
    withSource({ ...PATTERN, credentialsSecretRef: { name: 'a' } }),
    'only for a `uri` that begins with http://, https:// or rtsp://',
  ),
  wrong(
    'a Secret named by a sentence',
    withSource({ uri: 'rtsp://a.example/1', credentialsSecretRef: { name: 'my secret' } }),
    'must be the name of a Secret',
  ),
  wrong(
    'authorities for a source without TLS',
    withSource({ uri: 'http://a.example/a.mp4', caSecretRef: { name: 'a' } }),
    'only for a `uri` that begins with https:// or rtmps://',
  ),
  wrong(
    'a source without TLS whose certificate is not verified',
    withSource({ uri: 'rtsp://a.example/1', insecureSkipVerify: true }),
    'only for a `uri` that begins with https:// or rtmps://',
  ),
  wrong(
    'a source with authorities that are not asked',
    withSource({ uri: 'https://a.example/a.mp4', caSecretRef: { name: 'a' }, insecureSkipVerify: true }),
    'must not be true with `caSecretRef`',
  ),
  wrong(
    'a volume to reconnect to',
    withSource({ persistentVolumeClaim: { claimName: 'a', path: 'b' }, onEnd: 'Reconnect' }),
    'use Complete or Repeat',
  ),
  wrong(
    'a camera to repeat',
    withSource({ uri: 'rtsp://a.example/1', onEnd: 'Repeat' }),
    'use Reconnect, or Complete',
  ),
  wrong(
    'an endless pattern that completes',
    withSource({ ...PATTERN, onEnd: 'Complete' }),
    '`testPattern.durationSeconds` gives it an end',
  ),
  wrong(
    'an end that is not known',
    withSource({ ...PATTERN, onEnd: 'Loop' }),
    /Unsupported value: "Loop".*"Complete", "Repeat", "Reconnect"/,
  ),
  wrong(
    'a pattern of 67 megapixels',
    withSource({ testPattern: { width: 8192, height: 8192 } }),
    'at most 35651584 pixels (8192 x 4352)',
  ),
  wrong(
    'a pattern that is wider than sources may be',
    withSource({ testPattern: { width: 8194, height: 16 } }),
    'should be less than or equal to 8192',
  ),
  wrong(
    'a pattern at 1000 frames per second',
    withSource({ testPattern: { frameRate: '1000' } }),
    'at most 300 frames per second',
  ),
];

const OUTPUTS = [
  wrong('no outputs', videoPush({ outputs: [] }), 'should have at least 1 items'),
  wrong(
    'an output without a name',
    videoPush({ outputs: [{ serverRef: { name: 'live' } }] }),
    'Required value',
  ),
  wrong('an output without a target', withOutput({}), 'exactly one of `serverRef`, `url` and `urlSecretRef`'),
  wrong(
    'an output that goes to two places',
    withOutput({ url: 'rtsp://a.example/1', serverRef: { name: 'live' } }),
    'exactly one of `serverRef`, `url` and `urlSecretRef`',
  ),
  wrong(
    'a path beside a URL',
    withOutput({ url: 'rtsp://a.example', path: 'live' }),
    'a `url` holds its path itself',
  ),
  wrong(
    'a protocol beside a URL',
    withOutput({ url: 'rtsp://a.example/1', protocol: 'RTSP' }),
    'a `url` says it by its scheme',
  ),
  wrong(
    'a push by HTTP',
    withOutput({ url: 'https://a.example/live' }),
    'scheme rtsp, rtmp, rtmps or srt, such as rtmp://',
  ),
  wrong(
    'a push into a file',
    withOutput({ url: 'file:///out.mkv' }),
    'push to a MediaServer with `recording`',
  ),
  wrong(
    'a password in an output',
    withOutput({ url: 'rtsp://a:b@a.example/1' }),
    'name it in `credentialsSecretRef`',
  ),
  wrong(
    'authorities for an output without TLS',
    withOutput({ url: 'rtmp://a.example/app/key', caSecretRef: { name: 'a' } }),
    'only for `urlSecretRef`, or a `url` that begins with rtmps://',
  ),
  wrong(
    'an output to a MediaServer whose certificate is not verified',
    withOutput({ serverRef: { name: 'live' }, insecureSkipVerify: true }),
    'only for `urlSecretRef`, or a `url` that begins with rtmps://',
  ),
  wrong(
    'an output with authorities that are not asked',
    withOutput({ url: 'rtmps://a.example/app/key', caSecretRef: { name: 'a' }, insecureSkipVerify: true }),
    'must not be true with `caSecretRef`',
  ),
  wrong(
    'an SRT server without a port',
    withOutput({ url: 'srt://a.example' }),
    'must name the port of an SRT server',
  ),
  wrong(
    'a path with ".."',
    withOutput({ serverRef: { name: 'live' }, path: '../x' }),
    'such as live/camera-1',
  ),
  wrong(
    'a path with a leading slash',
    withOutput({ serverRef: { name: 'live' }, path: '/x' }),
    'in steps joined by "/"',
  ),
  wrong(
    'WebRTC as the way to publish',
    withOutput({ serverRef: { name: 'live' }, protocol: 'WebRTC' }),
    /Unsupported value: "WebRTC".*"RTSP", "RTMP", "SRT"/,
  ),
  wrong(
    'two outputs of one name',
    videoPush({ outputs: [RTSP_OUTPUT, { ...RTSP_OUTPUT, path: 'b' }] }),
    'Duplicate value',
  ),
  wrong(
    'two outputs to one path',
    videoPush({ outputs: [RTSP_OUTPUT, { ...RTSP_OUTPUT, name: 'b' }] }),
    'give each its own `path`',
  ),
  wrong(
    'two outputs to one URL',
    videoPush({ outputs: ['a', 'b'].map((name) => ({ name, url: 'rtmp://a.example/app/key' })) }),
    'must not push two outputs to the same `url`',
  ),
  wrong('a stream key without a key', withOutput({ urlSecretRef: { name: 'service' } }), 'Required value'),
  wrong(
    'nine outputs',
    videoPush({
      outputs: Array.from({ length: 9 }, (_, n) => ({ ...RTSP_OUTPUT, name: `o${n}`, path: `p${n}` })),
    }),
    'must have at most 8 items',
  ),
];

const RUNNING = [
  wrong(
    'a queue of no frames',
    videoPush({ queue: { capacityFrames: 0 } }),
    'should be greater than or equal to 1',
  ),
  wrong(
    'a queue of less memory than any picture takes',
    videoPush({ queue: { maxBytes: '512Ki' } }),
    'must be a quantity from 1Mi to 64Gi',
  ),
  wrong(
    'a queue of more memory than it may take',
    videoPush({ queue: { maxBytes: 2 ** 37 } }),
    'must be a quantity from 1Mi to 64Gi',
  ),
  wrong(
    'a queue whose memory is not a quantity',
    videoPush({ queue: { maxBytes: 'much' } }),
    'must be a quantity from 1Mi to 64Gi',
  ),
  wrong(
    'a queue that waits',
    videoPush({ queue: { whenFull: 'Wait' } }),
    /Unsupported value: "Wait".*"Block"/,
  ),
  wrong(
    'a JetStream in one pod',
    videoPush({ queue: { jetStream: { address: 'nats://nats:4222' } } }),
    'only for `topology` Split',
  ),
  wrong(
    'a JetStream without a port',
    videoPush({ topology: 'Split', queue: { jetStream: { address: 'nats://nats' } } }),
    'must be nats://HOST:PORT',
  ),
  wrong(
    'a topology of two words',
    videoPush({ topology: 'Two Pods' }),
    /Unsupported value: "Two Pods".*"SamePod", "Split"/,
  ),
  wrong('a suspension in words', videoPush({ suspend: 'yes' }), 'must be of type boolean'),
  wrong(
    'memory in a unit that is not known',
    videoPush({ resources: { encoder: { limits: { memory: '2 GB' } } } }),
    'must be a quantity such as 500m, 2 or 1Gi',
  ),
  wrong(
    'a resource that is not known',
    videoPush({ resources: { decoder: { requests: { mem: '1Gi' } } } }),
    'must be named cpu, memory',
  ),
  wrong(
    'a limit below the request',
    videoPush({ resources: { encoder: { requests: { memory: '2Gi' }, limits: { memory: '512Mi' } } } }),
    'must not be below `requests`',
  ),
  wrong(
    'a toleration with Exists and a value',
    withPlacement({ tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] }),
    'must be left out with `operator` Exists',
  ),
  wrong(
    'a toleration of nothing',
    withPlacement({ tolerations: [{ effect: 'NoSchedule' }] }),
    '`operator` Exists to tolerate every taint',
  ),
  wrong(
    'a toleration that ends for NoSchedule',
    withPlacement({ tolerations: [{ key: 'a', effect: 'NoSchedule', tolerationSeconds: 5 }] }),
    'only for `effect` NoExecute',
  ),
  wrong(
    'a node by a label with a blank',
    withPlacement({ nodeSelector: { 'disk speed': 'fast' } }),
    'must be named as labels are, such as disk',
  ),
  wrong(
    'a node by a sentence',
    withPlacement({ nodeSelector: { disk: 'very fast' } }),
    'must be the value of a label',
  ),
  wrong(
    'a misspelt affinity',
    withPlacement({ affinity: { nodeAffinty: {} } }),
    /unknown field|not a known field/,
  ),
];

export const WRONG_STREAMS = [...SOURCES, ...WRONG_VIDEOS, ...OUTPUTS, ...RUNNING];
