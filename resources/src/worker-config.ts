/**
 * WorkerConfig: the JSON document with the whole configuration of one worker process. The builders write it,
 * this file is its schema. Names contain the units; bit rates are in bits per second everywhere below a
 * manifest.
 */
import * as z from 'zod';
import {
  LEVEL,
  LIMITS,
  MAX_FRAME_RATE,
  MAX_PIXELS,
  PIXEL_FORMATS,
  PROFILE,
  QUEUE_BYTES,
  type Range,
  VIDEO_TRACK,
  wholeNumberFrom,
} from './limits.ts';
import { checkWith, parseWith } from './schema-issues.ts';

/** 1-63 letters, digits, '-': a DNS label, as Kubernetes names its list items. */
const label = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be 1-63 lower-case letters, digits or "-"');

const filePath = z.string().min(1).max(4096).refine(withoutControls, 'must not contain control characters');

const rational = z
  .string()
  .regex(/^[1-9]\d{0,6}(\/[1-9]\d{0,6})?$/, 'must be a rational number such as "25" or "30000/1001"')
  .refine(
    (text) => framesPerSecond(text) <= MAX_FRAME_RATE,
    `must be at most ${MAX_FRAME_RATE} frames per second`,
  );

const whole = (range: Range) =>
  z.int().refine((value) => value >= range.least && value <= range.most, wholeNumberFrom(range));
const size = whole(LIMITS.side);
const timeout = whole(LIMITS.timeoutMilliseconds);
const threads = whole(LIMITS.threads);

/** Refuses an object whose picture is too large as a whole. */
const pictureFits = ({
  width = 0,
  height = 0,
}: {
  width?: number | undefined;
  height?: number | undefined;
}) => width * height <= MAX_PIXELS;
const TOO_LARGE = {
  path: ['height'],
  message: `must make at most ${MAX_PIXELS} pixels (8192 x 4352) with the width`,
};

/** A URL without credentials, or a path. */
const address = z
  .string()
  .min(1)
  .max(4096)
  .superRefine((text, context) => {
    const fault = addressFault(text);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  });

const credentialFiles = { userFile: filePath.optional(), passwordFile: filePath.optional() };

/** Whom TLS connections trust: a file of authorities (PEM) in place of the system's, or everyone. */
const trust = { caFile: filePath.optional(), insecureSkipVerify: z.boolean().optional() };

const testPattern = z
  .strictObject({
    pattern: z.enum(['testsrc2', 'smptehdbars', 'testsrc']).optional(),
    width: size.optional(),
    height: size.optional(),
    frameRate: rational.optional(),
    durationSeconds: z.number().positive().max(LIMITS.durationSeconds.most).optional(),
  })
  .refine(pictureFits, TOO_LARGE);

const source = z
  .strictObject({
    uri: address.optional(),
    testPattern: testPattern.optional(),
    ...credentialFiles,
    ...trust,
    program: whole(LIMITS.program).optional(),
    videoTrack: z.string().regex(VIDEO_TRACK, 'must be a number from 0, id:N or lang:xxx').optional(),
    rtspTransport: z.enum(['tcp', 'udp']).optional(),
    openTimeoutMilliseconds: timeout.optional(),
    readTimeoutMilliseconds: timeout.optional(),
    threads: threads.optional(),
    onEnd: z.enum(['Complete', 'Repeat', 'Reconnect']),
  })
  .refine(({ uri, testPattern }) => (uri === undefined) !== (testPattern === undefined), {
    message: 'must have exactly one of `uri` and `testPattern`',
  })
  .refine(({ testPattern, program, videoTrack }) => !testPattern || (program ?? videoTrack) === undefined, {
    message: 'must have no `program` and no `videoTrack` with `testPattern`, which has one video track',
  });

const pixelFormat = z.enum(PIXEL_FORMATS);
const cropped = whole(LIMITS.crop).refine((value) => value % 2 === 0, 'must be even');

const video = z
  .strictObject({
    width: size.optional(),
    height: size.optional(),
    frameRate: rational.optional(),
    pixelFormat: pixelFormat.optional(),
    deinterlace: z.enum(['Auto', 'Off', 'Always']).optional(),
    hdr: z.enum(['ToneMap', 'Keep']).optional(),
    squarePixels: z.boolean().optional(),
    background: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as "#000000"')
      .optional(),
    crop: z
      .strictObject({
        left: cropped.optional(),
        top: cropped.optional(),
        right: cropped.optional(),
        bottom: cropped.optional(),
      })
      .optional(),
  })
  .refine(pictureFits, TOO_LARGE);

/** A JetStream stream that joins the rings of two pods. */
const jetStream = z.strictObject({
  address: z
    .string()
    .max(512)
    .regex(/^(nats|tls):\/\/[^\s/@]+$/, 'must be nats://HOST:PORT without credentials'),
  stream: z.string().regex(/^[A-Za-z0-9_-]{1,200}$/, 'must be 1-200 letters, digits, "-" or "_"'),
  /**
   * Identity of what the frames are made from, the same for both: only the same source is gone
   * on with, and has its end heeded.
   */
  source: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'must be 1-128 letters, digits, "-" or "_"'),
});

const queue = z.strictObject({
  type: z.literal('ring').default('ring'),
  path: filePath,
  capacityFrames: whole(LIMITS.queueFrames).default(20),
  /** Bytes that the frames may take; fewer frames wait rather than exceed it. */
  maxBytes: whole(LIMITS.queueBytes).default(QUEUE_BYTES),
  whenFull: z.enum(['Block', 'DropOldest', 'DropNewest']).default('Block'),
  encoderDelayFrames: whole(LIMITS.encoderDelayFrames).default(0),
  outputs: z.array(label).min(1).max(8),
  /** Set: decoder and encoder run in different pods, each with a ring of its own at `path`. */
  jetStream: jetStream.optional(),
});

/** The encoders that keep a constant rate, a quality, a maximum bit rate and a level. */
const X26X = ['libx264', 'libx264rgb', 'libx265'];

const encoderFields = z.strictObject({
  codec: z.string().max(32).optional(),
  encoder: z.string().max(64).optional(),
  width: size.optional(),
  height: size.optional(),
  frameRate: rational.optional(),
  pixelFormat: pixelFormat.optional(),
  bitRate: whole(LIMITS.bitRate).optional(),
  rateControl: z.enum(['Capped', 'Constant', 'Quality']).optional(),
  maxBitRate: whole(LIMITS.bitRate).optional(),
  quality: whole(LIMITS.quality).optional(),
  profile: z.string().regex(PROFILE, 'must be 1-32 lower-case letters, digits or "-"').optional(),
  level: z.string().regex(LEVEL, 'must be a level such as "4" or "4.1"').optional(),
  gopFrames: whole(LIMITS.gopFrames).optional(),
  gopSeconds: z.number().positive().max(LIMITS.gopSeconds.most).optional(),
  maxBFrames: whole(LIMITS.bFrames).optional(),
  preset: z.string().max(32).optional(),
  tune: z.string().max(32).optional(),
  threads: threads.optional(),
  extra: z.record(z.string().max(64), z.string().max(1024)).optional(),
  catchUp: z.enum(['Rebase', 'Burst', 'Skip']).default('Rebase'),
});

/** What the native core would refuse for good once it runs (check_combination in rate_control.cc). */
const encoder = encoderFields
  .refine(({ bitRate = 0, maxBitRate = bitRate }) => maxBitRate >= bitRate, {
    message: 'must have a `maxBitRate` of at least `bitRate`',
  })
  .refine(({ rateControl, maxBitRate }) => rateControl !== 'Constant' || maxBitRate === undefined, {
    message: 'must have no `maxBitRate` with `rateControl` Constant, whose rate is `bitRate`',
  })
  .refine(({ rateControl, bitRate }) => rateControl !== 'Quality' || bitRate === undefined, {
    message: 'must have no `bitRate` with `rateControl` Quality, which is bounded by `maxBitRate`',
  })
  .refine(({ rateControl, quality }) => quality === undefined || rateControl === 'Quality', {
    message: 'must have `rateControl` Quality where `quality` is set',
  })
  .refine((asked) => !needsX26x(asked) || isX26x(asked), {
    message: 'must have `codec` H264 or H265 for `rateControl` Constant or Quality, `maxBitRate` and `level`',
  })
  .refine(({ profile, maxBFrames = 0 }) => profile !== 'baseline' || maxBFrames === 0, {
    message: 'must have no `maxBFrames` with `profile` baseline, which has no B-frames',
  });

const output = z
  .strictObject({
    name: label,
    url: address.optional(),
    /** A file that holds the whole URL, for URLs that are secrets themselves (a stream key in the path). */
    urlFile: filePath.optional(),
    ...credentialFiles,
    ...trust,
    connectTimeoutMilliseconds: timeout.optional(),
    responseTimeoutMilliseconds: timeout.optional(),
    writeTimeoutMilliseconds: timeout.optional(),
  })
  .refine(({ url, urlFile }) => (url === undefined) !== (urlFile === undefined), {
    message: 'must have exactly one of `url` and `urlFile`',
  });

const common = {
  version: z.literal(1),
  /** namespace/name; the metrics' label */
  stream: z
    .string()
    .regex(/^[a-z0-9][-a-z0-9.]{0,252}\/[a-z0-9][-a-z0-9.]{0,252}$/, 'must be NAMESPACE/NAME in lower case'),
  http: z
    .strictObject({
      host: z.string().min(1).max(253).default('127.0.0.1'),
      /** 0 = any free port, named in the log */
      port: z.int().min(0).max(65535).default(9090),
    })
    .default({ host: '127.0.0.1', port: 9090 }),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
  latencyBudgetMilliseconds: whole(LIMITS.latencyMilliseconds).default(100),
  queue,
};

const decoderConfig = z.strictObject({
  ...common,
  role: z.literal('decoder'),
  source,
  video: video.default({}),
});

const encoderConfig = z
  .strictObject({
    ...common,
    role: z.literal('encoder'),
    encoder: encoder.default({ catchUp: 'Rebase' }),
    outputs: z.array(output).min(1).max(8),
  })
  .superRefine(({ queue: { outputs: keys }, outputs }, context) => {
    const names = outputs.map(({ name }) => name);
    const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
    if (twice >= 0) {
      context.addIssue({ code: 'custom', path: ['outputs', twice, 'name'], message: 'is used twice' });
    } else if (names.join() !== keys.join()) {
      // The ledger's records in the ring go by this order, in both processes.
      const message = `must list the outputs' names in their order: ${names.join(', ')}`;
      context.addIssue({ code: 'custom', path: ['queue', 'outputs'], message });
    }
  });

const workerConfig = z.discriminatedUnion('role', [decoderConfig, encoderConfig]);

export type WorkerConfig = z.output<typeof workerConfig>;
export type DecoderConfig = z.output<typeof decoderConfig>;
export type EncoderConfig = z.output<typeof encoderConfig>;

/** Both processes of one stream. */
export interface WorkerConfigs {
  decoder: DecoderConfig;
  encoder: EncoderConfig;
}

/**
 * Reads a WorkerConfig. @throws WorkerConfigError (`ConfigInvalid`), whose message is one line that begins
 * with the field: `outputs[0].url: must not carry a user name or password; ...`
 */
export function parseWorkerConfig(text: string): WorkerConfig {
  return parseWith(workerConfig, text, 'the document', refuse);
}

/** Does what parseWorkerConfig does, for a document that is already an object. */
export function checkWorkerConfig(document: unknown): WorkerConfig {
  return checkWith(workerConfig, document, refuse);
}

const refuse = (fault: string): WorkerConfigError => new WorkerConfigError(fault);

/** What is wrong with a worker's configuration, in the shape of the native core's errors. */
export class WorkerConfigError extends Error {
  override readonly name = 'WorkerConfigError';
  readonly code = 'ConfigInvalid';
  readonly action = 'correct the worker configuration';
  readonly permanent = true;
}

const RAW_HASH = "must not have a '#' before the '@' (in a user name or password it is written %23)";

/**
 * Why `text` is not a usable source or output address, or undefined. Which schemes
 * work is the native core's to say.
 */
export function addressFault(text: string): string | undefined {
  if (!withoutControls(text)) return 'must not contain control characters';
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return undefined; // a path
  if (/^file:/i.test(text)) return undefined; // likewise, percent-encoded where somebody likes
  if (/\s/.test(text)) return 'must not contain spaces (write %20)';
  if (/^[^/]*\/\/[^/?@]*#[^/]*@/.test(text)) return RAW_HASH;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'is not a URL: expected SCHEME://HOST[:PORT]/PATH';
  }
  if (url.username !== '' || url.password !== '') {
    return 'must not carry a user name or password; put them into files and name these in userFile and passwordFile';
  }
  if (url.hostname === '') return 'names no host';
  return undefined;
}

type EncoderFields = z.output<typeof encoderFields>;

function needsX26x({ rateControl = 'Capped', maxBitRate, level }: EncoderFields): boolean {
  return rateControl !== 'Capped' || maxBitRate !== undefined || level !== undefined;
}

function isX26x({ encoder: name, codec = 'H264' }: EncoderFields): boolean {
  return name === undefined ? /^h26[45]$/i.test(codec) : X26X.includes(name);
}

function framesPerSecond(text: string): number {
  const [numerator, denominator = '1'] = text.split('/');
  return Number(numerator) / Number(denominator);
}

function withoutControls(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  return !/[\u0000-\u001f\u007f]/.test(text);
}
