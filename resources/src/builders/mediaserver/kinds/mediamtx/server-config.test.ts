import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { mediamtxBinary } from '../../../../../../scripts/paths.mjs';
import { runSync } from '../../../../../../test/support/program.ts';
import { validateManifest } from '../../../../schema/manifest.ts';
import type { MediaServer } from '../../../../schema/media-server.generated.ts';
import type { VideoPush } from '../../../../schema/video-push.generated.ts';
import { checkServer, DEFAULT_PORTS, publishUrl, streamUrl } from '../../../endpoints.ts';
import type { ServerPath } from '../../context.ts';
import { buildMediaMtxConfig, hashCredential, type MediaMtxOptions, slateFor } from './server-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'mediamtx-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function server(spec: MediaServer['spec']): MediaServer {
  const manifest = {
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'MediaServer',
    metadata: { name: 'server' },
    spec,
  };
  return validateManifest(manifest) as MediaServer;
}

const users = {
  publisher: { name: 'publisher', password: 'to publish' },
  reader: { name: 'reader', password: 'to read' },
};

/** Exit code and output of the real server's own check of a configuration. */
function judge(text: string): { status: number | null; output: string } {
  const file = join(folder, 'mediamtx.yml');
  writeFileSync(file, text);
  const { code, stdout, stderr } = runSync(mediamtxBinary(), ['--validate-conf', file], { timeout: 20_000 });
  return { status: code, output: stdout + stderr };
}

const variants: [string, MediaServer['spec'], ServerPath[], MediaMtxOptions][] = [
  ['the defaults', {}, [], { users }],
  ['open to everybody', { authentication: { publish: 'None' } }, [{ name: 'a/b' }], {}],
  [
    'everything set',
    {
      protocols: ['RTSP', 'RTMP', 'SRT', 'HLS', 'WebRTC'],
      authentication: { publish: 'Generated', read: 'Generated' },
      recording: { persistentVolumeClaim: { claimName: 'archive' }, segmentSeconds: 60, retentionHours: 0 },
    },
    [{ name: 'camera-1', slate: { codec: 'H264' } }, { name: 'b', slate: { codec: 'AV1' } }, { name: 'a' }],
    {
      host: '127.0.0.1',
      ports: { rtsp: 20554, srt: 20890 },
      users: {
        ...users,
        operator: { name: 'operator', password: 'o' },
        metrics: { name: 'metrics', password: 'm' },
      },
      recordingFolder: '/recordings',
      logLevel: 'debug',
      readTimeoutSeconds: 5,
    },
  ],
];

it.each(variants)('MediaMTX accepts the configuration: %s', (_, spec, paths, options) => {
  const { status, output } = judge(buildMediaMtxConfig(server(spec), paths, options));
  expect(output).toContain('configuration file is valid');
  expect(status).toBe(0);
});

it('MediaMTX refuses a configuration with an unknown key, so the tests above can fail', () => {
  expect(judge(`${buildMediaMtxConfig(server({}), [], { users })}nonsense: 1\n`).status).not.toBe(0);
});

it('passwords stand in the configuration only as hashes, and each user may do one thing', () => {
  const text = buildMediaMtxConfig(server({ authentication: { read: 'Generated' } }), [], { users });
  expect(text).not.toMatch(/to publish|to read/);
  expect(hashCredential('testpass')).toBe('sha256:E9JJ8stBJ7QM+nV4ZoUCeHk/gU3tPFh/5YieiJp6n2w=');
  const config = parse(text) as {
    authInternalUsers: { user: string; ips: string[]; permissions: object[] }[];
  };
  expect(
    config.authInternalUsers.map(({ user, ips, permissions }) => [user, ips.length, permissions]),
  ).toEqual([
    [hashCredential('publisher'), 0, [{ action: 'publish' }]],
    [hashCredential('reader'), 0, [{ action: 'read' }, { action: 'playback' }]],
    ['any', 2, [{ action: 'api' }, { action: 'metrics' }]],
  ]);
});

it('a configuration cannot be built when authentication needs a user that nobody gave', () => {
  expect(() => buildMediaMtxConfig(server({}), [])).toThrow(
    'authentication of MediaServer "server" needs a publisher',
  );
});

it('the configuration keeps named paths for their readers, sends RTSP by TCP only and turns MoQ off', () => {
  const paths: ServerPath[] = [{ name: 'z', slate: { codec: 'H264' } }, { name: 'a' }];
  const config = parse(buildMediaMtxConfig(server({}), paths, { users })) as Record<string, unknown>;
  expect(config).toMatchObject({
    rtspTransports: ['tcp'],
    moq: false,
    hls: true,
    webrtc: false,
    rtspAddress: ':8554',
  });
  expect(config.paths).toEqual({
    a: { source: 'publisher' },
    z: { source: 'publisher', alwaysAvailable: true, alwaysAvailableTracks: [{ codec: 'H264' }] },
    all_others: { source: 'publisher' },
  });
  expect(slateFor('VP8')).toBeUndefined();
  expect(slateFor('H265')).toEqual({ codec: 'H265' });
});

it('the order of the paths does not change the configuration', () => {
  const paths: ServerPath[] = [{ name: 'b' }, { name: 'a' }];
  const build = (list: ServerPath[]) => buildMediaMtxConfig(server({}), list, { users });
  expect(build(paths)).toBe(build([...paths].reverse()));
});

it('the URL to which a stream is published follows from protocol, server and path', () => {
  const push = validateManifest({
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'VideoPush',
    metadata: { name: 'film' },
    spec: {
      source: { testPattern: {} },
      outputs: [
        { name: 'a', serverRef: { name: 'server' } },
        { name: 'b', serverRef: { name: 'server' }, protocol: 'SRT', path: 'x/y' },
      ],
    },
  }) as VideoPush;
  const place = { host: '::1', ports: { ...DEFAULT_PORTS, rtsp: 20554 } };
  expect(publishUrl(push, 0, server({}), place)).toBe('rtsp://[::1]:20554/film');
  expect(publishUrl(push, 1, server({ protocols: ['SRT'] }), place)).toBe(
    'srt://[::1]:8890?streamid=publish:x/y',
  );
  const elsewhere = server({
    type: 'External',
    endpoints: [{ protocol: 'RTSP', host: 'media.example', port: 5 }],
  });
  expect(publishUrl(push, 0, elsewhere, place)).toBe('rtsp://media.example:5/film');
  expect(streamUrl('RTMP', 'h', 1935, 'live/a')).toBe('rtmp://h:1935/live/a');
});

it('a server that cannot be used is refused with one that can', () => {
  const check = (spec: MediaServer['spec'], protocol: 'RTSP' | 'SRT') => () =>
    checkServer({ ...server({}), spec }, protocol, 'spec.outputs[0].protocol');
  expect(check({ type: 'SRS' }, 'RTSP')).toThrow(
    'spec.type: SRS cannot be run yet; use MediaMTX, or External',
  );
  expect(check({}, 'SRT')).toThrow(
    'spec.outputs[0].protocol: MediaServer "server" does not take SRT; it takes RTSP, RTMP',
  );
  expect(check({ type: 'External' }, 'RTSP')).toThrow('it takes none of RTSP, RTMP, SRT');
});
