/** SOURCE on the command line: a file, a URL or a generated picture. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SourceOptions, TestPattern } from '@videopush/native';
import { InvalidArgumentError } from 'commander';
import { splitCredentials, writeCredentials } from './credentials.ts';
import { CliError, ExitCode, usageError } from './errors.ts';
import { parseTestPattern } from './values.ts';

export interface Source {
  options: SourceOptions;
  /** what may be shown of it */
  label: string;
}

function patternOf(text: string): TestPattern | undefined {
  try {
    return parseTestPattern(text);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw usageError(error.message);
    throw error;
  }
}

function fileOf(text: string): Source {
  const path = resolve(text.replace(/^file:(\/\/)?/i, ''));
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) {
    const action = 'check the spelling; a URL needs its scheme, such as rtsp://, and a generated picture is called testpattern';
    throw new CliError(`${path}: no such file`, { action, exitCode: ExitCode.Source, code: 'SourceNotFound' });
  }
  if (stats.isDirectory()) {
    throw new CliError(`${path} is a folder`, { action: 'name a file in it', exitCode: ExitCode.Source, code: 'SourceUnsupported' });
  }
  return { options: { uri: path }, label: text };
}

/** `folder`: where credential files may be written. */
export function sourceOf(text: string, rtspTransport: 'tcp' | 'udp', folder: string): Source {
  const testPattern = patternOf(text);
  if (testPattern) return { options: { testPattern }, label: text };
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^file:/i.test(text)) return fileOf(text);
  const split = splitCredentials(text);
  const options = { uri: split.url, rtspTransport, ...writeCredentials(folder, 'source', split) };
  return { options, label: split.url };
}
