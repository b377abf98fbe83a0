/**
 * A push by RTMP to a real MediaMTX checks the certificate of TLS, reports the refusal of its user, and
 * bounds its send buffer.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { childEnvironment, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { type OwnAuthority, ownAuthority } from '../support/certificates.ts';
import { makeClip } from '../support/clips.ts';
import { FLAWLESS, judge } from '../support/frame-verdict.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { outputOf, Program } from '../support/program.ts';
import { Push } from '../support/sessions.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const FRAMES = 150;
const PATTERN = 'testpattern:size=320x180';
const ACCOUNT = { user: 'publisher-bob', password: 'right-passw0rd' };
const WRONG = 'wr0ng-passw0rd';
const KEY = 's3cr3t-k3y';

const push = (words: readonly string[], environment: NodeJS.ProcessEnv = {}): Program =>
  new Program(nodeBinary(), [join(repoRoot, 'cli', 'bin', 'videopush.mjs'), 'push', ...words], {
    env: childEnvironment(environment),
    limitMilliseconds: 120_000,
  });

/** A certificate for the loopback's address. */
const makeCertificate = (scratch: Scratch): Promise<OwnAuthority> => ownAuthority(scratch, 'IP:127.0.0.1');

it('a push by RTMPS to a MediaMTX whose certificate SSL_CERT_FILE names reaches the viewer whole', async () => {
  using scratch = new Scratch();
  const rtmpCertificate = await makeCertificate(scratch);
  await using server = await MediaMtx.start({ rtmpCertificate });
  const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: FRAMES, rate: '30', bFrames: 2 });
  await using reader = new StampReader(server.rtsp());
  await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
  await using program = push([clip, server.rtmps(), '--preset', 'ultrafast', '--bitrate', '800k'], {
    SSL_CERT_FILE: rtmpCertificate.authority,
  });
  await reader.untilIndex(FRAMES - 1, 90_000);
  expect(await program.waitForExit(30_000), program.tail()).toMatchObject({ code: 0 });
  expect(judge(reader.indices(), 0, FRAMES - 1)).toEqual(FLAWLESS);
}, 150_000);

it('the same push without that trust ends with 4, and names the certificate and what to do', async () => {
  using scratch = new Scratch();
  await using server = await MediaMtx.start({ rtmpCertificate: await makeCertificate(scratch) });
  await using program = push([PATTERN, server.rtmps(`live/${KEY}`)]);
  expect(await program.waitForExit(90_000), program.tail()).toMatchObject({ code: 4 });
  const said = program.stderr.join('\n');
  expect(said).toMatch(/^videopush: .*the server's certificate is not accepted/m);
  expect(said).toContain('SSL_CERT_FILE');
  expect([...program.stdout, ...program.stderr].join('\n')).not.toContain(KEY);
  expect((await server.path())?.online).toBe(false);
}, 120_000);

it('a publish by RTMP with a wrong password fails for good with CredentialsRefused, and shows no secret', async () => {
  await using server = await MediaMtx.start({
    rtmp: true,
    publisher: ACCOUNT,
    paths: { [`live/${KEY}`]: {} },
  });
  const url = server.rtmp(`live/${KEY}`).replace('rtmp://', `rtmp://${ACCOUNT.user}:${WRONG}@`);
  await using program = push([PATTERN, url]);
  expect(await program.waitForExit(60_000), program.tail()).toMatchObject({ code: 4 });
  expect(program.stderr.join('\n')).toMatch(/^videopush: .*the server refused the user or the password/m);
  const printed = [...program.stdout, ...program.stderr].join('\n');
  expect(printed).toContain('"code":"CredentialsRefused"');
  for (const secret of [ACCOUNT.user, WRONG, KEY]) expect(printed).not.toContain(secret);
}, 90_000);

it.each([
  ['no user', {}, 'CredentialsMissing'],
  ['a wrong password', { user: ACCOUNT.user, password: WRONG }, 'CredentialsRefused'],
] as const)(
  'a publish by RTMP with %s gives a permanent error that holds no secret',
  async (_, credentials, code) => {
    await using server = await MediaMtx.start({
      rtmp: true,
      publisher: ACCOUNT,
      paths: { [`live/${KEY}`]: {} },
    });
    const output = { name: 'main', url: server.rtmp(`live/${KEY}`), ...credentials };
    await using session = new Push({
      source: { testPattern: { width: 320, height: 180 } },
      outputs: [output],
    });
    const error = await until('a refusal', () => session.output().error, 30_000);
    expect(error).toMatchObject({ code, permanent: true });
    expect(session.output().phase).toBe('Failed');
    const said = JSON.stringify(error);
    for (const secret of [ACCOUNT.user, WRONG, KEY]) expect(said).not.toContain(secret);
  },
  60_000,
);

it.each([
  [1, true],
  [4, false],
])(
  'a push by RTMP of %d s warns that nobody may have seen it: %s',
  async (seconds, warns) => {
    await using server = await MediaMtx.start({ rtmp: true, paths: { 'live/short': {} } });
    await using program = push([`${PATTERN},duration=${seconds}`, server.rtmp('live/short')]);
    expect(await program.waitForExit(60_000), program.tail()).toMatchObject({ code: 0 });
    const printed = [...program.stdout, ...program.stderr].join('\n');
    expect(printed.includes('before they put a stream on air')).toBe(warns);
  },
  90_000,
);

it('a long token behind the key of RTMP reaches the server whole, with what else is in the query', async () => {
  await using server = await MediaMtx.start({ rtmp: true, paths: { 'live/cam': {} } });
  const query = `token=${'x'.repeat(1_500)}&signature=a/b+c`;
  await using session = new Push({
    source: { testPattern: { width: 320, height: 180 } },
    outputs: server.rtmp(`live/cam?${query}`),
  });
  const [publisher] = await until(
    'a publisher',
    async () => {
      const all = await server.rtmpPublishers();
      return all.length > 0 ? all : undefined;
    },
    30_000,
  );
  expect(publisher).toMatchObject({ path: 'live/cam', query });
  expect(session.output().error).toBeNull();
}, 60_000);

/** The send buffer of the connection to a port of this machine, in bytes (`tb` in ss(8)); 0 without one. */
function sendBuffer(port: number): number {
  const connections = outputOf('ss', ['-tmnH', 'state', 'established', 'dport', '=', `:${port}`]);
  return Number(/\btb(\d+)/.exec(connections)?.[1] ?? 0);
}

it.each(['rtmp', 'rtmps'] as const)(
  'a push by %s bounds the send buffer of the socket that libavformat opened',
  async (scheme) => {
    using scratch = new Scratch();
    const rtmpCertificate = await makeCertificate(scratch);
    await using server = await MediaMtx.start(scheme === 'rtmp' ? { rtmp: true } : { rtmpCertificate });
    await using program = push([PATTERN, server[scheme](), '--preset', 'ultrafast', '--bitrate', '800k'], {
      SSL_CERT_FILE: rtmpCertificate.authority,
    });
    await server.untilOnline('live', 60_000);
    const bound = 256 * 1024;
    const allowed = Number(readFileSync('/proc/sys/net/core/wmem_max', 'utf8'));
    // The kernel doubles what it is given, and caps it where the process may not exceed the limit.
    const bounds = [2 * bound, 2 * Math.min(bound, allowed)];
    expect(bounds, program.tail()).toContain(sendBuffer(server.rtmpPort));
  },
  120_000,
);
