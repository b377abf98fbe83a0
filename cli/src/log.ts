/**
 * Which lines of the worker processes a person should see while a stream runs:
 * warnings and errors, once each.
 */
import type { LogEntry } from './local/stream.ts';
import type { View } from './view/view.ts';

const WARNING = 40;

export function logTo(view: View, stream?: string): (entry: LogEntry) => void {
  let last = '';
  return ({ from, level, msg, event }) => {
    if (level < WARNING || msg === last) return;
    last = msg;
    const name = stream ? `${stream} ${from}` : from;
    view.say(`${name}: ${msg}`, {
      type: 'log',
      stream: stream ?? 'push',
      from,
      level,
      event: event ?? null,
      message: msg,
    });
  };
}
