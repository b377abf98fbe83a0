/**
 * The rival: one `ffmpeg -re` process that decodes, encodes with the same
 * options and publishes over RTSP/TCP.
 */
import { Program } from '../program.ts';

export interface EncodeSettings {
  preset: string;
  tune: string;
  bitRate: number;
  gopFrames: number;
  threads: number;
}

export function startFfmpeg(clip: string, url: string, encode: EncodeSettings): Program {
  const codec = [
    '-c:v',
    'libx264',
    '-preset',
    encode.preset,
    '-tune',
    encode.tune,
    '-b:v',
    `${encode.bitRate}`,
  ];
  // What our encoder sets besides: fixed closed GOPs without scene cuts, no B-frames.
  const structure = ['-g', `${encode.gopFrames}`, '-bf', '0', '-sc_threshold', '0', '-forced-idr', '1'];
  return new Program(
    'ffmpeg',
    [
      ...['-v', 'error', '-nostdin', '-re', '-threads', `${encode.threads}`, '-i', clip, '-map', '0:v:0'],
      ...[
        ...codec,
        ...structure,
        '-threads',
        `${encode.threads}`,
        '-rtsp_transport',
        'tcp',
        '-f',
        'rtsp',
        url,
      ],
    ],
    { limitMilliseconds: 0 },
  );
}
