/** How a push ends whose output does not work, and what it says about a source's sound. */
import { join } from 'node:path';
import { buildInfo } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { childEnvironment, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { makeClip } from '../support/clips.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { RawServer } from '../support/raw-server.ts';
import { RtspServer } from '../support/rtsp-server.ts';
import { Terminal } from '../support/terminal.ts';
import { Scratch } from '../support/tools.ts';

const videopush = (...words: string[]): Program =>
  new Program(nodeBinary(), [join(repoRoot, 'cli', 'bin', 'videopush.mjs'), ...words], {
    env: childEnvironment(),
    limitMilliseconds: 120_000,
  });

interface Summary {
  type: 'summary';
  outputs: { sent: number }[];
  error: { code: string } | null;
  exitCode: number;
}

const ofType = (program: Program, type: string): Record<string, unknown>[] =>
  program.stdout
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line.type === type);

const summaryOf = (program: Program): Summary => {
  const [summary] = ofType(program, 'summary');
  if (!summary) throw new Error(`no summary\n${program.tail()}`);
  return summary as unknown as Summary;
};

const PATTERN = 'testpattern:size=320x180';

/** An address at which nothing listens, for each protocol. */
const ADDRESSES: [string, (port: number) => string][] = [
  ['RTSP', (port) => `rtsp://127.0.0.1:${port}/live`],
  ['RTMP', (port) => `rtmp://127.0.0.1:${port}/app/key`],
  ['SRT', (port) => `srt://127.0.0.1:${port}?streamid=publish:live`],
];

describe.each(ADDRESSES)('with nobody at an address of %s', (protocol, address) => {
  it(`push ends with 4 and the cause after Ctrl+C when nobody is at an address of ${protocol}`, async () => {
    await using push = videopush('push', PATTERN, address(await freePort()));
    await push.waitForLine(/"event":"output.failed"/, 40_000);
    push.signal('SIGINT');
    expect(await push.waitForExit(30_000), push.tail()).toMatchObject({ code: 4 });
    const { error, outputs } = summaryOf(push);
    expect(error?.code).toMatch(/^Connect/);
    expect(outputs).toMatchObject([{ sent: 0 }]);
    expect(push.stderr.join('\n')).toMatch(/^videopush: /m);
  }, 90_000);

  it(`run ends with 4 and the cause after Ctrl+C when nobody is at an address of ${protocol}`, async () => {
    using scratch = new Scratch();
    const url = address(await freePort());
    const manifest = `
apiVersion: videopush.dev/v1alpha1
kind: VideoPush
metadata: { name: one }
spec:
  source: { testPattern: { width: 320, height: 180 } }
  outputs: [{ name: main, url: "${url}" }]
`;
    await using run = videopush('run', scratch.write('one.yaml', manifest));
    await run.waitForLine(/"event":"output.failed"/, 40_000);
    run.signal('SIGINT');
    expect(await run.waitForExit(30_000), run.tail()).toMatchObject({ code: 4 });
    expect(summaryOf(run).error?.code).toMatch(/^Connect/);
  }, 90_000);
});

it('push ends with 4 when nothing was sent in the time that --for gives it', async () => {
  await using push = videopush('push', PATTERN, `rtsp://127.0.0.1:${await freePort()}/live`, '--for', '2');
  expect(await push.waitForExit(60_000), push.tail()).toMatchObject({ code: 4 });
  expect(summaryOf(push).error?.code).toBe('ConnectRefused');
}, 90_000);

it('push ends with 4 when a file cannot be written', async () => {
  using scratch = new Scratch();
  await using push = videopush('push', PATTERN, join(scratch.path, 'missing', 'out.mkv'), '--for', '2');
  expect(await push.waitForExit(60_000), push.tail()).toMatchObject({ code: 4 });
  expect(summaryOf(push).error?.code).toBe('FileNotWritable');
}, 90_000);

it('push ends with 4 when the server accepts each connection and ends it at once', async () => {
  await using server = await RtspServer.start({ onUnit: (count) => (count > 1 ? 'close' : undefined) });
  await using push = videopush('push', PATTERN, server.url());
  expect(await push.waitForExit(60_000), push.tail()).toMatchObject({ code: 4 });
  expect(summaryOf(push).error?.code).toMatch(/^(PublisherConflict|Connection)/);
  expect(server.connections.length).toBeGreaterThan(2);
}, 90_000);

/** FFmpeg's FLV, in which RTMP travels, has a place for H.265 since 6.1. */
const [major = 0, minor = 0] = buildInfo()
  .ffmpeg.split('.')
  .map((part) => Number.parseInt(part, 10));
const NOT_BY_RTMP = major > 6 || (major === 6 && minor >= 1) ? ['VP8'] : ['VP8', 'H265'];

it.each(NOT_BY_RTMP)(
  '%s is refused for an RTMP output before anything connects, with the codecs that it carries',
  async (codec) => {
    await using server = await RawServer.start('silent');
    await using push = videopush(
      'push',
      `${PATTERN},duration=5`,
      server.url('rtmp', 'app/key'),
      '--codec',
      codec,
    );
    expect(await push.waitForExit(60_000), push.tail()).toMatchObject({ code: 4 });
    expect(summaryOf(push).error?.code).toBe('CodecUnsupportedByTarget');
    expect(push.stderr.join('\n')).toMatch(/^videopush: .* cannot carry (vp8|hevc)\n {2}it can carry h264/m);
    expect(server.connectedAt).toEqual([]);
  },
  90_000,
);

it('--for counts from the first frame sent, and the whole of it is sent', async () => {
  using scratch = new Scratch();
  await using push = videopush('push', `${PATTERN},rate=25`, scratch.file('out.mkv'), '--for', '4');
  expect(await push.waitForExit(60_000), push.tail()).toMatchObject({ code: 0 });
  expect(summaryOf(push).outputs[0]?.sent).toBeGreaterThanOrEqual(100);
}, 90_000);

it('push says where Prometheus finds its metrics', async () => {
  using scratch = new Scratch();
  await using push = videopush('push', PATTERN, scratch.file('out.mkv'));
  await push.waitForLine((line) => /"sent":[1-9]/.test(line), 40_000);
  const [{ decoder, encoder }] = ofType(push, 'metrics') as [{ decoder: string; encoder: string }];
  for (const [url, series] of [
    [decoder, 'videopush_'],
    [encoder, 'videopush_encode_duration_seconds'],
  ] as const) {
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(series);
  }
  push.signal('SIGINT');
  expect(await push.waitForExit(20_000)).toMatchObject({ code: 0 });
}, 90_000);

it('push says once that it does not push the sound of a source', async () => {
  using scratch = new Scratch();
  const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 90, rate: '30', audio: 'last' });
  await using push = videopush('push', clip, scratch.file('out.mkv'));
  expect(await push.waitForExit(60_000), push.tail()).toMatchObject({ code: 0 });
  expect(ofType(push, 'notice')).toMatchObject([{ code: 'AudioDropped', stream: 'push', codecs: ['aac'] }]);

  await using silent = videopush('push', 'testpattern:size=320x180,duration=1', scratch.file('silent.mkv'));
  expect(await silent.waitForExit(60_000), silent.tail()).toMatchObject({ code: 0 });
  expect(ofType(silent, 'notice')).toEqual([]);
}, 120_000);

it('push says once that it does not push the sound of a source, on a terminal too', async () => {
  using scratch = new Scratch();
  const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: 90, rate: '30', audio: 'last' });
  const words = [join(repoRoot, 'cli', 'bin', 'videopush.mjs'), 'push', clip, scratch.file('out.mkv')];
  await using terminal = new Terminal(nodeBinary(), words, {
    limitMilliseconds: 120_000,
    env: childEnvironment(),
  });
  const { program } = terminal;
  expect(await program.waitForExit(60_000), program.tail()).toMatchObject({ code: 0 });
  const notice = /push: the source's sound \(aac\) is not pushed, only its picture/g;
  expect(program.stdout.join('\n').match(notice)).toHaveLength(1);
}, 120_000);
