import { addon } from './addon.ts';
import { invalidArgument } from './errors.ts';
import type { BuildInfo } from './types.ts';

/** One line of FFmpeg's libraries, or a warning of VideoPush's own. Credentials in URLs are gone already. */
export interface LogLine {
  /** `warning`: of VideoPush itself, at every log level */
  level: 'error' | 'warning' | 'info' | 'debug';
  message: string;
}

/** As the core counts them. */
const LEVELS = ['error', 'info', 'debug', 'warning'] as const;

/**
 * What FFmpeg's libraries say, for the whole process: 0 errors, 1 also warnings and
 * information, 2 also debugging. `onLine` receives structured lines; without it they go to
 * standard error as JSON, one object a line.
 */
export function setLogLevel(level: 0 | 1 | 2, onLine: (line: LogLine) => void = writeLine): void {
  if (typeof onLine !== 'function') throw invalidArgument('onLine: expected a function');
  addon.setLogLevel(level, (lineLevel, message) => onLine({ level: LEVELS[lineLevel] ?? 'debug', message }));
}

function writeLine(line: LogLine): void {
  process.stderr.write(
    `${JSON.stringify({ ...line, source: line.level === 'warning' ? 'videopush' : 'ffmpeg' })}\n`,
  );
}

/** Versions and licence of the libraries that the addon runs on. */
export function buildInfo(): BuildInfo {
  return addon.buildInfo();
}

/**
 * The exact encoder name for a codec ("H264", case does not matter) or encoder name ("libx264"; wins over
 * `codec`). Throws EncoderUnknown, which names what is near, and EncoderRejected for a hardware encoder.
 */
export function resolveEncoder(codec: string, encoder = ''): string {
  return addon.resolveEncoder(codec, encoder);
}

/** Text without the user-info and the secret-looking query values of the URLs in it. */
export function redact(text: string): string {
  return addon.redact(text);
}
