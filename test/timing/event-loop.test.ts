/**
 * Encoding, muxing and waiting never happen on the JavaScript thread. Figures are
 * judged by `npm run bench -- loop`.
 */
import { describe, expect, it } from 'vitest';
import { BlackHole } from '../support/black-hole.ts';
import { LoopMeter } from '../support/loop-meter.ts';
import { freePort } from '../support/ports.ts';
import { RawServer } from '../support/raw-server.ts';
import { Recorder } from '../support/recorder.ts';
import { Push } from '../support/sessions.ts';
import { until } from '../support/until.ts';

const encode = {
  encoder: { encoder: 'libx264', preset: 'ultrafast', tune: 'zerolatency', bitRate: 800_000 },
};

describe('the event loop', () => {
  it('the event loop is free during four pushes', async () => {
    await using recorder = await Recorder.start();
    const pushes = Array.from(
      { length: 4 },
      (_, i) =>
        new Push({
          source: { testPattern: { width: 640, height: 360, frameRate: '30', durationSeconds: 10 } },
          outputs: recorder.url(`push-${i}`),
          encode,
        }),
    );
    try {
      await recorder.untilUnits(4 * 30, 30_000);
      using meter = new LoopMeter();
      await recorder.untilUnits(4 * 270, 60_000);
      console.log(`four pushes: event-loop delay ${meter}`);
      expect(meter.p99()).toBeLessThan(50);
    } finally {
      await Promise.all(pushes.map((push) => push[Symbol.asyncDispose]()));
    }
  });

  it('the event loop is free while servers refuse, are silent or swallow packets, and while pushes are aborted', async () => {
    await using silent = await RawServer.start('silent');
    await using deaf = await RawServer.start('deaf');
    await using hole = await BlackHole.open();
    const urls = [
      `rtsp://127.0.0.1:${await freePort()}/live`,
      silent.url('rtsp'),
      silent.url('rtmp'),
      deaf.url('rtsp'),
      `rtsp://127.0.0.1:${hole.port}/live`,
      'rtsp://no-such-host.invalid/live',
    ];
    using meter = new LoopMeter();
    for (const url of urls) {
      await using push = new Push({
        source: { testPattern: { width: 320, height: 180, frameRate: '25' } },
        outputs: [{ name: 'main', url, connectTimeoutMilliseconds: 500, responseTimeoutMilliseconds: 500 }],
        encode,
      });
      await until('an error', () => push.output().error, 20_000);
    }
    console.log(`faults: event-loop delay ${meter}`);
    expect(meter.p99()).toBeLessThan(100);
  });
});
