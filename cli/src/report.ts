/** The last words of the command: a summary per stream, an error for each that failed, one exit code. */
import { ExitCode, formatError } from './errors.ts';
import type { StreamResult } from './stream-monitor.ts';
import { formatSummary } from './summary.ts';
import type { View } from './view/view.ts';

/** Worst first: what the exit code of several streams is. */
const WORST = [ExitCode.Usage, ExitCode.Source, ExitCode.Output, ExitCode.Failed, ExitCode.Ok] as const;

export function report(results: StreamResult[], view: View): ExitCode {
  view.done();
  for (const { name, outputs, seconds, failure, exitCode } of results) {
    const error = failure && { code: failure.code, message: failure.message, action: failure.action };
    const text = outputs.length > 0 ? formatSummary(outputs, seconds) : `${name}: nothing was sent`;
    view.say(text, {
      type: 'summary',
      stream: name,
      seconds: Number(seconds.toFixed(3)),
      outputs,
      error: error ?? null,
      exitCode,
    });
    if (failure) process.stderr.write(`${formatError(failure)}\n`);
  }
  return WORST.find((code) => results.some(({ exitCode }) => exitCode === code)) ?? ExitCode.Ok;
}
