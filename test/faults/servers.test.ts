/**
 * Every failure of a server ends in its named error within its time limit, an abort ends every wait, and the
 * process goes on.
 */
import type { NativeErrorShape, OutputOptions } from '@videopush/native';
import { describe, expect, it } from 'vitest';
import { BlackHole } from '../support/black-hole.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { freePort } from '../support/ports.ts';
import { RawServer } from '../support/raw-server.ts';
import { type Reaction, RtspServer } from '../support/rtsp-server.ts';
import { Push } from '../support/sessions.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const LIMITS = {
  connectTimeoutMilliseconds: 500,
  responseTimeoutMilliseconds: 500,
  writeTimeoutMilliseconds: 500,
};
const pattern = { width: 320, height: 180, frameRate: '25' };

function pushTo(url: string, extra: Partial<OutputOptions> = {}, bitRate = 500_000): Push {
  return new Push({
    source: { testPattern: pattern },
    outputs: [{ name: 'main', url, ...LIMITS, ...extra }],
    encode: { encoder: { encoder: 'libx264', preset: 'ultrafast', bitRate } },
  });
}

interface Outcome {
  error: NativeErrorShape;
  /** Time from the start of the push to the error, in milliseconds. */
  after: number;
  /** Time from abort() to the end of every thread, in milliseconds. */
  abortTook: number;
}

/** The first error of an output, and how long an abort takes right after it. */
async function outcome(url: string, extra: Partial<OutputOptions> = {}, bitRate?: number): Promise<Outcome> {
  const started = performance.now();
  await using push = pushTo(url, extra, bitRate);
  const error = await until('an error at the output', () => push.output().error, 20_000);
  const after = performance.now() - started;
  const aborted = performance.now();
  push.encoder.abort();
  push.decoder.abort();
  await Promise.allSettled([push.encoder.wait(), push.decoder.wait()]);
  return { error, after, abortTook: performance.now() - aborted };
}

/** Prints the figures and fails when they exceed ten times the expected time. */
function judge(what: string, found: Outcome, code: string | string[], limit: number): void {
  console.log(
    `${what}: ${found.error.code} after ${found.after.toFixed(0)} ms, abort ${found.abortTook.toFixed(0)} ms`,
  );
  expect([code].flat()).toContain(found.error.code);
  expect(found.error.message).not.toBe('');
  // What passes by itself needs no advice.
  if (found.error.permanent) expect(found.error.action).not.toBe('');
  expect(found.after).toBeLessThan(limit * 10);
  expect(found.abortTook).toBeLessThan(1_000);
}

describe('connecting has a limit and a named error', () => {
  it('connecting ends with a named error at once when nothing listens', async () => {
    const port = await freePort();
    judge('refusing', await outcome(`rtsp://127.0.0.1:${port}/live`), 'ConnectRefused', 200);
  }, 60_000);

  it('connecting ends with a named error at its limit when the host swallows every packet', async () => {
    await using hole = await BlackHole.open();
    judge('black hole', await outcome(`rtsp://127.0.0.1:${hole.port}/live`), 'ConnectTimeout', 700);
  }, 60_000);

  it('connecting ends with a named error when the name does not exist', async () => {
    judge('unknown host', await outcome('rtsp://no-such-host.invalid:8554/live'), 'HostUnknown', 700);
  }, 60_000);

  it.each(['rtsp', 'rtmp'])(
    'connecting ends with a named error at its limit when a server accepts %s and is silent',
    async (scheme) => {
      await using server = await RawServer.start('silent');
      judge(
        `${scheme} silent`,
        await outcome(server.url(scheme)),
        ['ResponseTimeout', 'ConnectTimeout'],
        700,
      );
    },
    60_000,
  );

  it.each(['rtsp', 'rtmp'])(
    'connecting ends with a named error at its limit when a server accepts %s and never reads',
    async (scheme) => {
      await using server = await RawServer.start('deaf');
      judge(
        `${scheme} deaf`,
        await outcome(server.url(scheme)),
        ['ResponseTimeout', 'ConnectTimeout', 'WriteTimeout'],
        700,
      );
    },
    60_000,
  );

  it.each(['rtsp', 'rtmp'])(
    'connecting ends with a named error when a server answers %s with rubbish',
    async (scheme) => {
      await using server = await RawServer.start('garbage', 7);
      const codes = [
        'ProtocolError',
        'ResponseTimeout',
        'ConnectTimeout',
        'ConnectFailed',
        'ConnectionClosed',
      ];
      judge(`${scheme} rubbish`, await outcome(server.url(scheme)), codes, 1_000);
    },
    60_000,
  );

  it.each(['rtsp', 'rtmp'])(
    'connecting ends with a named error when a server closes %s at its first words',
    async (scheme) => {
      await using server = await RawServer.start('close');
      judge(
        `${scheme} closing`,
        await outcome(server.url(scheme)),
        ['ConnectionClosed', 'ConnectionReset'],
        500,
      );
    },
    60_000,
  );

  it.each(['rtsp', 'rtmp'])(
    'connecting ends with a named error when a server resets %s at its first words',
    async (scheme) => {
      await using server = await RawServer.start('reset');
      judge(
        `${scheme} resetting`,
        await outcome(server.url(scheme)),
        ['ConnectionReset', 'ConnectionClosed'],
        500,
      );
    },
    60_000,
  );
});

describe('each step of the RTSP handshake has a limit and a named error', () => {
  const steps = ['OPTIONS', 'ANNOUNCE', 'SETUP', 'RECORD'];
  const faults: [string, Reaction, string[]][] = [
    ['falls silent', 'silence', ['ResponseTimeout']],
    ['closes', 'close', ['ConnectionClosed']],
    ['resets', 'reset', ['ConnectionReset']],
    [
      'answers 404',
      Buffer.from('RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n'),
      ['ServerRefused', 'ProtocolError'],
    ],
    ['answers rubbish', Buffer.from('HTTP what is this\r\n\r\n\r\n'), ['ProtocolError']],
  ];
  const all = steps.flatMap((step) =>
    faults.map(([name, reaction, codes]) => ({ step, name, reaction, codes })),
  );

  it.each(all)(
    'the RTSP handshake ends with a named error when at $step the server $name',
    async ({ step, name, reaction, codes }) => {
      await using server = await RtspServer.start({
        onRequest: (request, usual) => {
          if (request.method !== step) return 'answer';
          if (!Buffer.isBuffer(reaction)) return reaction;
          const cseq = /CSeq: \d+/.exec(usual.toString())?.[0] ?? '';
          return Buffer.from(reaction.toString().replace(/CSeq: 1/, cseq));
        },
      });
      const started = performance.now();
      await using push = pushTo(server.url());
      const error = await until('an error', () => push.output().error, 10_000);
      console.log(`${step} ${name}: ${error.code} after ${(performance.now() - started).toFixed(0)} ms`);
      expect(codes).toContain(error.code);
      expect(server.connections[0]?.requests.map((request) => request.method)).toContain(step);
    },
    60_000,
  );
});

describe('a server that stops reading', () => {
  it('a push to a server that stops reading ends in WriteTimeout at the limit, and an abort ends the wait', async () => {
    await using server = await RtspServer.start({
      onUnit: (count) => (count === 5 ? 'stop-reading' : undefined),
    });
    const found = await outcome(server.url(), {}, 30_000_000);
    judge('reading nothing', found, 'WriteTimeout', 6_000);
  }, 60_000);

  it('a push to a server that stops reading can be aborted in the middle of the wait', async () => {
    await using server = await RtspServer.start({
      onUnit: (count) => (count === 5 ? 'stop-reading' : undefined),
    });
    await using push = pushTo(server.url(), { writeTimeoutMilliseconds: 60_000 }, 30_000_000);
    await until('a backlog', () => push.output().backlogBytes > 100_000, 20_000);
    const aborted = performance.now();
    push.encoder.abort();
    await Promise.allSettled([push.encoder.wait()]);
    const took = performance.now() - aborted;
    console.log(`abort while writing: ${took.toFixed(0)} ms`);
    expect(took).toBeLessThan(1_000);
  }, 60_000);
});

describe('passwords', () => {
  const files = (scratch: Scratch, user: string, password: string) => ({
    userFile: scratch.write('user', user),
    passwordFile: scratch.write('password', password),
  });

  it.each(['Basic', 'Digest'] as const)(
    'the right password is accepted by %s',
    async (scheme) => {
      using scratch = new Scratch();
      await using server = await RtspServer.start({
        authentication: { scheme, user: 'camera', password: 'pass "word" ä' },
      });
      await using push = pushTo(server.url(), files(scratch, 'camera', 'pass "word" ä'));
      await server.until('units', (s) => s.units().length >= 5, 20_000);
      expect(push.output().error).toBeNull();
    },
    60_000,
  );

  it.each(['Basic', 'Digest'] as const)(
    'a wrong password by %s is a permanent error, and is not tried for ever',
    async (scheme) => {
      using scratch = new Scratch();
      await using server = await RtspServer.start({
        authentication: { scheme, user: 'camera', password: 'right' },
      });
      const found = await outcome(server.url(), files(scratch, 'camera', 'wrong-secret'));
      judge(`wrong password, ${scheme}`, found, 'CredentialsRefused', 500);
      expect(found.error.permanent).toBe(true);
      expect(JSON.stringify(found.error)).not.toContain('wrong-secret');
    },
    60_000,
  );

  it('a real MediaMTX refuses a wrong or missing password', async () => {
    using scratch = new Scratch();
    await using server = await MediaMtx.start({ publisher: { user: 'camera', password: 'right' } });
    const patience = { responseTimeoutMilliseconds: 10_000 };
    const wrong = await outcome(server.rtsp(), { ...files(scratch, 'camera', 'wrong'), ...patience });
    judge('MediaMTX, wrong password', wrong, 'CredentialsRefused', 4_000);
    const none = await outcome(server.rtsp(), patience);
    judge('MediaMTX, no password', none, ['CredentialsMissing', 'CredentialsRefused'], 4_000);
  }, 60_000);

  it('a password in a missing file ends in CredentialsMissing', async () => {
    using scratch = new Scratch();
    await using server = await RtspServer.start({
      authentication: { scheme: 'Digest', user: 'camera', password: 'late' },
    });
    await using push = pushTo(server.url(), {
      userFile: scratch.file('user'),
      passwordFile: scratch.file('password'),
    });
    const error = await until('an error', () => push.output().error, 10_000);
    expect(error.code).toBe('CredentialsMissing');
  }, 60_000);
});

describe('another publisher', () => {
  it('another publisher that holds the path is reported as PublisherConflict or a refusal, not fought', async () => {
    await using server = await MediaMtx.start({
      paths: { live: { alwaysAvailable: false, overridePublisher: false } },
    });
    await using first = pushTo(server.rtsp());
    await server.untilOnline();
    await using second = pushTo(server.rtsp());
    const error = await until('an error', () => second.output().error, 10_000);
    expect(['PublisherConflict', 'ServerRefused']).toContain(error.code);
    expect(first.output().error).toBeNull();
    expect(first.output().connects).toBe(1);
  }, 60_000);
});
