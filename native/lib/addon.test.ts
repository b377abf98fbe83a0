/** The border to native code: handles, options, log. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Addon, addon, type Handle } from './addon.ts';
import {
  buildInfo,
  DecodeSession,
  EncodeSession,
  FrameReader,
  type LogLine,
  NativeError,
  probe,
  redact,
  resolveEncoder,
  setLogLevel,
  splitUserInfo,
} from './index.ts';

describe('native handles', () => {
  const handle = addon.abortHandle();
  const foreign = [
    undefined,
    null,
    1,
    'x',
    {},
    [],
    () => 1,
    new Proxy({}, {}),
    Object.create(handle),
    handle,
  ];

  it('every function of the addon refuses what is not its own handle', () => {
    const takers = Object.keys(addon).filter((name) =>
      /^(decode|encode|pusher|reader|writer|queueReader|relayReader|relayWriter)(?!Create|Open)/.test(name),
    ) as (keyof Addon)[];
    expect(takers.length).toBeGreaterThan(40);
    for (const name of takers) {
      for (const value of foreign) {
        const call = () =>
          (addon[name] as (handle: Handle, ...rest: unknown[]) => unknown)(value as Handle, 0, 0, 0, 0);
        expect(call, `${name}(${String(value)})`).toThrow(
          expect.objectContaining({ code: 'InvalidArgument' }),
        );
      }
    }
  });
});

describe('native errors', () => {
  it('a failed call of the addon gives a NativeError with code, message, action and whether to try again', async () => {
    const error = await probe('/nowhere/at-all.mp4').catch((reason) => reason);
    expect(error).toBeInstanceOf(NativeError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'NativeError', code: 'SourceNotFound', permanent: false });
    expect(error.action).toMatch(/path/);
    expect(error.averror).toBeLessThan(0);
  });
});

describe('session options', () => {
  const decode = { source: { uri: 'a' }, onEnd: 'Complete', ring: { path: '/r', outputs: ['main'] } };
  it.each([
    [{ ...decode, ring: undefined }, /^ring: expected an object/],
    [{ ...decode, onEnd: 'Stop' }, /^onEnd: expected one of Complete, Repeat, Reconnect/],
    [{ ...decode, frameRate: '25 fps' }, /^frameRate: expected a rate/],
    [{ ...decode, width: 1.5 }, /^width: must be a whole number from 0 to 8192$/],
    [{ ...decode, speed: 2 }, /^speed: unknown option/],
    [{ ...decode, ring: { path: '/r', outputs: [] } }, /^ring\.outputs: expected at least one/],
    [{ ...decode, source: { uri: 'a', testPattern: {} } }, /^source\.uri: expected exactly one/],
    [{ ...decode, crop: { top: 3 } }, /^crop\.top: expected an even number/],
    [
      { ...decode, source: { testPattern: {}, program: 1 } },
      /^source\.program: expected no value with testP/,
    ],
    [
      { ...decode, source: { testPattern: {}, videoTrack: '0' } },
      /^source\.videoTrack: expected no value with/,
    ],
    [undefined, /^options: expected an object/],
  ])('a decode session names what is wrong with %j', (options, message) => {
    expect(() => new DecodeSession(options as never)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringMatching(message) }),
    );
  });

  const encode = { ringPath: '/r', outputs: [{ name: 'main', url: 'rtsp://h/p' }] };
  it.each([
    [{ ...encode, outputs: [] }, /^outputs: expected at least one/],
    [{ ...encode, outputs: [{ name: 'main' }] }, /^outputs\[0\]\.url: expected a non-empty string/],
    [
      { ...encode, encoder: { maxBFrames: 17 } },
      /^encoder\.maxBFrames: must be a whole number from 0 to 16$/,
    ],
    [{ ...encode, encoder: { extra: { crf: 20 } } }, /^encoder\.extra\.crf: expected a string/],
    [{ ...encode, catchUp: 'Fast' }, /^catchUp: expected one of Rebase, Burst, Skip/],
  ])('an encode session names what is wrong with %j', (options, message) => {
    expect(() => new EncodeSession(options as never)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringMatching(message) }),
    );
  });

  it('a session waits only once started, and starts only once', async () => {
    const session = new DecodeSession({ ...decode, onEnd: 'Complete', source: { uri: '/nowhere.mp4' } });
    await expect(session.wait()).rejects.toMatchObject({ code: 'InvalidState' });
    session.start();
    expect(() => session.start()).toThrow(expect.objectContaining({ code: 'InvalidState' }));
    await session.close();
    await session.close();
    expect(session.snapshot()).toMatchObject({ decoded: 0, queue: null });
  });
});

describe('the log', () => {
  afterEach(() => setLogLevel(0, () => {}));

  it.each([
    [0, ['error']],
    [2, ['error', 'info', 'debug']],
  ] as const)('the log at level %d lets through lines of %j', async (level, allowed) => {
    const lines: LogLine[] = [];
    setLogLevel(level, (line) => lines.push(line));
    await (await FrameReader.open({ testPattern: { durationSeconds: 0.1 } })).close();
    await probe('/etc/hostname').catch(() => {});
    await new Promise(setImmediate);
    if (level === 2) expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => !(allowed as readonly string[]).includes(line.level))).toEqual([]);
  });

  it('no credentials of a URL stand in a line of the log or in an error', async () => {
    const lines: LogLine[] = [];
    setLogLevel(2, (line) => lines.push(line));
    const urls = ['rtsp://user:s3cret@127.0.0.1:1/live', 'http://user:s3cret@127.0.0.1:1/a.mp4?token=s3cret'];
    for (const url of urls) {
      const error = await probe(url).catch((reason: NativeError) => reason);
      lines.push({ level: 'error', message: JSON.stringify(error) + String(error) });
    }
    await new Promise(setImmediate);
    expect(lines.filter((line) => line.message.includes('s3cret'))).toEqual([]);
  });

  it('a log level that does not exist is refused', () => {
    expect(() => setLogLevel(3 as never)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});

describe('URLs, codecs and the build', () => {
  it('splitUserInfo takes user-info out of a URL and decodes its escapes', () => {
    const without = 'rtsp://host:8554/path?x=1';
    expect(splitUserInfo('rtsp://a%40b:p%3Aw@host:8554/path?x=1')).toEqual({
      url: without,
      user: 'a@b',
      password: 'p:w',
    });
    expect(splitUserInfo('rtsp://user@host:8554/path?x=1')).toEqual({ url: without, user: 'user' });
    expect(splitUserInfo(without)).toEqual({ url: without });
    expect(splitUserInfo('/a/path@with:signs')).toEqual({ url: '/a/path@with:signs' });
    expect(splitUserInfo('rtmp://host/app/key@x')).toEqual({ url: 'rtmp://host/app/key@x' });
  });

  it.each([
    ['rtsp://user:s3#cret@host:8554/x', '%23'],
    ['srt://user:12#s3cret@host:1', '%23'],
    ['rtmp://user:s3/cret@host/app/key', '%2F'],
    ['https://user:s3?cret@host/a.mp4', '%3F'],
  ])('a raw reserved character in the password of %s is refused with %s', (url, written) => {
    expect(() => splitUserInfo(url)).toThrow(
      expect.objectContaining({
        code: 'UrlInvalid',
        action: expect.stringContaining(written),
        message: expect.not.stringContaining('s3'),
      }),
    );
  });

  it('splitUserInfo leaves an @ behind the host in the URL', () => {
    for (const url of ['rtsp://host/x#user:a@b', 'rtsp://host:8554/a@b', 'rtmp://[::1]:1935/app/key@x'])
      expect(splitUserInfo(url)).toEqual({ url });
  });

  it('redact takes the secrets out of a text', () => {
    expect(redact('to rtsp://u:pw@host/x and on')).not.toMatch(/pw/);
  });

  it('resolveEncoder resolves the names of codecs and encoders, and refuses any other', () => {
    expect(resolveEncoder('H264')).toBe('libx264');
    expect(resolveEncoder('h264')).toBe('libx264');
    expect(resolveEncoder('', 'libx264')).toBe('libx264');
    expect(() => resolveEncoder('', 'h264x')).toThrow(expect.objectContaining({ code: 'EncoderUnknown' }));
    expect(() => resolveEncoder('', 'h264_vaapi')).toThrow(
      expect.objectContaining({ code: 'EncoderRejected', action: expect.stringMatching(/libx264$/) }),
    );
  });

  it('buildInfo reports versions and licence of the build', () => {
    expect(buildInfo()).toMatchObject({
      avcodec: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      napi: expect.any(Number),
    });
    expect(buildInfo().license).toMatch(/GPL/);
  });
});
