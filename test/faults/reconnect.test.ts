/** A session continues without loss and with rising timestamps after its server was unreachable. */
import { describe, expect, it } from 'vitest';
import { makeClip } from '../support/clips.ts';
import { judge } from '../support/frame-verdict.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { freePort } from '../support/ports.ts';
import { Recorder } from '../support/recorder.ts';
import { RtspServer } from '../support/rtsp-server.ts';
import { Push, settled } from '../support/sessions.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';

const FRAMES = 150;
const TICKS = 90_000 / 50;
const encoder = { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 800_000 };
const clipOptions = { frames: FRAMES, rate: '50', width: 320, height: 180 };

/** RTP timestamps as frame numbers, in order of arrival. */
function numbers(units: readonly { rtp: number }[], ticks = TICKS): number[] {
  const first = units[0]?.rtp ?? 0;
  return units.map(({ rtp }) => ((rtp - first) >>> 0) / ticks);
}

/**
 * Ten frames a second, where fifty would lose some: it is a known limit of the ledger that a unit which
 * reaches the kernel of a server that ends the connection counts as sent. This server has to react to one
 * unit before the next one leaves.
 */
const SLOW = { ...clipOptions, frames: 60, rate: '10' };
const SLOW_TICKS = 90_000 / 10;

describe('over several connections', () => {
  it.each(['close', 'reset'] as const)(
    'the push loses nothing, repeats at most one unit and keeps time when the server ends a connection by %s',
    async (how) => {
      using scratch = new Scratch();
      const clip = await makeClip({ ...SLOW, path: scratch.file('clip.mp4') });
      await using server = await RtspServer.start({
        onUnit: (count, connection) => (connection <= 2 && count === 12 ? how : undefined),
      });
      await using push = new Push({ source: { uri: clip }, outputs: server.url(), encode: { encoder } });
      await push.ended();
      await server.until('the end', (s) => s.connections.at(-1)?.closedAt != null, 10_000);

      expect(server.connections.length).toBe(3);
      const verdict = judge(numbers(server.units(), SLOW_TICKS), 0, SLOW.frames - 1);
      expect(verdict.missing).toEqual([]);
      expect(verdict.swapped).toEqual([]);
      expect(verdict.foreign).toEqual([]);
      expect(verdict.repeated.length).toBeLessThanOrEqual(2);
      const output = push.output();
      expect(output.connects).toBe(3);
      expect(output.ledger.sent).toBe(SLOW.frames);
      expect(settled(output.ledger)).toBe(SLOW.frames);
      // Every further connection is announced again, as a new reader needs it.
      for (const connection of server.connections) {
        const methods = connection.requests.map((request) => request.method);
        expect(methods).toEqual(expect.arrayContaining(['ANNOUNCE', 'SETUP', 'RECORD']));
      }
    },
    120_000,
  );

  it('the push begins at its own rate when the server starts later', async () => {
    using scratch = new Scratch();
    const clip = await makeClip({ ...clipOptions, path: scratch.file('clip.mp4') });
    const port = await freePort();
    await using push = new Push({
      source: { uri: clip },
      outputs: `rtsp://127.0.0.1:${port}/live`,
      encode: { encoder },
    });
    await expect.poll(() => push.output().error?.code, { timeout: 10_000 }).toBe('ConnectRefused');
    await using recorder = await Recorder.start({ port });
    await push.ended();
    await recorder.untilClosed(10_000);
    expect(judge(numbers(recorder.units()), 0, FRAMES - 1)).toMatchObject({ missing: [], repeated: [] });
    const units = recorder.units();
    const took = (units.at(-1)?.at ?? 0) - (units[0]?.at ?? 0);
    // The clip lasts 2.98 s from first to last frame; waiting must not turn into a burst.
    expect(took).toBeGreaterThan(2_800);
    expect(push.output()).toMatchObject({
      connects: 1,
      reconnects: { refused: 0, timeout: 0, reset: 0, protocol: 0 },
    });
  }, 120_000);

  it('the push continues when MediaMTX disconnects it, and the reader sees every frame', async () => {
    using scratch = new Scratch();
    const clip = await makeClip({ ...clipOptions, frames: 300, path: scratch.file('clip.mp4') });
    await using server = await MediaMtx.start();
    await using reader = new StampReader(server.rtsp());
    await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
    await using push = new Push({ source: { uri: clip }, outputs: server.rtsp(), encode: { encoder } });
    await reader.untilIndex(100, 30_000);
    await server.kickPublisher();
    await push.ended();
    await reader.untilIndex(299, 30_000);
    const verdict = judge(reader.indices(), 0, 299);
    // The server may have dropped units that it had received and not yet passed on, unknown to the publisher.
    expect(verdict.missing.length).toBeLessThanOrEqual(2);
    expect(verdict.swapped).toEqual([]);
    expect(verdict.repeated.length).toBeLessThanOrEqual(1);
    expect(push.output().ledger.sent).toBe(300);
    const stamps = reader.frames.map((frame) => frame.pts);
    expect(stamps.every((pts, i) => i === 0 || pts > (stamps[i - 1] as number))).toBe(true);
  }, 120_000);
});
