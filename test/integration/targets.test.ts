/** The targets that one pushes to, on a real MediaMTX with its reader attached beforehand. */
import { FramePusher } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { FLAWLESS, judge } from '../support/frame-verdict.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { RawServer } from '../support/raw-server.ts';
import { Push } from '../support/sessions.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const FRAMES = 250;
const encoder = { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 800_000 };

async function receivedOf(server: MediaMtx, url: string, meanwhile?: () => Promise<void>) {
  using scratch = new Scratch();
  const clip = await makeClip({ path: scratch.file('clip.mp4'), frames: FRAMES, rate: '50', bFrames: 2 });
  await using reader = new StampReader(server.rtsp());
  await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
  await using push = new Push({ source: { uri: clip }, outputs: url, encode: { encoder } });
  await meanwhile?.();
  await push.ended();
  await reader.untilIndex(FRAMES - 1, 30_000);
  expect(push.output().ledger).toMatchObject({ sent: FRAMES, repeated: 0 });
  return judge(reader.indices(), 0, FRAMES - 1);
}

describe('live targets', () => {
  it('MediaMTX receives 250 of 250 frames over RTSP, by TCP', async () => {
    await using server = await MediaMtx.start();
    let transport: string | null | undefined;
    const verdict = await receivedOf(server, server.rtsp(), async () => {
      await server.untilOnline();
      const publisher = (await server.rtspSessions()).find((session) => session.state === 'publish');
      transport = publisher?.transport;
    });
    expect(verdict).toEqual(FLAWLESS);
    expect(transport).toBe('TCP');
  }, 120_000);

  it('MediaMTX receives 250 of 250 frames over RTMP', async () => {
    await using server = await MediaMtx.start({ rtmp: true });
    expect(await receivedOf(server, server.rtmp())).toEqual(FLAWLESS);
  }, 120_000);

  it('a source is pulled over the RTSP transport that was asked for, TCP when none was', async () => {
    await using server = await MediaMtx.start({ rtspTransports: ['tcp', 'udp'] });
    using scratch = new Scratch();
    for (const asked of [undefined, 'tcp', 'udp'] as const) {
      const source = { uri: server.rtsp(), ...(asked && { rtspTransport: asked }) };
      await using push = new Push({ source, outputs: scratch.file(`${asked}.mkv`), encode: { encoder } });
      await server.untilReaders();
      const reader = (await server.rtspSessions()).find((session) => session.state === 'read');
      expect(reader?.transport).toBe(asked === 'udp' ? 'UDP' : 'TCP');
      push.encoder.requestStop();
      push.decoder.requestStop();
    }
  }, 120_000);
});

describe('an unsupported scheme is refused before anything is connected', () => {
  it.each(['gopher', 'GOPHER', 'rtsps', 'udp', 'http'])(
    'an output by %s:// is refused before connecting, with a list of the supported schemes',
    async (scheme) => {
      await using server = await RawServer.start('silent');
      const url = server.url(scheme);
      await using push = new Push({ source: { testPattern: { width: 320, height: 180 } }, outputs: url });
      const error = await until('a refusal', () => push.output().error, 10_000);
      expect(error).toMatchObject({ code: 'SchemeUnsupported', permanent: true });
      expect(`${error.message} ${error.action}`).toMatch(/rtsp:.*rtmp:.*srt:.*\.mkv/);
      expect(push.output().phase).toBe('Failed');

      const frames = FramePusher.open({ url, width: 320, height: 180, frameRate: '25' });
      await expect(frames).rejects.toMatchObject({ code: 'SchemeUnsupported' });
      expect(server.connectedAt).toEqual([]);
    },
  );

  it('the scheme of an output may be written in capitals', async () => {
    await using server = await MediaMtx.start();
    expect(await receivedOf(server, server.rtsp().replace('rtsp:', 'RTSP:'))).toEqual(FLAWLESS);
  }, 120_000);
});
