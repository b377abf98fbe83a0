/** JSON lines on standard output, with every secret hidden on the way out. */
import { redactJsonLine } from '@videopush/resources/redact';
import { redactor } from '@videopush/resources/secrets';
import { pino } from 'pino';

export type Logger = pino.Logger;

export interface LogOptions {
  level: string;
  stream: string;
  role: string;
  /** What may stand in no line, also outside of URLs. */
  secrets?: () => readonly string[];
  /** Default: standard output, written at once, so that the last line before an end is not lost. */
  to?: pino.DestinationStream;
}

export function createLog({ level, stream, role, secrets = () => [], to }: LogOptions): Logger {
  return pino(
    {
      level,
      base: { stream, role, pid: process.pid },
      // On the finished line: whatever a message, an error or a field holds goes through it.
      hooks: { streamWrite: (line) => redactJsonLine(line, redactor(secrets())) },
    },
    to ?? pino.destination({ fd: 1, sync: true }),
  );
}
