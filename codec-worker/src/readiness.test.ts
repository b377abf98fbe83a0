import { describe, expect, it } from 'vitest';
import { decoderProgress, decoderReady, encoderProgress, encoderReady, StuckWatch } from './readiness.ts';
import { decodeSnapshot, encodeSnapshot, outputSnapshot, refused } from './testing/snapshots.ts';

describe('the decoder is ready', () => {
  const cases: [string, Parameters<typeof decoderReady>[0], boolean, string][] = [
    ['not before it has begun', null, false, 'Starting'],
    ['not while it opens the source', decodeSnapshot({ phase: 'Opening' }), false, 'Opening'],
    [
      'not while the source refuses',
      decodeSnapshot({ phase: 'Opening', error: refused }),
      false,
      'ConnectRefused',
    ],
    ['not before the first frame', decodeSnapshot({ secondsSinceLastFrame: null }), false, 'NoFrameYet'],
    ['with a frame within 5 s', decodeSnapshot({ secondsSinceLastFrame: 5 }), true, 'Running'],
    ['not after 5 s without a frame', decodeSnapshot({ secondsSinceLastFrame: 5.1 }), false, 'SourceStalled'],
    [
      'blocked on a full queue',
      decodeSnapshot({ phase: 'Blocked', secondsSinceLastFrame: 60 }),
      true,
      'QueueFull',
    ],
    [
      'not while it waits for the source to come back',
      decodeSnapshot({ phase: 'Waiting', error: refused }),
      false,
      'ConnectRefused',
    ],
    [
      'when the source has ended',
      decodeSnapshot({ phase: 'Ended', secondsSinceLastFrame: 600 }),
      true,
      'Ended',
    ],
    ['not when it failed', decodeSnapshot({ phase: 'Failed', error: refused }), false, 'ConnectRefused'],
  ];
  it.each(cases)('%s', (_, snapshot, ok, code) => {
    expect(decoderReady(snapshot)).toMatchObject({ ok, code });
  });
});

describe('the encoder is ready', () => {
  const lost = outputSnapshot({ name: 'b', phase: 'Waiting', error: refused });
  const idle = outputSnapshot({ phase: 'Idle' });
  const cases: [string, Parameters<typeof encoderReady>[0], boolean, string][] = [
    ['not before it has begun', null, false, 'Starting'],
    ['not before the first frame', encodeSnapshot({ outputs: [idle] }), false, 'WaitingForFrames'],
    ['when every output is connected', encodeSnapshot(), true, 'Connected'],
    [
      'not while one of two is away',
      encodeSnapshot({ outputs: [outputSnapshot(), lost] }),
      false,
      'ConnectRefused',
    ],
    [
      'when everything was sent',
      encodeSnapshot({ ended: true, outputs: [outputSnapshot({ phase: 'Closed' })] }),
      true,
      'Ended',
    ],
    [
      'not after an error',
      encodeSnapshot({ error: { ...refused, code: 'EncoderUnknown' } }),
      false,
      'EncoderUnknown',
    ],
  ];
  it.each(cases)('%s', (_, snapshot, ok, code) => {
    expect(encoderReady(snapshot)).toMatchObject({ ok, code });
  });

  it('and says which output, why, and what to do', () => {
    expect(encoderReady(encodeSnapshot({ outputs: [outputSnapshot(), lost] })).message).toBe(
      'output b: media.example:8554 refused the connection; start the server, or correct the port',
    );
  });
});

describe('threads that have work and do nothing for a minute are not alive', () => {
  const at = (times: number[]) => () => times.shift() ?? 0;

  it('no progress with work to do', () => {
    const watch = new StuckWatch(at([0, 59, 61, 62]));
    const judge = (dequeued: number) => watch.judge(encoderProgress(encodeSnapshot({ dequeued }))).ok;
    expect([judge(1), judge(1), judge(1), judge(2)]).toEqual([true, true, false, true]);
  });

  it('nothing to do is no reason', () => {
    const watch = new StuckWatch(at([0, 100, 200]));
    const quiet = [
      encodeSnapshot({ outputs: [outputSnapshot({ phase: 'Waiting' })] }),
      encodeSnapshot({ queue: null }),
      encodeSnapshot({ running: false }),
    ];
    expect(quiet.map((snapshot) => watch.judge(encoderProgress(snapshot)).ok)).toEqual([true, true, true]);
    expect(decoderProgress(decodeSnapshot({ phase: 'Blocked' })).busy).toBe(false);
    expect(new StuckWatch(at([0, 100])).judge(null).ok).toBe(true);
  });
});
