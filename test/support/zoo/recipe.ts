/** What a source of the zoo is made of, how it is offered, and what a push must make of it. Data alone. */
import type { DecodeSessionOptions, SourceOptions } from '@videopush/native';
import type { Matrix } from '../corners.ts';

/** A run of one ffmpeg over numbered cards; several parts are joined byte by byte. */
export interface Part {
  /** Cards that are shown, default 25. */
  frames?: number;
  /** Number of the first one, default 0. */
  first?: number;
  /** Cards per second, default 25. */
  rate?: string;
  /** Filters behind the cards. */
  filter?: string;
  /** Options of further inputs, which come behind the cards. */
  inputs?: readonly string[];
  /** Texts that become files; `{NAME}` in `inputs` is the path of one. */
  files?: Readonly<Record<string, string>>;
  /** Options of the encoder and the muxer. */
  encode: readonly string[];
  /** Options of a second ffmpeg, which copies what the first one wrote. */
  copy?: { before?: readonly string[]; after?: readonly string[]; ending?: string };
}

/** A change of the bytes that ffmpeg wrote. Frames are counted from 0 in the order of the container. */
export type Surgery =
  /** Keeps the bytes from one place to another; a place below 1 is a share of the file. */
  | { do: 'slice'; from?: number; to?: number }
  /** Puts bytes in front of the file or behind it. */
  | { do: 'surround'; before?: string; after?: string }
  /** The display matrix of an MP4 with one track. */
  | { do: 'matrix'; matrix: Matrix }
  /** Adds to all clocks of a transport stream from one frame to another, modulo 2^33. */
  | { do: 'ts.shift'; from: number; to?: number; seconds: number }
  /** Takes the timestamps from frames of a transport stream, but from every n-th one. */
  | { do: 'ts.unstamp'; keepEvery: number }
  /** Begins a transport stream with this frame, in front of which only its tables stay. */
  | { do: 'ts.begin'; frame: number }
  /** Leaves out one packet inside of a frame. */
  | { do: 'ts.lose'; frame: number }
  /** Adds null packets. */
  | { do: 'ts.stuff'; every: number }
  /** Adds to the timestamps of FLV tags from one frame on. */
  | { do: 'flv.shift'; from: number; to?: number; seconds: number }
  /** Keeps so many frames of an FLV, and half of the next one. */
  | { do: 'flv.cut'; frames: number };

/** How a source reaches the product, where it is not a file with a plain name. */
export interface Service {
  /** Answers Range requests; default true. */
  ranges?: boolean;
  /** Names its length; without it the body is chunked. Default true. */
  length?: boolean;
  bytesPerSecond?: number;
  /** A query without which, or with another method than GET, it answers 403. */
  signed?: string;
  contentType?: string;
  /** Always answers with this status and no file. */
  status?: number;
  /** Ends the first body after so many bytes. */
  breaksAfter?: number;
}

/** Frames one after the other, each shown for as long. */
export interface Pace {
  frames: number;
  rate: string;
}

/** What comes out; whatever is not named is that of the cards. */
export interface Shown {
  /** Numbers from..to of the frames, both included; default all of the parts', in their order. */
  frames?: readonly (readonly [from: number, to: number])[];
  /** Default: that of the parts. */
  pace?: readonly Pace[];
  /** By how many milliseconds a frame may be off, default 2: a Matroska file counts whole ones. */
  tolerance?: number;
  size?: readonly [width: number, height: number];
  /** Where the card lies in the picture, default all of it. */
  content?: readonly [x: number, y: number, width: number, height: number];
  /** How the card is turned. */
  matrix?: Matrix;
  /** Default 4:2:0 of 8 bits. */
  pixelFormat?: string;
  /** Default square. */
  pixelAspect?: string;
  /** Whether patches show the right colours, or only the corners, or nothing does. Default patches. */
  colours?: 'patches' | 'corners' | 'none';
  /** Frames whose number can't be read are counted alone: how many. */
  unnumbered?: number;
  /** Code of the error that is reported behind the last frame. */
  error?: string;
  /** Counts of corrected timestamps. */
  discontinuities?: { forward?: number; backward?: number; outlier?: number };
}

export interface Refused {
  refused: string;
  /** Words of the sentence that says why. */
  says: string;
}

export interface Recipe {
  /** Unique; in words with hyphens. */
  name: string;
  /** Completes "a push of ...". */
  what: string;
  ending: string;
  parts: readonly Part[];
  surgery?: readonly Surgery[];
  /** The name of the file, for those that are pushed by the command from its folder. */
  file?: string;
  /** The word for it on the command line, default the name itself. */
  word?: string;
  http?: Service;
  /** Also pushed by RTSP to a media server. */
  rtsp?: true;
  source?: Omit<SourceOptions, 'uri'>;
  decode?: Partial<Omit<DecodeSessionOptions, 'source' | 'ring'>>;
  /** Options of `ffmpeg -re` that ask for the same, where the product is asked for something. */
  ffmpeg?: readonly string[];
  expected: Shown | Refused;
}

export const isRefused = (expected: Recipe['expected']): expected is Refused => 'refused' in expected;
