import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hideUrl, redact, redactJson, redactor } from './redact.ts';

describe('P52 credentials vanish from text', () => {
  const cases: [string, string][] = [
    ['rtsp://ann:secret@cam:554/1', 'rtsp://cam:554/1'],
    ['cannot open RTSP://ann:secret@cam/1: refused', 'cannot open RTSP://cam/1: refused'],
    ['rtsp://ann@cam', 'rtsp://cam'],
    ['http://a:se@cr@et@cam/x', 'http://cam/x'],
    ['http://ann:sec/ret@cam/x', 'http://cam/x'],
    ['rtmp://h/live?user=ann&pass=secret&x=1', 'rtmp://h/live?user=***&pass=***&x=1'],
    ['http://h/a.mp4?X-Amz-Signature=abc&t=1', 'http://h/a.mp4?X-Amz-Signature=***&t=1'],
    ['srt://h:1?streamid=publish:live:ann:secret', 'srt://h:1?streamid=publish:live:***'],
    [
      'srt://h:1?streamid=#!::r=live,u=ann,s=secret,m=publish',
      'srt://h:1?streamid=#!::r=live,u=***,s=***,m=publish',
    ],
    ['http://[::1]:80/x@y', 'http://[::1]:80/x@y'],
    ['"rtsp://a:b@h/1","rtsp://c:d@h/2"', '"rtsp://h/1","rtsp://h/2"'],
    ['no URL: ann:secret@cam', 'no URL: ann:secret@cam'],
  ];
  it.each(cases)('%s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it('whatever user and password are', () => {
    // Characters that may stand in user-info without escape (RFC 3986 section 3.2.1), and escapes.
    const part = fc.stringMatching(/^[A-Za-z0-9._~!$&()*+,;=%-]{4,20}$/);
    fc.assert(
      fc.property(part, part, (user, password) => {
        expect(redact(`to rtsp://${user}Zq:${password}Zq@cam:554/path now`)).toBe(
          'to rtsp://cam:554/path now',
        );
      }),
      { seed: 20_260_101 },
    );
  });
});

it('P52 a URL that is a secret itself is hidden wherever it stands, also without its credentials', () => {
  const hide = redactor(['rtmp://h/live/k-e-y', 'rtmp://ann:pw@h/live/other']);
  expect(hide('to rtmp://h/live/k-e-y: refused')).toBe('to rtmp://h/***: refused');
  expect(hide('to rtmp://h/live/other')).toBe('to rtmp://h/***');
  expect(redactJson({ a: ['rtmp://h/live/k-e-y', 1, null], b: true }, hide)).toEqual({
    a: ['rtmp://h/***', 1, null],
    b: true,
  });
  expect(hideUrl('rtmp://ann:pw@h:1/live/key?x=1')).toBe('rtmp://h:1/***');
  expect(hideUrl('not a URL')).toBe('***');
});
