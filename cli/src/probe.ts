/** `videopush probe SOURCE`: the true descriptor, for people or as JSON. */
import { probe, type SourceDescriptor, type VideoTrackDescriptor } from '@videopush/native';
import { type AddressFlags, type AddressVariables, sourceOfWords } from './addresses.ts';
import { sourceFailure } from './errors.ts';
import { checkTrust, type SourceFlags, sourceOf } from './source.ts';

export interface ProbeFlags extends Pick<AddressFlags, 'sourceFile'>, SourceFlags {
  json?: boolean;
}

const known = (value: string | number | null | undefined, unit = ''): string =>
  value === null || value === undefined ? 'unknown' : `${value}${unit}`;

/** Rounds to milliseconds: further digits are only rounding errors of a sum. */
const seconds = (value: number | null): string =>
  value === null ? 'unknown' : `${Number(value.toFixed(3))} s`;

/** The shape of a pixel, where it is no square. */
const pixelShape = (aspect: string | null): string =>
  aspect === null || aspect === '1' || aspect === '1/1' ? '' : `, pixels ${aspect.replace('/', ':')} (SAR)`;

/** How a video track is named to `--video-track`, and what it is. */
function trackText(track: VideoTrackDescriptor, ordinal: number, read: number): string {
  const names = [
    track.id === null ? `${ordinal}` : `id:${track.id}`,
    ...(track.language === null ? [] : [`lang:${track.language}`]),
    ...track.programs.map((program) => `program ${program}`),
  ];
  const what = track.cover ? ', a cover' : track.streamIndex === read ? ', the one above' : '';
  return `${names.join(', ')}: ${track.codec} ${track.width}x${track.height}${what}`;
}

/** What a player has to do to show the picture upright. */
const uprightBy = ({ mirrored, rotation }: SourceDescriptor['video']): string => {
  const turned = rotation ? [`turned by ${rotation}°`] : [];
  const steps = [...(mirrored ? ['mirrored left to right'] : []), ...turned];
  return steps.length ? `, to be ${steps.join(' and ')}` : '';
};

/**
 * A few aligned lines. What was not counted over the whole source, but follows from its size
 * and length, is called estimated.
 */
export function formatDescriptor(source: string, d: SourceDescriptor): string {
  const { video } = d;
  const order = video.reorderFrames ? `${video.reorderFrames} frames (B-frames)` : 'none';
  const { color } = video;
  const estimated = video.frameCountExact ? '' : ' (estimated)';
  const rows: [string, string][] = [
    ['source', source],
    ['container', `${d.container}${d.live ? ', live' : ''}${d.seekable ? ', seekable' : ', not seekable'}`],
    ['duration', `${seconds(d.durationSeconds)}, starts at ${seconds(d.startSeconds)}`],
    [
      'video',
      `stream ${d.streamIndex} of ${d.streamCount}: ${video.codec}${video.profile ? ` ${video.profile}` : ''}`,
    ],
    [
      'picture',
      `${video.width}x${video.height} ${video.pixelFormat}${pixelShape(video.sampleAspectRatio)}${video.interlaced ? ', interlaced' : ''}${uprightBy(video)}`,
    ],
    [
      'frame rate',
      `${known(video.frameRate)}${video.variableFrameRate ? ' on average (variable)' : ''}, time base ${video.timeBase}`,
    ],
    ['frames', `${known(video.frameCount)}${video.frameCount === null ? '' : estimated}`],
    ['GOP', `${known(video.gopFrames, ' frames')}, reordering ${order}`],
    ['bit rate', video.bitRate === null ? 'unknown' : `${Math.round(video.bitRate / 1000)} kb/s${estimated}`],
    [
      'colour',
      [color.range, color.primaries, color.transfer, color.matrix]
        .map((tag) => tag ?? 'untagged')
        .join(' / '),
    ],
    ['a push', d.changes.join('; ') || 'leaves pictures as they are'],
    ...(d.videos.length < 2 ? [] : d.videos).map((track, ordinal): [string, string] => [
      'video track',
      trackText(track, ordinal, d.streamIndex),
    ]),
    ...d.audio.map((a): [string, string] => [
      'audio',
      `${a.codec} ${a.sampleRate} Hz, ${a.channels} channels, ${known(a.bitRate, ' b/s')}`,
    ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

export async function probeCommand(
  word: string | undefined,
  flags: ProbeFlags,
  variables: AddressVariables,
): Promise<void> {
  const { options, label } = sourceOf(sourceOfWords([word], flags, variables), flags);
  checkTrust(flags, [options.uri ?? '']);
  if (flags.insecureSkipVerify)
    process.stderr.write(`videopush: the certificate of ${label} is not verified\n`);
  const descriptor = await probe(options).catch((error: unknown) => {
    throw sourceFailure(error);
  });
  process.stdout.write(`${flags.json ? JSON.stringify(descriptor) : formatDescriptor(label, descriptor)}\n`);
}
