/**
 * A VideoPush into the configurations of its two processes: the same for a cluster and for one machine. Pure.
 */

import { objectKey, withoutUndefined } from '../objects.ts';
import { hideUrl } from '../redact.ts';
import { ManifestError } from '../schema/manifest.ts';
import type { VideoPush } from '../schema/video-push.generated.ts';
import {
  addressFault,
  type DecoderConfig,
  type EncoderConfig,
  type WorkerConfigs,
} from '../worker-config.ts';
import { type DelayInput, encoderDelayFrames } from './encoder-delay.ts';
import { contentHash } from './names.ts';
import { asPixelFormat, encoderFault } from './picture.ts';
import { queueBytes } from './ring-size.ts';

type Spec = VideoPush['spec'];
type Source = Spec['source'];
export type OnEnd = NonNullable<Source['onEnd']>;
export type CatchUp = NonNullable<NonNullable<Spec['pacing']>['catchUp']>;

/** Files whose content is the user name and the password. */
export interface CredentialFiles {
  userFile?: string;
  passwordFile?: string;
}

/**
 * Where an output goes, resolved from its reference: exactly one of `url`
 * (without credentials) and `urlFile`.
 */
export interface OutputTarget extends CredentialFiles {
  url?: string;
  urlFile?: string;
  /** The certificate authorities to trust in place of the system's, in PEM format. */
  caFile?: string;
}

/** Threads of the two processes; undefined: the core chooses. */
export interface RoleThreads {
  decoder?: number | undefined;
  encoder?: number | undefined;
}

/** What the place of running adds to a VideoPush. */
export interface WorkerContext {
  /** The targets by output name. It must contain every output of the VideoPush. */
  outputs: Readonly<Record<string, OutputTarget>>;
  /** Credentials of the source. */
  sourceCredentials?: CredentialFiles;
  /** The certificate authorities to trust for the source, in place of the system's. */
  sourceCaFile?: string | undefined;
  /** The folder under which each claim is mounted, by claim name. */
  claims?: Readonly<Record<string, string>>;
  /** File of the frame ring in a memory-backed folder. */
  ringPath?: string;
  decoderHttp?: { host: string; port: number };
  encoderHttp?: { host: string; port: number };
  logLevel?: 'error' | 'warn' | 'info' | 'debug';
  /** Processors of the machine that encodes, for the estimate of the encoder's delay. */
  processors?: number;
  /** Threads of the two processes where the resource leaves them open; unset: each process looks itself. */
  threads?: RoleThreads;
  /**
   * The JetStream stream that joins the two processes when they run in different pods; unset:
   * only the ring does.
   */
  jetStream?: { address: string; stream: string } | undefined;
}

/** Where both containers mount the ring, and the ports of the two processes of one pod. */
export const POD_DEFAULTS = {
  ringPath: '/ring/frames',
  decoderHttp: { host: '0.0.0.0', port: 9090 },
  encoderHttp: { host: '0.0.0.0', port: 9091 },
  processors: 4,
} as const;

/**
 * Configurations of decoder and encoder. Explicit settings are carried over; unset ones stay
 * unset wherever the source's descriptor is to decide (size, rate, bit rate), so that the order
 * explicit > descriptor > default holds.
 * @throws ManifestError naming the field
 */
export function buildWorkerConfigs(push: VideoPush, context: WorkerContext): WorkerConfigs {
  const { spec, metadata } = push;
  const names = spec.outputs.map(({ name }) => name);
  const source = sourceOptions(spec.source, context);
  const video = pictureOptions(spec);
  const { threads = {}, processors = POD_DEFAULTS.processors } = context;
  const common = {
    version: 1 as const,
    stream: objectKey(metadata.namespace ?? 'default', metadata.name),
    logLevel: context.logLevel ?? 'info',
    latencyBudgetMilliseconds: spec.pacing?.latencyBudgetMilliseconds ?? 100,
    queue: {
      type: 'ring' as const,
      path: context.ringPath ?? POD_DEFAULTS.ringPath,
      capacityFrames: spec.queue?.capacityFrames ?? 20,
      maxBytes: queueBytes(spec),
      whenFull: spec.queue?.whenFull ?? 'Block',
      encoderDelayFrames: encoderDelayFrames(delayInput(spec, threads), processors),
      outputs: names,
      // Frames that another source has left in the stream are sent; its position
      // and its end are not this one's.
      ...(context.jetStream && { jetStream: { ...context.jetStream, source: contentHash([source, video]) } }),
    },
  };
  return {
    decoder: {
      ...common,
      role: 'decoder',
      http: context.decoderHttp ?? POD_DEFAULTS.decoderHttp,
      source,
      video,
    },
    encoder: {
      ...common,
      role: 'encoder',
      http: context.encoderHttp ?? POD_DEFAULTS.encoderHttp,
      encoder: encoderOptions(spec, threads),
      outputs: spec.outputs.map((output, index) => outputOptions(output, index, context)),
    },
  };
}

/** Whether the address is that of a stream: it has no end of its own, and no file behind it. */
export const isStreamUrl = (url: string): boolean => /^(rtsps?|rtmps?|srt):/i.test(url);

/** The value of `onEnd` in effect: what a person expects of such a source. */
export function effectiveOnEnd(source: Source): OnEnd {
  if (source.onEnd) return source.onEnd;
  if (source.testPattern) return 'Repeat';
  return isStreamUrl(source.uri ?? '') ? 'Reconnect' : 'Complete';
}

/** The value of `catchUp` in effect: only a live source loses by being late for good. */
export function effectiveCatchUp(spec: Spec): CatchUp {
  return spec.pacing?.catchUp ?? (effectiveOnEnd(spec.source) === 'Reconnect' ? 'Burst' : 'Rebase');
}

/** What may be shown of a source: host, volume or pattern. */
export function sourceLabel({ uri, persistentVolumeClaim, testPattern }: Source): string {
  if (persistentVolumeClaim) return `${persistentVolumeClaim.claimName}/${persistentVolumeClaim.path}`;
  if (testPattern) return testPattern.pattern ?? 'TestSrc2';
  const [, , host = ''] = hideUrl(uri ?? '').split('/');
  return host || (uri ?? '').replace(/^file:\/\//i, '');
}

function sourceOptions(source: Source, context: WorkerContext): DecoderConfig['source'] {
  const transport = source.rtspTransport?.toLowerCase() as 'tcp' | 'udp' | undefined;
  return withoutUndefined({
    ...origin(source, context),
    ...context.sourceCredentials,
    caFile: context.sourceCaFile,
    insecureSkipVerify: source.insecureSkipVerify,
    program: source.program,
    videoTrack: source.videoTrack,
    rtspTransport: /^rtsps?:/i.test(source.uri ?? '') ? (transport ?? 'tcp') : undefined,
    onEnd: effectiveOnEnd(source),
    threads: context.threads?.decoder,
  });
}

function origin(
  source: Source,
  { claims = {} }: WorkerContext,
): Pick<DecoderConfig['source'], 'uri' | 'testPattern'> {
  const { uri, persistentVolumeClaim: claim, testPattern } = source;
  if (testPattern) {
    const { pattern, ...rest } = testPattern;
    return {
      testPattern: withoutUndefined({ ...rest, pattern: pattern?.toLowerCase() as 'testsrc2' | undefined }),
    };
  }
  if (claim) {
    const folder = claims[claim.claimName];
    if (folder === undefined) {
      throw new ManifestError(
        'spec.source.persistentVolumeClaim.claimName',
        `no folder is known for claim "${claim.claimName}"`,
      );
    }
    if (claim.path.split('/').includes('..')) {
      throw new ManifestError(
        'spec.source.persistentVolumeClaim.path',
        'must not leave the volume with ".."',
      );
    }
    return { uri: `${folder.replace(/\/$/, '')}/${claim.path}` };
  }
  const fault = addressFault(uri ?? '');
  if (fault) throw new ManifestError('spec.source.uri', fault);
  return { uri };
}

/** How the decoder converts pictures. */
function pictureOptions(spec: Spec): DecoderConfig['video'] {
  const { width, height, frameRate, pixelFormat, deinterlace, hdr, squarePixels, background, crop } =
    spec.video ?? {};
  return withoutUndefined({
    width,
    height,
    frameRate,
    pixelFormat: asPixelFormat(pixelFormat),
    deinterlace,
    hdr,
    squarePixels,
    background,
    crop,
  });
}

/** What the estimate of the encoder's delay depends on. */
export const delayInput = ({ video }: Spec, { encoder }: RoleThreads): DelayInput =>
  withoutUndefined({ ...video, threads: video?.threads ?? encoder });

function encoderOptions(spec: Spec, threads: RoleThreads): EncoderConfig['encoder'] {
  const { codec, encoder, pixelFormat, bitrateKbps, maxBitrateKbps, gopSeconds, gopFrames, tune, ...video } =
    spec.video ?? {};
  const fault = encoder === undefined ? undefined : encoderFault(encoder);
  if (fault) throw new ManifestError('spec.video.encoder', fault);
  const bits = (kilobits?: number) => (kilobits === undefined ? undefined : kilobits * 1000);
  return withoutUndefined({
    codec: encoder === undefined ? codec : undefined,
    encoder,
    pixelFormat: asPixelFormat(pixelFormat),
    rateControl: video.rateControl,
    bitRate: bits(bitrateKbps),
    maxBitRate: bits(maxBitrateKbps),
    quality: video.quality,
    profile: video.profile,
    level: video.level,
    gopFrames,
    gopSeconds: gopFrames === undefined ? gopSeconds : undefined,
    maxBFrames: video.maxBFrames,
    preset: video.preset,
    tune: tune === 'none' ? '' : tune,
    threads: video.threads ?? threads.encoder,
    catchUp: effectiveCatchUp(spec),
  });
}

function outputOptions(
  { name, insecureSkipVerify }: Spec['outputs'][number],
  index: number,
  context: WorkerContext,
): EncoderConfig['outputs'][number] {
  const target = context.outputs[name];
  if (!target) throw new ManifestError(`spec.outputs[${index}]`, `no address is known for output "${name}"`);
  const fault = target.url === undefined ? undefined : addressFault(target.url);
  if (fault) throw new ManifestError(`spec.outputs[${index}].url`, fault);
  return withoutUndefined({ name, ...target, insecureSkipVerify });
}
