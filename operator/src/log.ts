/** The operator's log: JSON lines on standard output, with every secret in a URL hidden on the way out. */
import { redact, redactJsonLine } from '@videopush/resources/redact';
import { pino } from 'pino';

export type Logger = pino.Logger;

export interface LogOptions {
  level: 'error' | 'warn' | 'info' | 'debug';
  /** default: standard output, written at once, so that the last line before an end is not lost */
  to?: pino.DestinationStream;
}

export function createLog({ level, to }: LogOptions): Logger {
  return pino(
    {
      level,
      base: { program: 'videopush-operator' },
      serializers: { err: describeError },
      hooks: { streamWrite: (line) => redactJsonLine(line, redact) },
    },
    to ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** A refusal of the API server says everything in its message; a stack is for defects of this program. */
function describeError(error: Error): object {
  const { type, message, stack } = pino.stdSerializers.err(error);
  const { code } = error as { code?: unknown };
  const facts = { type, message, ...(code !== undefined && { code }) };
  return DEFECTS.has(type) ? { ...facts, stack } : facts;
}

const DEFECTS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'AssertionError']);
