import { describe, expect, it } from 'vitest';
import { addressFault, parseWorkerConfig, WorkerConfigError } from './worker-config.ts';

const common = {
  version: 1,
  stream: 'default/camera-1',
  queue: { path: '/ring/frames', outputs: ['main'] },
};
const encoder = () => ({
  ...structuredClone(common),
  role: 'encoder',
  outputs: [{ name: 'main', url: 'rtsp://media.example/film' }] as Record<string, unknown>[],
});
const decoder = () => ({
  ...structuredClone(common),
  role: 'decoder',
  source: { uri: 'file:///films/a.mp4', onEnd: 'Complete' } as Record<string, unknown>,
});

/** What no encoder of the native core opens with. */
const ENCODERS_OUT_OF_REACH: [encoding: Record<string, unknown>, message: string][] = [
  [{ bitRate: 4_000_000, maxBitRate: 3_000_000 }, 'encoder: must have a `maxBitRate` of at least `bitRate`'],
  [
    { rateControl: 'Constant', maxBitRate: 5_000_000 },
    'encoder: must have no `maxBitRate` with `rateControl` Constant',
  ],
  [
    { rateControl: 'Quality', bitRate: 4_000_000 },
    'encoder: must have no `bitRate` with `rateControl` Quality',
  ],
  [{ quality: 23 }, 'encoder: must have `rateControl` Quality where `quality` is set'],
  [
    { codec: 'MPEG4', rateControl: 'Constant' },
    'encoder: must have `codec` H264 or H265 for `rateControl` Constant',
  ],
  [{ encoder: 'libvpx-vp9', maxBitRate: 5_000_000 }, 'encoder: must have `codec` H264 or H265'],
  [{ codec: 'AV1', level: '4.1' }, 'encoder: must have `codec` H264 or H265'],
  [{ profile: 'baseline', maxBFrames: 1 }, 'encoder: must have no `maxBFrames` with `profile` baseline'],
  [{ profile: 'High' }, 'encoder.profile: must be 1-32 lower-case letters'],
  [{ level: '41' }, 'encoder.level: must be a level such as "4" or "4.1"'],
];

it('an encoding that the native core takes is no fault of a configuration', () => {
  const encodings = [
    { encoder: 'libx265', rateControl: 'Constant', bitRate: 4_000_000, profile: 'main', level: '4.1' },
    { codec: 'H265', rateControl: 'Quality', quality: 23, maxBitRate: 5_000_000 },
    { bitRate: 4_000_000, maxBitRate: 4_000_000, profile: 'baseline', level: '1b', maxBFrames: 0 },
  ];
  for (const encoding of encodings)
    expect(() => parseWorkerConfig(JSON.stringify({ ...encoder(), encoder: encoding }))).not.toThrow();
});

it('a configuration gets the default of every field that it leaves out', () => {
  const config = parseWorkerConfig(
    JSON.stringify({ ...decoder(), source: { uri: '/films/a b.mp4', onEnd: 'Complete' } }),
  );
  expect(config).toEqual({
    ...decoder(),
    source: { uri: '/films/a b.mp4', onEnd: 'Complete' },
    http: { host: '127.0.0.1', port: 9090 },
    logLevel: 'info',
    latencyBudgetMilliseconds: 100,
    queue: {
      type: 'ring',
      path: '/ring/frames',
      capacityFrames: 20,
      maxBytes: 256 * 2 ** 20,
      whenFull: 'Block',
      encoderDelayFrames: 0,
      outputs: ['main'],
    },
    video: {},
  });
  expect(parseWorkerConfig(JSON.stringify(encoder()))).toMatchObject({ encoder: { catchUp: 'Rebase' } });
});

describe('wrong configurations', () => {
  type Document = Record<string, unknown>;
  const cases: [string, Document, string][] = [
    ['an unknown key', { ...encoder(), extra: 1 }, 'extra: is not a known key'],
    [
      'an unknown key further down',
      { ...encoder(), outputs: [{ name: 'main', url: 'rtsp://a/b', pass: 'x' }] },
      'outputs[0].pass: is not a known key',
    ],
    [
      'a value of a wrong type',
      { ...encoder(), http: { port: '9090' } },
      'http.port: must be a number, not a string',
    ],
    [
      'a fraction for a whole number',
      { ...encoder(), http: { port: 1.5 } },
      'http.port: must be a whole number',
    ],
    ['a number out of bounds', { ...encoder(), http: { port: 65_536 } }, 'http.port: must be at most 65535'],
    [
      'a picture that is too wide',
      { ...decoder(), video: { width: 8194 } },
      'video.width: must be a whole number from 16 to 8192',
    ],
    [
      'a picture of too many pixels',
      { ...decoder(), video: { width: 8192, height: 4354 } },
      'video.height: must make at most 35651584 pixels (8192 x 4352) with the width',
    ],
    [
      'a bit rate that no level of H.264 has',
      { ...encoder(), encoder: { bitRate: 800_000_001 } },
      'encoder.bitRate: must be a whole number from 10000 to 800000000',
    ],
    ...ENCODERS_OUT_OF_REACH.map(([encoding, message]): [string, Document, string] => [
      `the encoding ${JSON.stringify(encoding)}`,
      { ...encoder(), encoder: encoding },
      message,
    ]),
    [
      'a frame rate that no level of H.264 has',
      { ...decoder(), video: { frameRate: '301' } },
      'video.frameRate: must be at most 300 frames per second',
    ],
    [
      'an unknown value',
      { ...encoder(), encoder: { catchUp: 'Sprint' } },
      'encoder.catchUp: must be one of "Rebase", "Burst", "Skip"',
    ],
    [
      'a JetStream that is named with a password',
      {
        ...encoder(),
        queue: {
          ...common.queue,
          jetStream: { address: 'nats://me:secret@nats:4222', stream: 's', source: 'film' },
        },
      },
      'queue.jetStream.address: must be nats://HOST:PORT without credentials',
    ],
    [
      'a name that JetStream has no stream of',
      {
        ...encoder(),
        queue: { ...common.queue, jetStream: { address: 'nats://nats:4222', stream: 'a.b', source: 'film' } },
      },
      'queue.jetStream.stream: must be 1-200 letters, digits, "-" or "_"',
    ],
    ['no role', common, 'role: must be "decoder" or "encoder"'],
    ['another version', { ...encoder(), version: 2 }, 'version: must be 1'],
    ['no version', { ...encoder(), version: undefined }, 'version: is missing; must be 1'],
    ['no queue', { ...encoder(), queue: undefined }, 'queue: is missing; expected an object'],
    [
      'a stream without namespace',
      { ...encoder(), stream: 'camera' },
      'stream: must be NAMESPACE/NAME in lower case',
    ],
    ['no outputs', { ...encoder(), outputs: [] }, 'outputs: must have at least 1 items'],
    [
      'names that the ledger does not know',
      { ...encoder(), queue: { path: '/r', outputs: ['a'] } },
      "queue.outputs: must list the outputs' names in their order: main",
    ],
    [
      'a name used twice',
      { ...encoder(), outputs: [...encoder().outputs, ...encoder().outputs] },
      'outputs[1].name: is used twice',
    ],
    [
      'two addresses of one output',
      { ...encoder(), outputs: [{ name: 'main', url: 'rtsp://a/b', urlFile: '/u' }] },
      'outputs[0]: must have exactly one of `url` and `urlFile`',
    ],
    [
      'credentials in an output',
      { ...encoder(), outputs: [{ name: 'main', url: 'rtsp://ann:secret@a/b' }] },
      'outputs[0].url: must not carry a user name or password; put them into files',
    ],
    [
      'credentials in a source',
      { ...decoder(), source: { uri: 'RTSP://ann@a/b', onEnd: 'Reconnect' } },
      'source.uri: must not carry a user name or password',
    ],
    [
      'a URL without host',
      { ...decoder(), source: { uri: 'rtsp:///b', onEnd: 'Reconnect' } },
      'source.uri: names no host',
    ],
    [
      'a URL with a space',
      { ...decoder(), source: { uri: 'http://a/b c', onEnd: 'Complete' } },
      'source.uri: must not contain spaces (write %20)',
    ],
    [
      'a URL with a word for its port',
      { ...decoder(), source: { uri: 'http://a:port/', onEnd: 'Complete' } },
      'source.uri: is not a URL: expected SCHEME://HOST[:PORT]/PATH',
    ],
    [
      'a URL with a raw # in its password',
      { ...decoder(), source: { uri: 'rtsp://ann:s3#cret@cam/1', onEnd: 'Reconnect' } },
      "source.uri: must not have a '#' before the '@' (in a user name or password it is written %23)",
    ],
    [
      'a newline in a path',
      { ...decoder(), source: { uri: '/a\nb', onEnd: 'Complete' } },
      'source.uri: must not contain control characters',
    ],
    [
      'no source',
      { ...decoder(), source: { onEnd: 'Complete' } },
      'source: must have exactly one of `uri` and `testPattern`',
    ],
    [
      'a program of a test pattern',
      { ...decoder(), source: { testPattern: {}, program: 1, onEnd: 'Repeat' } },
      'source: must have no `program` and no `videoTrack` with `testPattern`, which has one video track',
    ],
    [
      'a video track of a test pattern',
      { ...decoder(), source: { testPattern: {}, videoTrack: '0', onEnd: 'Repeat' } },
      'source: must have no `program` and no `videoTrack` with `testPattern`, which has one video track',
    ],
    ['an encoder in the decoder', { ...decoder(), encoder: {} }, 'encoder: is not a known key'],
    [
      'a decimal frame rate',
      { ...decoder(), video: { frameRate: '29.97' } },
      'video.frameRate: must be a rational number such as "25" or "30000/1001"',
    ],
  ];
  it.each(cases)(
    'a configuration with %s is refused with one line that begins with the field',
    (_, document, message) => {
      let line = 'accepted';
      try {
        parseWorkerConfig(JSON.stringify(document));
      } catch (error) {
        expect(error).toBeInstanceOf(WorkerConfigError);
        expect(error).toMatchObject({ code: 'ConfigInvalid', permanent: true });
        line = (error as Error).message;
      }
      expect(line.startsWith(message), line).toBe(true);
      expect(line).not.toMatch(/\n|secret/);
    },
  );

  it('a configuration that is not JSON, or no object, is refused with one line', () => {
    expect(() => parseWorkerConfig('{"url": "rtsp://ann:secret@a/b"')).toThrow(
      /^the document is not JSON: (?!.*secret)[^\n]*$/,
    );
    expect(() => parseWorkerConfig('[]')).toThrow('configuration: must be an object, not an array');
  });
});

it('paths and URLs of every kind are accepted as addresses', () => {
  for (const address of [
    'film.mp4',
    '/films/a@b:c.mp4',
    'file:///a',
    'http://[::1]:80/a?b=c',
    'srt://h:1?streamid=publish:a',
    'srt://h:1?streamid=#!::r=live/x,m=publish',
    'srt://h:1?streamid=#!::u=a@b,m=publish',
    'srt://h:1?streamid=%23!::r=live%2Fx,m=publish',
    'rtmp://h/live/key@x',
  ]) {
    expect(addressFault(address), address).toBeUndefined();
  }
});
