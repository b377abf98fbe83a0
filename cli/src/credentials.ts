/** User name and password out of a URL and into files that only this user can read: workers take them from nowhere else. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CredentialFiles } from '@videopush/operator/builders/worker-config';
import { usageError } from './errors.ts';

interface Split {
  /** without user-info */
  url: string;
  user: string;
  password: string;
}

/** `scheme://user:password@host/…` in its parts (percent-decoded, RFC 3986 §3.2.1); paths come back as they are. */
export function splitCredentials(text: string): Split {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@(.*)$/is.exec(text);
  if (!match) return { url: text, user: '', password: '' };
  const [, scheme = '', info = '', rest = ''] = match;
  const colon = info.indexOf(':');
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw usageError(
        'the user name or password in the URL is not percent-encoded properly',
        'write % as %25, @ as %40, : as %3A, / as %2F',
      );
    }
  };
  return {
    url: `${scheme}${rest}`,
    user: decode(colon < 0 ? info : info.slice(0, colon)),
    password: colon < 0 ? '' : decode(info.slice(colon + 1)),
  };
}

/** Writes both files into `folder` (mode 0700, files 0600); nothing when there are no credentials. */
export function writeCredentials(folder: string, name: string, { user, password }: Split): CredentialFiles {
  if (!user && !password) return {};
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (suffix: string, text: string): string => {
    const path = join(folder, `${name}.${suffix}`);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return { userFile: write('user', user), passwordFile: write('password', password) };
}
