/** Real servers have every frame that the ledger counts as sent, also when they refuse late or are killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { FLAWLESS, judge } from '../support/frame-verdict.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { freePort, freePortPair } from '../support/ports.ts';
import { NginxRtmp, type RecordingServer, SrtReceiver } from '../support/recording-servers.ts';
import { Push, settled } from '../support/sessions.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const FRAMES = 200;
const encoder = { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 800_000 };
const clipOf = (scratch: Scratch, frames = FRAMES) =>
  makeClip({ path: scratch.file('clip.mp4'), frames, width: 320, height: 180 });

it.each(['rtsp', 'rtmp', 'srt'] as const)(
  'a path that somebody else publishes to takes nothing by %s that counts as sent, and later every frame',
  async (protocol) => {
    using scratch = new Scratch();
    const paths = { live: { overridePublisher: false } };
    await using server = await MediaMtx.start({ rtmp: true, srt: true, paths });
    const clip = await clipOf(scratch);
    await using reader = new StampReader(server.rtsp());
    await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
    const first = new Push({
      source: { testPattern: { width: 320, height: 180 } },
      outputs: server.rtsp(),
      encode: { encoder },
    });
    await server.untilOnline();
    await using push = new Push({
      source: { uri: clip },
      outputs: server[protocol](),
      encode: { encoder },
    });
    await until('a refusal', () => push.events.some(({ kind }) => kind === 'output.failed'), 30_000);
    await sleep(4_000);
    expect(push.output().ledger).toMatchObject({ sent: 0 });
    await first[Symbol.asyncDispose]();
    await push.ended();
    await reader.untilIndex(FRAMES - 1, 30_000);
    const own = reader.indices().filter((index) => index < FRAMES);
    expect(judge(own, 0, FRAMES - 1)).toEqual(FLAWLESS);
    expect(push.output().ledger).toMatchObject({ sent: FRAMES, repeated: 0 });
  },
  120_000,
);

const kinds: [string, (scratch: Scratch) => Promise<RecordingServer>][] = [
  ['RTMP (nginx)', async (scratch) => new NginxRtmp(scratch, await freePort())],
  ['SRT (srt-live-transmit)', async (scratch) => new SrtReceiver(scratch, await freePortPair())],
];
it.each(kinds)(
  'a server that is killed and comes back has by %s every frame that the ledger counts as sent',
  async (_, make) => {
    using scratch = new Scratch();
    const clip = await clipOf(scratch, 300);
    await using server = await make(scratch);
    await server.start();
    await using push = new Push({ source: { uri: clip }, outputs: server.url, encode: { encoder } });
    await until('half of the frames', () => push.encoder.snapshot().encoded > 150, 60_000);
    server.signal('SIGKILL');
    await server.ended();
    await sleep(1_500);
    await server.start();
    await push.ended();
    server.signal('SIGTERM');
    await server.ended();
    const seen = (await server.runs()).flat();
    const verdict = judge(seen, 0, 299);
    const { ledger } = push.output();
    expect(settled(ledger)).toBe(300);
    expect(new Set(seen).size).toBe(ledger.sent);
    expect(verdict.missing).toEqual([]);
  },
  120_000,
);

it.each([
  ['', ''],
  [' with a latency of 1 s', 'latency=1000000'],
])(
  'the end of a push by SRT%s reaches the receiver whole',
  async (_, parameters) => {
    using scratch = new Scratch();
    const clip = await clipOf(scratch, 100);
    await using server = new SrtReceiver(scratch, await freePortPair(), parameters);
    await server.start();
    await using push = new Push({ source: { uri: clip }, outputs: server.url, encode: { encoder } });
    await push.ended();
    server.signal('SIGTERM');
    await server.ended();
    expect(judge((await server.runs()).flat(), 0, 99)).toEqual(FLAWLESS);
    expect(push.output().ledger).toMatchObject({ sent: 100, repeated: 0 });
  },
  60_000,
);

it('a publish by RTMP that its server refuses sends nothing', async () => {
  using scratch = new Scratch();
  await using server = new NginxRtmp(scratch, await freePort(), 'deny publish all;');
  await server.start();
  await using push = new Push({
    source: { testPattern: { width: 320, height: 180 } },
    outputs: server.url,
    encode: { encoder },
  });
  await until('a refusal', () => push.output().error, 30_000);
  await sleep(3_000);
  expect(push.output().ledger.sent).toBe(0);
}, 60_000);
