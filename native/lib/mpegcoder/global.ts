import { invalidArgument } from '../errors.ts';
import { buildInfo, type LogLine, setLogLevel } from '../log.ts';

/**
 * `dumpLevel`: 0 errors (what holds until the first call), 1 also warnings and information, 2 also debugging.
 * For the whole process.
 */
export function setGlobal(options: { dumpLevel?: number; onLine?: (line: LogLine) => void }): void {
  const { dumpLevel, onLine } = options ?? {};
  if (dumpLevel !== 0 && dumpLevel !== 1 && dumpLevel !== 2)
    throw invalidArgument('dumpLevel: expected 0, 1 or 2');
  setLogLevel(dumpLevel, onLine);
}

/** Prints what this is and what it runs on. */
export function readme(): void {
  const { ffmpeg, avcodec, avformat, license } = buildInfo();
  process.stdout.write(
    [
      'VideoPush, frame API in the shape of mpegCoder 3.2: MpegDecoder, MpegServer, setGlobal.',
      'What differs: docs/mpegcoder.md (简体中文: docs/zh-CN/mpegcoder.md).',
      `FFmpeg ${ffmpeg} (libavcodec ${avcodec}, libavformat ${avformat}), libraries under ${license}.`,
      '',
    ].join('\n'),
  );
}
