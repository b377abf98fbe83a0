/** NATS that is away for minutes, with all that it held: a split stream goes on where it was. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { continuity, Viewer } from '../support/e2e/viewer.ts';
import { judge } from '../support/frame-verdict.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { NatsServer } from '../support/nats.ts';
import { mediaMilliseconds } from '../support/pacing-figures.ts';
import { Recorder } from '../support/recorder.ts';
import { Stream } from '../support/stream.ts';
import { Scratch } from '../support/tools.ts';

const RATE = 25;
const GOP = 25;
const FRAMES = 40 * RATE;
const AWAY_MINUTES = 5;

interface Status {
  ready: { ok: boolean; code: string };
  queue: { connected: boolean } | null;
}

/**
 * The recorder never hangs up, so it has to get every frame. MediaMTX closes a viewer from which it hears
 * nothing for a minute, and ffmpeg is silent as long as it gets no frame: viewers connect again, and see
 * what follows the next key frame.
 */
it('a split stream survives five minutes without NATS: its servers get every frame, and viewers see it go on', async () => {
  using scratch = new Scratch();
  const path = scratch.file('clip.mp4');
  const clip = await makeClip({ path, frames: FRAMES, rate: `${RATE}`, width: 320, height: 180 });
  await using nats = await NatsServer.start();
  await using recorder = await Recorder.start();
  await using server = await MediaMtx.start();
  await using viewer = new Viewer(server.rtsp());
  await using stream = await Stream.start({
    source: { uri: clip },
    outputs: [
      { name: 'record', url: recorder.url() },
      { name: 'live', url: server.rtsp() },
    ],
    encoder: {
      encoder: 'libx264',
      preset: 'ultrafast',
      tune: 'zerolatency',
      bitRate: 500_000,
      gopFrames: GOP,
    },
    jetStream: { address: nats.address, stream: 'videopush-default-film-1234abcd' },
  });
  const roles = [stream.decoder, stream.encoder];
  await recorder.untilUnits(8 * RATE, 60_000);
  await nats.kill();
  for (const role of roles) {
    await role.untilStatus<Status>(
      'a queue that is away',
      ({ ready }) => ready.code === 'QueueUnavailable',
      15_000,
    );
  }
  const pids = roles.map((role) => role.pid());
  await sleep(AWAY_MINUTES * 60_000);
  expect(roles.map((role) => role.pid())).toEqual(pids);
  await nats.begin();
  for (const role of roles) {
    await role.untilStatus<Status>(
      'a queue that is back',
      ({ ready, queue }) => ready.ok && queue?.connected === true,
      30_000,
    );
  }
  await recorder.untilUnits(FRAMES, 120_000);
  await recorder.untilClosed(30_000);
  const frames = mediaMilliseconds(recorder.units()).map((ms) => Math.round((ms * RATE) / 1000));
  const verdict = judge(frames, 0, FRAMES - 1);
  await viewer.until('the last frame', (seen) => seen.at(-1)?.index === FRAMES - 1, 10_000);
  const seen = continuity(
    viewer.stamped().map(({ index }) => index),
    FRAMES,
  );
  console.log(
    `missing ${verdict.missing}, repeated ${verdict.repeated}; the viewer missed ${seen.missing.length} ` +
      `in ${viewer.connections} connections`,
  );
  expect(verdict).toMatchObject({ missing: [], swapped: [], foreign: [] });
  expect(verdict.repeated.length).toBeLessThanOrEqual(1);
  const sent = { ledger: { sent: FRAMES } };
  expect(stream.ring()).toMatchObject({ outputs: [sent, sent] });
  // It may have been about to connect when frames came again; then it waits for a key frame.
  expect(seen.missing.length).toBeLessThanOrEqual(2 * GOP);
  expect(seen).toMatchObject({ repeated: 0, begun: 0 });
});
