/** Names, MediaServers and VideoPushSets that nobody can have meant. */
import { mediaServer, videoPush, videoPushSet, withTemplate } from './manifests.ts';
import { wrong } from './wrong.ts';

const RTSP_OUTPUT = { name: 'main', serverRef: { name: 'live' } };
const PATTERN = { testPattern: {} };

const NAMES = [
  wrong('a name with a dot', videoPush({}, 'camera.1'), 'metadata.name: '),
  wrong('a name of 64 characters', videoPush({}, 'n'.repeat(64)), 'must be a DNS label: 1-63'),
  wrong('a server whose name begins with a digit', mediaServer({}, '1-live'), 'with a letter first'),
  wrong('a set with a dot in its name', videoPushSet({}, 'wall.1'), 'must be a DNS label: 1-63'),
];

const SERVERS = [
  wrong('SRS, for now', mediaServer({ type: 'SRS' }), 'SRS cannot be run yet; use MediaMTX, or External'),
  wrong(
    'MkvServer, for now',
    mediaServer({ type: 'MkvServer' }),
    'MkvServer cannot be run yet; use MediaMTX',
  ),
  wrong(
    'a server of a type that is not known',
    mediaServer({ type: 'Nginx' }),
    /Unsupported value: "Nginx".*"MediaMTX"/,
  ),
  wrong(
    'an External server without endpoints',
    mediaServer({ type: 'External' }),
    'must say where the External server is found',
  ),
  wrong(
    'endpoints of a server of ours',
    mediaServer({ endpoints: [{ protocol: 'RTSP', host: 'a.example' }] }),
    'is only for `type` External',
  ),
  wrong(
    'an image of an External server',
    mediaServer({ type: 'External', image: 'a:1', endpoints: [{ protocol: 'RTSP', host: 'a.example' }] }),
    'leave it out with `type` External',
  ),
  wrong(
    'protocols of an External server',
    mediaServer({
      type: 'External',
      protocols: ['RTSP'],
      endpoints: [{ protocol: 'RTSP', host: 'a.example' }],
    }),
    '`endpoints` say what it speaks',
  ),
  wrong(
    'a host with its port',
    mediaServer({ externalHost: 'a.example:8554' }),
    'without scheme, port and path',
  ),
  wrong(
    'a server that nobody can publish to',
    mediaServer({ protocols: ['HLS', 'WebRTC'] }),
    'at least one of RTSP, RTMP and SRT',
  ),
  wrong('a protocol twice', mediaServer({ protocols: ['RTSP', 'RTSP'] }), 'Duplicate value'),
  wrong(
    'node ports of a ClusterIP',
    mediaServer({ service: { nodePorts: { rtsp: 30554 } } }),
    'only for `type` NodePort and LoadBalancer',
  ),
  wrong(
    'one node port for two protocols',
    mediaServer({ service: { type: 'NodePort', nodePorts: { rtsp: 30554, rtmp: 30554 } } }),
    'must not give one port to two protocols',
  ),
  wrong(
    'a node port of a protocol that is off',
    mediaServer({ protocols: ['RTSP'], service: { type: 'NodePort', nodePorts: { hls: 30888 } } }),
    'must name only protocols that the server speaks',
  ),
  wrong(
    'an annotation with two slashes',
    mediaServer({ service: { annotations: { 'a/b/c': '' } } }),
    'must be named as annotations are, such as example.com/pool',
  ),
  wrong('recordings without a volume', mediaServer({ recording: { segmentSeconds: 60 } }), 'Required value'),
  wrong(
    'an image with a scheme',
    mediaServer({ image: 'docker://bluenviron/mediamtx' }),
    'an image without a scheme',
  ),
];

const SETS = [
  wrong('a set of nothing', videoPushSet({ sources: undefined }), 'exactly one of `sources` and `range`'),
  wrong(
    'a set by list and by range',
    videoPushSet({ range: { count: 3 } }),
    'exactly one of `sources` and `range`',
  ),
  wrong('a range without a source', withTemplate({ source: undefined }), 'must have a `source` with `range`'),
  wrong(
    'a source for all beside a list',
    videoPushSet({ template: { spec: { source: PATTERN, outputs: [RTSP_OUTPUT] } } }),
    'must be left out with `sources`',
  ),
  wrong('a set of 2000', withTemplate({}, { count: 2000 }), 'should be less than or equal to 1000'),
  wrong('fewer than none', videoPushSet({ replicas: -1 }), 'should be greater than or equal to 0'),
  wrong(
    'two sources of one name',
    videoPushSet({ sources: ['a', 'a'].map((name) => ({ name, source: PATTERN })) }),
    'Duplicate value',
  ),
  wrong(
    'a source named with a blank',
    videoPushSet({ sources: [{ name: 'the lobby', source: PATTERN }] }),
    'such as lobby',
  ),
  wrong(
    'one path for a whole set',
    withTemplate({ outputs: [{ ...RTSP_OUTPUT, path: 'wall' }] }),
    '$(name) or $(index) in every `path`',
  ),
  wrong(
    'one URL for a whole set',
    withTemplate({ outputs: [{ name: 'a', url: 'rtsp://a.example/1' }] }),
    '$(name) or $(index) in every `url`',
  ),
  wrong(
    'one stream key for a whole set',
    withTemplate({ outputs: [{ name: 'a', urlSecretRef: { name: 'a', key: 'url' } }] }),
    'use `url` with $(name) or $(index)',
  ),
  wrong(
    'a placeholder that is not known',
    withTemplate({ source: { uri: 'rtsp://$(host)/$(name)' } }),
    'the placeholders are $(name) and $(index)',
  ),
  wrong(
    'a template that is no VideoPush',
    withTemplate({ video: { width: 1281 } }),
    'should be a multiple of 2',
  ),
  wrong(
    "the operator's own label",
    videoPushSet({
      template: { metadata: { labels: { 'videopush.dev/set': 'mine' } }, spec: { outputs: [RTSP_OUTPUT] } },
    }),
    'must not begin with videopush.dev/',
  ),
];

export const WRONG_OTHERS = [...NAMES, ...SERVERS, ...SETS];
