/** Keeps secrets out of everything that people read: logs, /status, metrics, error messages. */

const HIDDEN = '***';

/** A URL inside running text ends at white space, quotes and brackets. */
const URL_IN_TEXT = /([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>`|]+)/gi;

/** Hiding a harmless parameter costs nothing, showing a secret does: hence parts of names. */
const SECRET_NAME = /user|pass|pwd|token|key|secret|sig|auth|credential|session/i;

/**
 * The text with the user-info and the secret-looking query parameters of every URL in it hidden.
 * `rtsp://ann:secret@cam/1?token=x` becomes `rtsp://cam/1?token=***`.
 */
export function redact(text: string): string {
  return text.replace(URL_IN_TEXT, (_, scheme: string, rest: string) => scheme + redactRest(rest));
}

function redactRest(rest: string): string {
  const start = rest.search(/[/?#]/);
  const authorityEnd = start < 0 ? rest.length : start;
  const authority = rest.slice(0, authorityEnd);
  // A password with an unescaped '/' ends the authority early; a "port" that is no number gives it away.
  const oddPort = !authority.includes('[') && /:(?!\d*$)/.test(authority) && !authority.includes('@');
  const at = oddPort ? rest.lastIndexOf('@') : authority.lastIndexOf('@');
  const [place = '', query] = splitOnce(rest.slice(at + 1), '?');
  return query === undefined ? place : `${place}?${query.split('&').map(redactParameter).join('&')}`;
}

function redactParameter(parameter: string): string {
  const [name = '', value] = splitOnce(parameter, '=');
  if (value === undefined) return name;
  if (name.toLowerCase() === 'streamid') return `${name}=${redactStreamId(value)}`;
  return SECRET_NAME.test(name) ? `${name}=${HIDDEN}` : parameter;
}

/** MediaMTX's `publish:path:user:password` and the fields `u=`, `s=` of SRT's access control syntax (`#!::`). */
function redactStreamId(value: string): string {
  if (/^(#|%23)(!|%21)/i.test(value)) return value.replace(/\b([us])=[^,]*/gi, `$1=${HIDDEN}`);
  const parts = value.split(':');
  return parts.length > 2 ? `${parts.slice(0, 2).join(':')}:${HIDDEN}` : value;
}

function splitOnce(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * What may be shown of a URL that came from a file, because its path is the secret (an RTMP stream key):
 * scheme and host, nothing else.
 */
export function hideUrl(url: string): string {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)/i.exec(url);
  if (!match) return HIDDEN;
  const [, scheme = '', authority = ''] = match;
  return `${scheme}${authority.slice(authority.lastIndexOf('@') + 1)}/${HIDDEN}`;
}

/**
 * A function that redacts text and also replaces the given secret URLs wherever they stand.
 */
export function redactor(secretUrls: readonly string[]): (text: string) => string {
  const secrets = secretUrls.filter((url) => url !== '').sort((a, b) => b.length - a.length);
  return (text) => {
    let out = text;
    for (const url of secrets) {
      out = out.replaceAll(url, hideUrl(url)).replaceAll(redact(url), hideUrl(url));
    }
    return redact(out);
  };
}

/** A deep copy of plain JSON data with every string passed through `hide`. */
export function redactJson<T>(value: T, hide: (text: string) => string): T {
  if (typeof value === 'string') return hide(value) as T;
  if (Array.isArray(value)) return value.map((item) => redactJson(item, hide)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactJson(item, hide)])) as T;
}
