/** `videopush push SOURCE URL`: one stream, described like any other and run on this machine. */
import { availableParallelism } from 'node:os';
import type { CatchUp, RateControl, SourceOptions, WhenFull } from '@videopush/native';
import { resolveEncoder } from '@videopush/native';
import type { VideoPush } from '@videopush/resources';
import {
  buildWorkerConfigs,
  effectiveCatchUp,
  isStreamUrl,
} from '@videopush/resources/builders/worker-config';
import type { PIXEL_FORMATS } from '@videopush/resources/limits';
import { secretsIn } from '@videopush/resources/redact';
import { type AddressFlags, type AddressVariables, addressesOf } from './addresses.ts';
import { describe, usageError } from './errors.ts';
import { follow } from './live.ts';
import { startLocalStream } from './local/stream.ts';
import { logTo } from './log.ts';
import { report } from './report.ts';
import { hideSecrets } from './secrets.ts';
import { listenForStopIn } from './signals.ts';
import { checkTrust, type SourceFlags, sourceOf, splitAddress, trustFor } from './source.ts';
import type { Crop, Gop } from './values.ts';
import { makeView, type View } from './view/view.ts';

export interface PushFlags extends AddressFlags, SourceFlags {
  codec: string;
  preset?: string;
  tune?: string;
  bitrate?: number;
  rateControl?: RateControl;
  maxBitrate?: number;
  quality?: number;
  profile?: string;
  level?: string;
  size?: { width: number; height: number };
  rate?: string;
  pixelFormat?: (typeof PIXEL_FORMATS)[number];
  deinterlace?: 'Auto' | 'Off' | 'Always';
  hdr?: 'ToneMap' | 'Keep';
  squarePixels?: boolean;
  background?: string;
  crop?: Crop;
  gop?: Gop;
  bframes: number;
  threads: number;
  queue: number;
  queueMemory?: number;
  whenFull: WhenFull;
  catchUp?: CatchUp;
  latency: number;
  repeat?: boolean;
  for?: number;
  json?: boolean;
}

type Spec = VideoPush['spec'];

const CODECS = ['H264', 'H265', 'VP8', 'VP9', 'AV1', 'MPEG4'] as const;
const PATTERNS = ['TestSrc2', 'TestSrc', 'SMPTEHDBars'] as const;

/** The codec's or encoder's name as a resource has it; refuses what this FFmpeg can't encode. */
function codecOf(name: string): Pick<NonNullable<Spec['video']>, 'codec' | 'encoder'> {
  const plain = name
    .toUpperCase()
    .replace(/^HEVC$/, 'H265')
    .replace(/^(H)\.?(26[45])$/, '$1$2');
  const codec = CODECS.find((known) => known === plain);
  try {
    resolveEncoder(codec ?? '', codec ? '' : name);
  } catch (error) {
    const { message, action } = describe(error);
    throw usageError(message, action);
  }
  return codec ? { codec } : { encoder: name };
}

function sourceSpec(
  { uri, testPattern, rtspTransport, program, videoTrack, insecureSkipVerify }: SourceOptions,
  flags: PushFlags,
): Spec['source'] {
  const onEnd = flags.repeat ? { onEnd: 'Repeat' as const } : {};
  if (!testPattern) {
    if (flags.repeat && isStreamUrl(uri ?? '')) {
      throw usageError('--repeat is for sources that end', 'a live source reconnects by itself');
    }
    const transport = rtspTransport === 'udp' ? ('UDP' as const) : ('TCP' as const);
    return { uri, program, videoTrack, rtspTransport: transport, insecureSkipVerify, ...onEnd };
  }
  const { pattern = 'testsrc2', ...rest } = testPattern;
  const known = PATTERNS.find((name) => name.toLowerCase() === pattern.toLowerCase());
  if (!known)
    throw usageError(
      `testpattern has no pattern '${pattern}'`,
      `choose one of: ${PATTERNS.join(', ').toLowerCase()}`,
    );
  const finite = rest.durationSeconds !== undefined && !flags.repeat ? { onEnd: 'Complete' as const } : onEnd;
  return { testPattern: { ...rest, pattern: known }, ...finite };
}

const kilobits = (bits?: number): number | undefined =>
  bits === undefined ? undefined : Math.round(bits / 1000);

/** The options as a VideoPush, so that everything behind it is the same as for a manifest. Pure. */
export function videoPushOf(source: SourceOptions, url: string, flags: PushFlags): VideoPush {
  return {
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'VideoPush',
    metadata: { name: 'push', namespace: 'local' },
    spec: {
      source: sourceSpec(source, flags),
      video: {
        ...codecOf(flags.codec),
        ...flags.size,
        frameRate: flags.rate,
        pixelFormat: flags.pixelFormat,
        deinterlace: flags.deinterlace,
        hdr: flags.hdr,
        squarePixels: flags.squarePixels,
        background: flags.background,
        crop: flags.crop,
        bitrateKbps: kilobits(flags.bitrate),
        rateControl: flags.rateControl,
        maxBitrateKbps: kilobits(flags.maxBitrate),
        quality: flags.quality,
        profile: flags.profile,
        level: flags.level,
        ...flags.gop,
        maxBFrames: flags.bframes,
        preset: flags.preset,
        tune: flags.tune,
        threads: flags.threads,
      },
      queue: { capacityFrames: flags.queue, maxBytes: flags.queueMemory, whenFull: flags.whenFull },
      pacing: { latencyBudgetMilliseconds: flags.latency, catchUp: flags.catchUp },
      outputs: [{ name: 'main', url, insecureSkipVerify: trustFor(url, flags).insecureSkipVerify }],
    },
  };
}

/** Runs the push to its end and returns the exit code; `view` shows it. */
async function push(
  addresses: ReturnType<typeof addressesOf>,
  flags: PushFlags,
  view: View,
): Promise<number> {
  const source = sourceOf(addresses.source, flags);
  const { url, user, password } = splitAddress(addresses.url);
  checkTrust(flags, [source.options.uri ?? '', url]);
  const { caFile } = trustFor(url, flags);
  const secret = addresses.urlSecret;
  hideSecrets(password, ...secretsIn(url, secret));
  const resource = videoPushOf(source.options, url, flags);
  const configs = buildWorkerConfigs(resource, {
    outputs: {
      main: { ...(secret ? { urlFile: 'given' } : { url }), ...(caFile !== undefined && { caFile }) },
    },
    sourceCaFile: source.options.caFile,
    processors: availableParallelism(),
  });
  const stop = listenForStopIn(view);
  const stream = await startLocalStream(configs, {
    credentials: {
      source: { username: source.options.user, password: source.options.password },
      outputs: { main: { username: user, password, ...(secret && { url }) } },
    },
    onLog: logTo(view),
  });
  const policy = { whenFull: flags.whenFull, catchUp: effectiveCatchUp(resource.spec) };
  const live = { name: 'push', source: source.label, policy, stream, repeats: flags.repeat ?? false };
  const results = await follow([live], view, { seconds: flags.for, stop: stop.signal });
  stop.release();
  return report(results, view);
}

export async function pushCommand(
  words: (string | undefined)[],
  flags: PushFlags,
  variables: AddressVariables,
): Promise<void> {
  process.exitCode = await push(addressesOf(words, flags, variables), flags, makeView(flags.json));
}
