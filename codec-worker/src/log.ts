/** JSON lines on standard output, with every URL's credentials removed on the way out. */

import { redactor } from '@videopush/resources/redact';
import { type DestinationStream, destination, type Logger, pino } from 'pino';

export type { Logger };

export interface LogOptions {
  level: string;
  stream: string;
  role: string;
  /** URLs that are secrets as a whole. */
  secretUrls?: () => readonly string[];
  /** Default: standard output, written at once, so that the last line before an end is not lost. */
  to?: DestinationStream;
}

export function createLog({ level, stream, role, secretUrls = () => [], to }: LogOptions): Logger {
  return pino(
    {
      level,
      base: { stream, role, pid: process.pid },
      // On the finished line: whatever a message, an error or a field holds goes through it.
      hooks: { streamWrite: (line) => redactor(secretUrls())(line) },
    },
    to ?? destination({ fd: 1, sync: true }),
  );
}
