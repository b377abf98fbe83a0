import { abortable, addon } from './addon.ts';
import { invalidArgument, NativeError } from './errors.ts';
import type { SourceDescriptor, SourceOptions } from './types.ts';

/** A URL's address and the user-info that stood in it. Text that is no URL comes back as it is. */
export interface SplitUrl {
  url: string;
  user?: string;
  password?: string;
}

/**
 * Characters that end host and port, so that they can't stand as they are in the user
 * name and password before these.
 */
const ENDING: Readonly<Record<string, string>> = { '#': '%23', '?': '%3F', '/': '%2F' };

/**
 * Takes the credentials out of `scheme://user:password@host/…`, so that they travel apart from the address.
 * @throws NativeError UrlInvalid where a raw `#`, `?` or `/` in the password ends the address before its `@`
 */
export function splitUserInfo(url: string): SplitUrl {
  const [, port = '', character = ''] =
    /^[a-z][a-z0-9+.-]*:\/\/[^@/?#[]*:([^@/?#]*)([/?#])[^@]*@/i.exec(url) ?? [];
  if (character === '#' || (character !== '' && !/^\d*$/.test(port))) {
    throw new NativeError(`the URL has a '${character}' before its '@', which ends the address there`, {
      code: 'UrlInvalid',
      action: `write a '${character}' in a user name or password as ${ENDING[character]}`,
      permanent: true,
    });
  }
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@([^@/?#]*)(.*)$/is.exec(url);
  if (match === null) return { url };
  const [, scheme = '', info = '', host = '', rest = ''] = match;
  const colon = info.indexOf(':');
  const user = decode(colon < 0 ? info : info.slice(0, colon));
  const password = colon < 0 ? undefined : decode(info.slice(colon + 1));
  return { url: `${scheme}${host}${rest}`, user, ...(password === undefined ? {} : { password }) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign: meant literally
  }
}

/** A path or URL as source options; credentials in the URL are moved to their own fields. */
export function toSource(source: string | SourceOptions): SourceOptions {
  const options: SourceOptions = typeof source === 'string' ? { uri: source } : { ...source };
  if (typeof source !== 'string' && (typeof source !== 'object' || source === null)) {
    throw invalidArgument('source: expected a path, a URL or an options object');
  }
  if (typeof options.uri !== 'string') return options;
  const { url, user, password } = splitUserInfo(options.uri);
  options.uri = url;
  if (user !== undefined) options.user ??= user;
  if (password !== undefined) options.password ??= password;
  return options;
}

/**
 * Opens a source, measures it (GOP length, B-frame delay, rate) and closes it. Bounded by the source's
 * openTimeoutMilliseconds; `signal` ends it within 100 ms (code `Aborted`).
 */
export async function probe(
  source: string | SourceOptions,
  options: { signal?: AbortSignal } = {},
): Promise<SourceDescriptor> {
  const prepared = toSource(source);
  return abortable(options.signal, (abort) => addon.probe(prepared, abort));
}
