/** The log lines of FFmpeg's libraries reveal no secret address or credential, even at their most verbose. */
import { type LogLine, type OutputOptions, setLogLevel } from '@videopush/native';
import { afterAll, describe, expect, it } from 'vitest';
import { MediaMtx } from '../support/mediamtx.ts';
import { RawServer } from '../support/raw-server.ts';
import { Push } from '../support/sessions.ts';
import { until } from '../support/until.ts';

const USER = 'publisher-bob';
const PASSWORD = 'hunt&er#2';
const KEY = 's3cr3t-k3y';
const TOKEN = 't0ken'.repeat(40);
const SECRETS = [USER, PASSWORD, encodeURIComponent(PASSWORD), KEY, 't0kent0ken'];

const source = { testPattern: { width: 320, height: 180, frameRate: '25' } };
const encode = { encoder: { encoder: 'libx264', preset: 'ultrafast' } };

/** All lines, events and snapshots of a push until `done`, as text. */
async function printed(
  output: Omit<OutputOptions, 'name'>,
  done: (push: Push, lines: LogLine[]) => boolean,
): Promise<string> {
  const lines: LogLine[] = [];
  setLogLevel(2, (line) => lines.push(line));
  await using push = new Push({ source, outputs: [{ name: 'main', ...output }], encode });
  await until('the output to get there', () => done(push, lines) || undefined, 30_000);
  const snapshots = [push.encoder.snapshot(), push.decoder.snapshot()];
  return [...lines.map(({ message }) => message), JSON.stringify([push.events, snapshots])].join('\n');
}

afterAll(() => setLogLevel(0, () => {}));

describe('an output that connects', () => {
  it.each([
    { what: 'of a plain URL', urlSecret: false },
    { what: 'of a URL that is a secret itself', urlSecret: true },
  ])(
    'a connected RTMP output $what shows no stream key, user, password or token in the lines of libavformat',
    async ({ urlSecret }) => {
      await using server = await MediaMtx.start({
        rtmp: true,
        paths: { [`live2/${KEY}`]: {} },
        publisher: { user: USER, password: PASSWORD },
      });
      const url = server.rtmp(`live2/${KEY}?token=${TOKEN}`);
      const text = await printed(
        { url, urlSecret, user: USER, password: PASSWORD },
        // A log line arrives later than the call that it reports.
        (push, lines) =>
          push.output().phase === 'Connected' && lines.some(({ message }) => /publish command/.test(message)),
      );
      expect(text).toMatch(/Proto = rtmp, path = \/.*\*\*\*/);
      expect(text).toMatch(/publish command for '\*\*\*/);
      expect(text).toContain(`rtmp://127.0.0.1:${server.rtmpPort}/${urlSecret ? '' : 'live2/'}***`);
      for (const secret of SECRETS) expect(text).not.toContain(secret);
    },
  );
});

describe('an output that fails', () => {
  const answers = ['close', 'reset', 'garbage'] as const;
  const urls = ['rtmp', 'srt', 'rtsp'].flatMap((scheme) =>
    answers.map((answer) => ({ scheme, answer }) as const),
  );

  it.each(urls)(
    'a failing $scheme output with the answer "$answer" shows no secret in errors, events or lines',
    async ({ scheme, answer }) => {
      await using server = await RawServer.start(answer);
      const query =
        scheme === 'srt' ? `passphrase=${KEY}&streamid=publish:x:${USER}:${KEY}` : `token=${TOKEN}`;
      const url = server.url(scheme, `live2/${KEY}?${query}`);
      const text = await printed(
        {
          url,
          urlSecret: true,
          user: USER,
          password: PASSWORD,
          connectTimeoutMilliseconds: 1000,
          responseTimeoutMilliseconds: 1000,
        },
        (push) => push.output().error !== null,
      );
      expect(text).toContain(`${scheme}://127.0.0.1:${server.port}/***`);
      for (const secret of SECRETS) expect(text).not.toContain(secret);
    },
  );
});
