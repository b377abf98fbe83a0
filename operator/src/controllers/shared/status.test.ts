import { expect, it } from 'vitest';
import { sentence } from './problem.ts';
import { steadyMessages } from './status.ts';

const quoted = 'is refused: Invalid value: "rtmp://ann:s3cret@h/live/k3y?token=t0k"';

it('conditions and sentences hold no secret of a URL that an API server or a worker quotes', () => {
  const draft = { type: 'Ready', status: 'False', reason: 'Invalid', message: quoted } as const;
  const [condition] = steadyMessages([], [draft]);
  expect(condition?.message).toBe('is refused: Invalid value: "rtmp://h/live/***?token=***"');
  expect(sentence(quoted)).toBe('Is refused: Invalid value: "rtmp://h/live/***?token=***"');
});

it('a message in which nothing but a number differs stays as it was', () => {
  const was = { type: 'Ready', status: 'False', reason: 'Late', message: '3 frames of rtsp://h/1?token=***' };
  const draft = {
    type: 'Ready',
    status: 'False',
    reason: 'Late',
    message: '4 frames of rtsp://h/1?token=ab',
  } as const;
  expect(steadyMessages([was], [draft])[0]?.message).toBe(was.message);
});
