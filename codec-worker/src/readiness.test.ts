import { describe, expect, it } from 'vitest';
import { decoderProgress, decoderReady, encoderProgress, encoderReady, StuckWatch } from './readiness.ts';
import { decodeSnapshot, encodeSnapshot, outputSnapshot, refused } from './testing/snapshots.ts';

describe('decoderReady', () => {
  const cases: [string, Parameters<typeof decoderReady>[0], boolean, string][] = [
    ['is not ready before it has begun', null, false, 'Starting'],
    ['is not ready while it opens the source', decodeSnapshot({ phase: 'Opening' }), false, 'Opening'],
    [
      'is not ready while the source refuses',
      decodeSnapshot({ phase: 'Opening', error: refused }),
      false,
      'ConnectRefused',
    ],
    [
      'is not ready before the first frame',
      decodeSnapshot({ secondsSinceLastFrame: null }),
      false,
      'NoFrameYet',
    ],
    ['is ready with a frame within 5 s', decodeSnapshot({ secondsSinceLastFrame: 5 }), true, 'Running'],
    [
      'is not ready after 5 s without a frame',
      decodeSnapshot({ secondsSinceLastFrame: 5.1 }),
      false,
      'SourceStalled',
    ],
    [
      'is ready while it is blocked on a full queue',
      decodeSnapshot({ phase: 'Blocked', secondsSinceLastFrame: 60 }),
      true,
      'QueueFull',
    ],
    [
      'is not ready while it waits for the source to come back',
      decodeSnapshot({ phase: 'Waiting', error: refused }),
      false,
      'ConnectRefused',
    ],
    [
      'is ready when the source has ended',
      decodeSnapshot({ phase: 'Ended', secondsSinceLastFrame: 600 }),
      true,
      'Ended',
    ],
    [
      'is not ready when it failed',
      decodeSnapshot({ phase: 'Failed', error: refused }),
      false,
      'ConnectRefused',
    ],
  ];
  it.each(cases)('a decoder %s', (_, snapshot, ok, code) => {
    expect(decoderReady(snapshot)).toMatchObject({ ok, code });
  });
});

describe('encoderReady', () => {
  const lost = outputSnapshot({ name: 'b', phase: 'Waiting', error: refused });
  const idle = outputSnapshot({ phase: 'Idle' });
  const cases: [string, Parameters<typeof encoderReady>[0], boolean, string][] = [
    ['is not ready before it has begun', null, false, 'Starting'],
    ['is not ready before the first frame', encodeSnapshot({ outputs: [idle] }), false, 'WaitingForFrames'],
    ['is ready when every output is connected', encodeSnapshot(), true, 'Connected'],
    [
      'is not ready while one of two outputs is disconnected',
      encodeSnapshot({ outputs: [outputSnapshot(), lost] }),
      false,
      'ConnectRefused',
    ],
    [
      'is ready when everything was sent',
      encodeSnapshot({ ended: true, outputs: [outputSnapshot({ phase: 'Closed' })] }),
      true,
      'Ended',
    ],
    [
      'is not ready after an error',
      encodeSnapshot({ error: { ...refused, code: 'EncoderUnknown' } }),
      false,
      'EncoderUnknown',
    ],
  ];
  it.each(cases)('an encoder %s', (_, snapshot, ok, code) => {
    expect(encoderReady(snapshot)).toMatchObject({ ok, code });
  });

  it('an encoder that is not ready says which output is disconnected, why, and what to do', () => {
    expect(encoderReady(encodeSnapshot({ outputs: [outputSnapshot(), lost] })).message).toBe(
      'output b: media.example:8554 refused the connection; start the server, or correct the port',
    );
  });
});

describe('StuckWatch', () => {
  const at = (times: number[]) => () => times.shift() ?? 0;

  it('a worker that makes no progress for a minute is not alive while it has work to do', () => {
    const watch = new StuckWatch(at([0, 59, 61, 62]));
    const judge = (dequeued: number) => watch.judge(encoderProgress(encodeSnapshot({ dequeued }))).ok;
    expect([judge(1), judge(1), judge(1), judge(2)]).toEqual([true, true, false, true]);
  });

  it('a worker that makes no progress stays alive while it has nothing to do', () => {
    const watch = new StuckWatch(at([0, 100, 200, 300]));
    const quiet = [
      encodeSnapshot({ outputs: [outputSnapshot({ phase: 'Waiting' })] }),
      encodeSnapshot({ queue: null }),
      encodeSnapshot({ running: false }),
      // The source shows one picture for two minutes.
      encodeSnapshot({ outputs: [outputSnapshot({ secondsUntilDue: 90 })] }),
    ];
    expect(quiet.map((snapshot) => watch.judge(encoderProgress(snapshot)).ok)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(decoderProgress(decodeSnapshot({ phase: 'Blocked' })).busy).toBe(false);
    expect(new StuckWatch(at([0, 100])).judge(null).ok).toBe(true);
  });
});
