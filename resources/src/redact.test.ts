import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hideUrl, redact, redactJson, redactJsonLine, redactUrl, secretsIn } from './redact.ts';
import { redactor } from './secrets.ts';

interface Vector {
  title: string;
  text: string;
  expected: string;
  secrets?: string[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../test/vectors/redaction.json', import.meta.url), 'utf8'),
) as { cases: Vector[] };

describe('credentials vanish from text', () => {
  it.each(vectors.cases)(
    'redaction gives the expected text of the shared vector “$title”',
    ({ text, expected, secrets = [] }) => {
      const hide = redactor(secrets);
      expect(hide(text)).toBe(expected);
      expect(hide(expected)).toBe(expected);
    },
  );

  it('user-info is hidden whatever user and password are', () => {
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

  it('a query value is hidden whatever it is, and redacting again changes nothing', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9._~!$()*+,;:@/?=%|'#-]{4,40}$/);
    fc.assert(
      fc.property(value, (secret) => {
        const shown = redact(`from http://h/a?token=Q${secret}Zq and on`);
        expect(shown).toBe('from http://h/a?token=*** and on');
        expect(redact(shown)).toBe(shown);
      }),
      { seed: 20_260_102 },
    );
  });

  it('a text that was cut anywhere does not change when it is redacted twice', () => {
    for (const { text } of vectors.cases) {
      for (let i = 0; i <= text.length; ++i) {
        const cut = redact(text.slice(0, i));
        expect(redact(cut)).toBe(cut);
      }
    }
  });
});

it('long texts of hostile servers are redacted in bounded time', () => {
  const words = 'abc+'.repeat(20_000);
  for (const text of [
    `${words} ://`,
    `${words}!${'a://b,'.repeat(20_000)}`,
    'a://b:c @'.repeat(20_000),
    '.'.repeat(80_000),
  ]) {
    const begin = performance.now();
    redact(text);
    expect(performance.now() - begin).toBeLessThan(5000);
  }
});

it('a URL alone is redacted up to its end, whatever stands in its secrets', () => {
  expect(redactUrl('rtsp://h/x?token=a b"c\'d|e')).toBe('rtsp://h/x?token=***');
  expect(redactUrl('rtsp://ann:a b"c@h/x y')).toBe('rtsp://h/x y');
  expect(redactUrl('clip.mp4?token=a')).toBe('clip.mp4?token=a');
});

it('a URL that is a secret itself shows its scheme and its host', () => {
  expect(hideUrl('rtmp://ann:pw@h:1/live/key?x=1')).toBe('rtmp://h:1/***');
  expect(hideUrl('srt://[::1]:9?streamid=x')).toBe('srt://[::1]:9/***');
  expect(hideUrl('rtsp://ann:a/b c@h:1/x')).toBe('rtsp://h:1/***');
  expect(hideUrl('not a URL')).toBe('***');
});

it('the secrets of a URL are the parts that redaction hides', () => {
  expect(secretsIn('rtmp://ann:pw@h/live/key?token=t&mode=m')).toEqual(['ann', 'pw', 'key', 't']);
  expect(secretsIn('srt://h:1?streamid=publish:cam:bob:s3c&passphrase=pp')).toEqual(['bob', 's3c', 'pp']);
  expect(secretsIn('rtmp://h/app/instance/key')).toEqual(['instance/key', 'key']);
  expect(secretsIn('rtsp://h/cam')).toEqual([]);
  expect(secretsIn('rtsp://h/way/cam?mode=m', true)).toEqual(['mode=m', 'way/cam', 'cam']);
  expect(secretsIn('clip.mp4', true)).toEqual([]);
});

it('a URL that is a secret itself is hidden wherever it stands, also without its credentials', () => {
  const hide = redactor(
    ['rtmp://h/live/k-e-y', 'rtmp://ann:pw@h/live/other'].flatMap((url) => secretsIn(url, true)),
  );
  expect(hide('to rtmp://h/live/k-e-y: refused')).toBe('to rtmp://h/***: refused');
  expect(hide('to rtmp://h/live/other')).toBe('to rtmp://h/***');
  expect(hide('path = /live/other, fname = other')).toBe('path = /***, fname = ***');
});

it('JSON is redacted in its texts, and words that programs compare stay', () => {
  const hide = redactor(['encoder', 'k-e-y']);
  expect(redactJson({ a: ['x k-e-y', 1, null], b: true, role: 'encoder' }, hide)).toEqual({
    a: ['x ***', 1, null],
    b: true,
    role: 'encoder',
  });
  const line = `${JSON.stringify({ msg: 'to "rtsp://a:b@h/x?token=c"\nk-e-y', level: 30 })}\n`;
  expect(JSON.parse(redactJsonLine(line, hide))).toEqual({
    msg: 'to "rtsp://h/x?token=***"\n***',
    level: 30,
  });
  expect(redactJsonLine('rtsp://a:b@h k-e-y', hide)).toBe('rtsp://h ***');
});
