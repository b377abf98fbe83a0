/**
 * The users of a MediaServer: the same every time from the operator's key and the server's
 * uid, so nothing is stored. Pure.
 */
import { createHmac } from 'node:crypto';
import type { MediaServer } from '../schema/media-server.generated.ts';
import { childName, shortHash } from './names.ts';

export interface User {
  name: string;
  password: string;
}

export interface Account extends User {
  /** Name of the Secret that holds the password; another password means another name. */
  secretName: string;
}

export interface ServerCredentials {
  publisher: Account;
  viewer: Account;
  operator: Account;
  metrics: Account;
}

/** What the names of the Secrets call each user. */
const SECRETS = { publisher: 'publish', viewer: 'read', operator: 'operator', metrics: 'metrics' } as const;

/**
 * `key`: the operator's 32 random bytes. Passwords have 32 letters, digits, "-" and "_" (192 bits):
 * they fit into every URL.
 * @throws Error when the server was never stored: a mistake of the caller
 */
export function serverCredentials(key: Buffer, { metadata: { name, uid } }: MediaServer): ServerCredentials {
  if (!uid) throw new Error(`MediaServer "${name}" has no uid`);
  const account = (user: keyof typeof SECRETS): Account => {
    const password = createHmac('sha256', key).update(`${uid}/${user}`).digest('base64url').slice(0, 32);
    return {
      name: user,
      password,
      secretName: childName(name, `${SECRETS[user]}-${shortHash(`${uid}/${password}`)}`),
    };
  };
  return {
    publisher: account('publisher'),
    viewer: account('viewer'),
    operator: account('operator'),
    metrics: account('metrics'),
  };
}
