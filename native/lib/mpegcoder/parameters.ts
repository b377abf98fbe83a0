/** The parameters of mpegCoder's classes: their names, their checks and who wins over whom. */
import { addon } from '../addon.ts';
import { invalidArgument } from '../errors.ts';
import type { EncoderOptions, SourceDescriptor } from '../types.ts';

export type RateTuple = readonly [numerator: number, denominator: number];

/**
 * The description of a source that a decoder sends to a server, through any channel that carries JSON. The
 * names are mpegCoder's, bit rates are in bits per second, and unknown values are null.
 */
export interface ConfigDict {
  videoPath?: string;
  /** codec of the source, e.g. "h264" */
  codecName?: string | null;
  bitRate?: number | null;
  GOPSize?: number | null;
  maxBframe?: number | null;
  /** decoder threads, 0 = automatic; never inherited by an encoder */
  nthread?: number;
  /** size of the decoded frames where the decoder scales */
  widthDst?: number;
  heightDst?: number;
  width?: number;
  height?: number;
  frameRate?: RateTuple | null;
}

/** Settings of a server beside its source, address and mode. 0 and null mean: not set. */
export interface ServerSettings {
  /** an encoder ("libx264") or a codec ("h264") */
  codecName?: string | null;
  /** bits per second */
  bitRate?: number | null;
  /** of the pictures sent, pixels */
  width?: number | null;
  height?: number | null;
  /** of the frames served, pixels; default: the decoder's, else width and height */
  widthSrc?: number | null;
  heightSrc?: number | null;
  frameRate?: RateTuple | null;
  /** distance of key frames, frames */
  GOPSize?: number | null;
  maxBframe?: number | null;
  /** encoder threads, 0 = automatic */
  nthread?: number | null;
  /** how many frames ServeFrameBlock may run ahead of real time */
  frameAhead?: number | null;
  /** of x264 and x265; '' = the encoder's own */
  preset?: string | null;
  tune?: string | null;
}

/** Everything a push is opened with. */
export interface EffectiveSettings {
  codecName: string;
  /** 0 = by size and rate */
  bitRate: number;
  /** `bitRate` is the source's: a measure for the encoder's own choice, not an order */
  bitRateInherited: boolean;
  width: number;
  height: number;
  widthSrc: number;
  heightSrc: number;
  frameRate: RateTuple;
  GOPSize: number;
  maxBframe: number;
  nthread: number;
  frameAhead: number;
  preset: string | undefined;
  tune: string | undefined;
}

const LIMITS = addon.limits();

type Check = (name: string, value: unknown) => void;

const whole =
  (least: number, most: number): Check =>
  (name, value) => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
      throw invalidArgument(`${name}: must be a whole number from ${least} to ${most}, not ${String(value)}`);
    }
  };

/** 0 stands for "not set". */
const orUnset = (most: number): Check => whole(0, most);

const text: Check = (name, value) => {
  if (typeof value !== 'string') throw invalidArgument(`${name}: expected a string, got ${typeof value}`);
};

const rate: Check = (name, value) => {
  const valid =
    Array.isArray(value) && value.length === 2 && value.every((n) => Number.isSafeInteger(n) && n > 0);
  if (!valid) throw invalidArgument(`${name}: expected [numerator, denominator], e.g. [30000, 1001]`);
};

const bitRate: Check = (name, value) => {
  orUnset(LIMITS.bitRate.most)(name, value);
  if ((value as number) > 0 && (value as number) < LIMITS.bitRate.least) {
    throw invalidArgument(
      `${name}: ${String(value)} bits per second is too little for video`,
      'bit rates are bits per second here, not Kb/s: write 4_000_000 for 4 Mb/s',
    );
  }
};

const CHECKS: { [key in keyof Required<ServerSettings>]: Check } = {
  codecName: text,
  bitRate,
  width: orUnset(LIMITS.side.most),
  height: orUnset(LIMITS.side.most),
  widthSrc: orUnset(LIMITS.side.most),
  heightSrc: orUnset(LIMITS.side.most),
  frameRate: rate, // of the frames that will come, so only their source bounds it
  GOPSize: orUnset(LIMITS.gopFrames.most),
  maxBframe: whole(LIMITS.bFrames.least, LIMITS.bFrames.most),
  nthread: whole(LIMITS.threads.least, LIMITS.threads.most),
  frameAhead: whole(0, 1_000_000),
  preset: text,
  tune: text,
};

/** Names that {@link checkSettings} knows. */
export const SETTING_NAMES = Object.keys(CHECKS) as (keyof ServerSettings)[];

/** The settings that were given, each checked. Throws InvalidArgument. */
export function checkSettings(given: ServerSettings): ServerSettings {
  const checked: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) {
    const value = given[name];
    if (value === undefined || value === null) continue;
    CHECKS[name](name, value);
    checked[name] = value;
  }
  return checked as ServerSettings;
}

/**
 * The part of a configuration dictionary that a server inherits: everything but the threads.
 * Throws InvalidArgument.
 */
export function inherit(dict: ConfigDict): ServerSettings {
  if (typeof dict !== 'object' || dict === null) throw invalidArgument('configDict: expected an object');
  const scaled = Boolean(dict.widthDst && dict.heightDst);
  const width = scaled ? dict.widthDst : dict.width;
  const height = scaled ? dict.heightDst : dict.height;
  const inherited = checkSettings({
    codecName: dict.codecName,
    width,
    height,
    widthSrc: width,
    heightSrc: height,
    frameRate: dict.frameRate,
    GOPSize: dict.GOPSize,
    maxBframe: dict.maxBframe,
  });
  // A source of a few kb/s (a slide, a test card) is no measure for a live push.
  if (typeof dict.bitRate === 'number' && dict.bitRate >= LIMITS.bitRate.least)
    inherited.bitRate = scaled ? rateOfScaled(dict, dict.bitRate) : dict.bitRate;
  return inherited;
}

/**
 * What the source's rate means for the scaled frames: a smaller picture needs fewer bits, about by its area.
 */
function rateOfScaled({ width, height, widthDst = 0, heightDst = 0 }: ConfigDict, bitRate: number): number {
  return width && height ? Math.round((bitRate * widthDst * heightDst) / (width * height)) : bitRate;
}

/**
 * Explicit settings over inherited ones over defaults, one by one. Throws
 * InvalidArgument when no size is known.
 */
export function resolve(explicit: ServerSettings, inherited: ServerSettings): EffectiveSettings {
  const pick = <K extends keyof ServerSettings>(name: K) => explicit[name] || inherited[name] || undefined;
  const frameRate = pick('frameRate') ?? ([25, 1] as const);
  const width = pick('width') ?? explicit.widthSrc ?? 0;
  const height = pick('height') ?? explicit.heightSrc ?? 0;
  if (!width || !height) {
    throw invalidArgument(
      'width and height of the stream are not known',
      'pass decoder, configDict, or width and height to setParameter',
    );
  }
  const GOPSize = pick('GOPSize') ?? Math.max(1, Math.round((2 * frameRate[0]) / frameRate[1]));
  return {
    codecName: pick('codecName') ?? 'h264',
    bitRate: pick('bitRate') ?? 0,
    bitRateInherited: !explicit.bitRate && inherited.bitRate !== undefined,
    width,
    height,
    widthSrc: pick('widthSrc') ?? width,
    heightSrc: pick('heightSrc') ?? height,
    frameRate,
    GOPSize,
    maxBframe: explicit.maxBframe ?? inherited.maxBframe ?? 0,
    nthread: explicit.nthread ?? 0,
    frameAhead: pick('frameAhead') ?? 2 * GOPSize,
    preset: explicit.preset ?? undefined,
    tune: explicit.tune ?? undefined,
  };
}

/** `encoder`: the exact name that codecName stands for. */
export function encoderOptions(settings: EffectiveSettings, encoder: string): EncoderOptions {
  const options: EncoderOptions = {
    encoder,
    width: settings.width,
    height: settings.height,
    gopFrames: settings.GOPSize,
    maxBFrames: settings.maxBframe,
    threads: settings.nthread,
  };
  // An explicit rate is kept to; an inherited one only counts between the bounds that the core sets it.
  if (settings.bitRate > 0 && !settings.bitRateInherited) options.bitRate = settings.bitRate;
  if (settings.preset !== undefined) options.preset = settings.preset;
  // zerolatency takes away the lookahead that decides where B-frames pay: with them, every gap
  // would be filled to the maximum.
  const tune = settings.tune ?? (settings.maxBframe > 0 ? '' : undefined);
  if (tune !== undefined) options.tune = tune;
  return options;
}

/** The dictionary of a source. `nthread`, `widthDst`, `heightDst`: as set on the decoder, 0 = not set. */
export function describe(
  videoPath: string,
  source: SourceDescriptor,
  nthread: number,
  widthDst: number,
  heightDst: number,
): ConfigDict {
  const { video } = source;
  const turned = video.rotation % 180 !== 0; // frames come upright
  return {
    videoPath,
    codecName: video.codec,
    bitRate: video.bitRate,
    GOPSize: video.gopFrames,
    maxBframe: video.reorderFrames,
    nthread,
    ...(widthDst > 0 && heightDst > 0 ? { widthDst, heightDst } : {}),
    width: turned ? video.height : video.width,
    height: turned ? video.width : video.height,
    frameRate: video.frameRate === null ? null : rateTuple(video.frameRate),
  };
}

function rateTuple(text: string): RateTuple {
  const [numerator, denominator = '1'] = text.split('/');
  return [Number(numerator), Number(denominator)];
}
