/** What can be known of a stream's picture before its source is opened: sizes, rates, codec. Pure. */
import { ENCODER_OF_DEVICE, type PixelFormat } from '../limits.ts';
import type { VideoPush } from '../schema/video-push.generated.ts';

type Spec = VideoPush['spec'];

export interface Picture {
  /** pixels */
  width: number;
  height: number;
  /** frames per second */
  rate: number;
  pixelFormat: PixelFormat;
  /** the size is given by the resource and not assumed */
  sizeKnown: boolean;
  rateKnown: boolean;
}

/** What a source is taken for while nobody has seen it: the most common broadcast. */
const ASSUMED = { width: 1920, height: 1080, rate: 30, pixelFormat: 'yuv420p' } as const;

/** Size and rate of a test pattern, where the resource does not set them. */
const PATTERN = { width: 1280, height: 720, rate: 30 } as const;

/** "30000/1001" as a number. */
export function rateOf(text: string): number {
  const [numerator = '0', denominator = '1'] = text.split('/');
  return Number(numerator) / Number(denominator);
}

/** The picture of the source, which the decoder decodes. */
export function sourcePicture({ source }: Spec): Picture {
  const { testPattern } = source;
  if (!testPattern) return { ...ASSUMED, sizeKnown: false, rateKnown: false };
  return {
    width: testPattern.width ?? PATTERN.width,
    height: testPattern.height ?? PATTERN.height,
    rate: testPattern.frameRate === undefined ? PATTERN.rate : rateOf(testPattern.frameRate),
    pixelFormat: ASSUMED.pixelFormat,
    sizeKnown: true,
    rateKnown: true,
  };
}

/** The picture in the queue and in the encoder, after scaling and rate conversion. */
export function pushedPicture(spec: Spec): Picture {
  const source = sourcePicture(spec);
  const { width, height, frameRate, pixelFormat } = spec.video ?? {};
  const aspect = source.width / source.height;
  return {
    width: width ?? (height === undefined ? source.width : even(height * aspect)),
    height: height ?? (width === undefined ? source.height : even(width / aspect)),
    rate: frameRate === undefined ? source.rate : rateOf(frameRate),
    pixelFormat: asPixelFormat(pixelFormat) ?? VIEWABLE,
    sizeKnown: source.sizeKnown || (width !== undefined && height !== undefined),
    rateKnown: source.rateKnown || frameRate !== undefined,
  };
}

/** What pictures are converted to, unless a stream asks for another format. */
const VIEWABLE = 'yuv420p';

/** The CRD has a rule instead of an enum, which its generated type does not know. */
export const asPixelFormat = (name: string | undefined): PixelFormat | undefined =>
  name as PixelFormat | undefined;

export const megapixels = ({ width, height }: Picture): number => (width * height) / 1e6;

const even = (pixels: number): number => Math.max(2, Math.round(pixels / 2) * 2);

/** The codec that an encoder makes, by a part of its name, and libavcodec's software encoder for it. */
const CODECS: readonly (readonly [name: RegExp, codec: string, software: string])[] = [
  [/264/, 'H264', 'libx264'],
  [/265|hevc/, 'H265', 'libx265'],
  [/vp8|^libvpx$/, 'VP8', 'libvpx'],
  [/vp9/, 'VP9', 'libvpx-vp9'],
  [/av1/, 'AV1', 'libsvtav1'],
  [/mpeg4|xvid/, 'MPEG4', 'mpeg4'],
];

/** The codec that a stream is encoded with; undefined for an encoder whose name says nothing. */
export function codecOf({ video }: Spec): string | undefined {
  if (video?.encoder === undefined) return video?.codec ?? 'H264';
  const name = video.encoder;
  return CODECS.find(([pattern]) => pattern.test(name))?.[1];
}

const DEVICE = new RegExp(ENCODER_OF_DEVICE, 'i');

/** Why an encoder cannot be used; undefined for one that can. */
export function encoderFault(name: string): string | undefined {
  if (!DEVICE.test(name)) return undefined;
  const instead = CODECS.find(([pattern]) => pattern.test(name))?.[2] ?? 'libx264';
  return `must be a software encoder, such as ${instead}; ${name} needs a device, which is not used`;
}
