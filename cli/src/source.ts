/** SOURCE on the command line: a file, a URL or a test pattern. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type SourceOptions, splitUserInfo, type TestPattern } from '@videopush/native';
import { redactUrl, secretsIn } from '@videopush/resources/redact';
import { InvalidArgumentError } from 'commander';
import { CliError, describe, ExitCode, usageError } from './errors.ts';
import { hideSecrets } from './secrets.ts';
import { parseTestPattern } from './values.ts';

export interface Source {
  /** `uri` without user-info, or `testPattern`; `user` and `password` apart */
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

/** The path of a file: URL as the native core reads it: in bytes, since a name need not be UTF-8. */
function decodedPath(url: string): Buffer {
  const bytes = Buffer.from(url.replace(/^file:(\/\/(localhost)?(?=\/))?/i, '')).toString('latin1');
  const plain = bytes.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(plain, 'latin1');
}

function fileOf(text: string): Source {
  const isUrl = /^file:/i.test(text);
  const path = isUrl ? decodedPath(text) : resolve(text);
  const failure = (message: string, code: string, action: string): CliError =>
    new CliError(message, { action, exitCode: ExitCode.Source, code });
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) {
    const action =
      'check the spelling; a URL needs its scheme, such as rtsp://; the test pattern is called testpattern';
    throw failure(`${path}: no such file`, 'SourceNotFound', action);
  }
  if (stats.isDirectory()) throw failure(`${path} is a folder`, 'SourceUnsupported', 'name a file in it');
  return { options: { uri: isUrl ? text : resolve(text) }, label: text };
}

/** Address and credentials of a URL. @throws CliError with exit code 2 */
export function splitAddress(text: string): ReturnType<typeof splitUserInfo> {
  try {
    return splitUserInfo(text);
  } catch (error) {
    const { message, action } = describe(error);
    throw usageError(message, action);
  }
}

/** How a source is read, as the options of `push` and `probe` say. */
export interface SourceFlags {
  rtspTransport: 'tcp' | 'udp';
  program?: number;
  videoTrack?: string;
  caFile?: string;
  insecureSkipVerify?: boolean;
}

/** Whether an address is reached through TLS, so that it matters whom the connection trusts. */
export const usesTls = (url: string): boolean => /^(https|rtmps):/i.test(url);

/** Whom connections to `url` trust, as the options say; nothing where there is no TLS. */
export function trustFor(
  url: string,
  { caFile, insecureSkipVerify }: SourceFlags,
): { caFile?: string; insecureSkipVerify?: boolean } {
  if (!usesTls(url)) return {};
  return {
    ...(caFile !== undefined && { caFile: resolve(caFile) }),
    ...(insecureSkipVerify && { insecureSkipVerify }),
  };
}

/** Refuses options of trust that can't be kept. @throws CliError with exit code 2 */
export function checkTrust({ caFile, insecureSkipVerify }: SourceFlags, urls: readonly string[]): void {
  if (caFile === undefined && !insecureSkipVerify) return;
  const option = caFile === undefined ? '--insecure-skip-verify' : '--ca-file';
  if (caFile !== undefined && insecureSkipVerify) {
    throw usageError(
      '--ca-file says whom to trust, --insecure-skip-verify trusts everyone',
      'give one of them',
    );
  }
  if (!urls.some(usesTls)) throw usageError(`${option} is for https:// and rtmps://`, 'leave it out');
  if (caFile !== undefined && !statSync(caFile, { throwIfNoEntry: false })?.isFile()) {
    throw usageError(`--ca-file ${caFile}: no such file`, 'name a file of certificates in PEM format');
  }
}

export function sourceOf(text: string, flags: SourceFlags): Source {
  const { rtspTransport, program, videoTrack } = flags;
  const testPattern = patternOf(text);
  if (testPattern) {
    const option = program === undefined ? videoTrack && '--video-track' : '--program';
    if (option) throw usageError(`${option} is not for the test pattern`, 'it has one video track');
    return { options: { testPattern }, label: text };
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^file:/i.test(text)) {
    const { options, label } = fileOf(text);
    return { options: { ...options, program, videoTrack }, label };
  }
  const { url, user, password } = splitAddress(text);
  hideSecrets(password, ...secretsIn(url));
  return {
    options: { uri: url, user, password, rtspTransport, program, videoTrack, ...trustFor(url, flags) },
    label: redactUrl(url),
  };
}
