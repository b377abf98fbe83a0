/**
 * Keeps secrets out of everything that people read: logs, /status, metrics, errors, summaries. The rules and
 * their cases are those of the native copy: test/vectors/redaction.json.
 */

const HIDDEN = '***';
const MARK = '://';
const SCHEME_CHARACTER = /[A-Za-z0-9+.-]/;
const PUNCTUATION = /[.,:;!?)\]}']/;
const PLAIN = /^[A-Za-z0-9._-]{1,40}$/;
/** A path inside of a stream id. */
const PLAIN_PATH = /^[A-Za-z0-9._/-]{1,200}$/;
/** Maximum distance from a malformed password to the '@' behind it, in characters. */
const FARTHEST_AT = 256;

/** Showing a secret costs more than hiding a harmless value: only what is known is shown. */
const HARMLESS = new Set(
  [
    ['channel', 'subtype', 'transport', 'transportmode', 'rtsp_transport', 'mode', 'codec', 'profile'],
    ['format', 'rate', 'fps', 'width', 'height', 'size', 'bitrate', 'quality', 'timeout', 'listen'],
    ['latency', 'rcvlatency', 'peerlatency', 'connect_timeout', 'pkt_size', 'tlpktdrop'],
    ['x-amz-algorithm', 'x-amz-date', 'x-amz-expires'],
  ].flat(),
);

/**
 * The text with the secret parts of every URL in it hidden: user-info vanishes; query values become `***`
 * unless their names are known to be harmless, and so do fragments, the stream key of an RTMP path, and
 * users, passwords and unknown fields of an SRT stream id. `rtsp://ann:secret@cam/1?token=x` becomes
 * `rtsp://cam/1?token=***`. Redacting twice changes nothing more.
 */
export function redact(text: string): string {
  let out = '';
  let done = 0;
  for (let mark = text.indexOf(MARK); mark >= 0; mark = text.indexOf(MARK, done)) {
    const begin = mark + MARK.length;
    const scheme = text.slice(startOfRun(text, mark, SCHEME_CHARACTER, done), mark);
    out += text.slice(done, begin);
    done = begin;
    if (scheme === '') continue;
    done = endOfUrl(text, begin, text[mark - scheme.length - 1] === "'");
    out += redactRest(scheme.toLowerCase(), text.slice(begin, done)).text;
  }
  return out + text.slice(done);
}

/** The same for a text that is one URL to its end, whatever characters stand in it. */
export function redactUrl(url: string): string {
  const parts = split(url);
  return parts ? parts.prefix + redactRest(parts.scheme, parts.rest).text : redact(url);
}

/**
 * What may be shown of a URL that is a secret as a whole: `scheme://host:port/***`; `***` for what is no URL.
 */
export function hideUrl(url: string): string {
  const parts = split(url);
  if (!parts) return HIDDEN;
  const place = parts.rest.slice(endOfUserInfo(parts.rest) + 1);
  return `${parts.scheme}${MARK}${authorityOf(place)}/${HIDDEN}`;
}

/**
 * The parts of `url` that `redact` hides. `whole`: its path and its query as well,
 * because the URL itself is a secret.
 */
export function secretsIn(url: string, whole = false): string[] {
  const parts = split(url);
  if (!parts) return [];
  const { hidden } = redactRest(parts.scheme, parts.rest);
  if (!whole) return hidden;
  const [place = '', query] = splitOnce(parts.rest, '?');
  const [, path] = splitOnce(place, '/');
  const pathSecrets = path === undefined ? [] : [path, path.slice(path.lastIndexOf('/') + 1)];
  return [...hidden, ...(query === undefined ? [] : [query]), ...pathSecrets];
}

/** Fields whose values are words of our own that programs compare. */
const WORDS = new Set(['stream', 'role', 'phase', 'event', 'code', 'name', 'protocol', 'type', 'from']);

/** A deep copy of plain JSON data with every text passed through `hide`. */
export function redactJson<T>(value: T, hide: (text: string) => string): T {
  if (typeof value === 'string') return hide(value) as T;
  if (Array.isArray(value)) return value.map((item) => redactJson(item, hide)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      WORDS.has(key) && typeof item === 'string' ? item : redactJson(item, hide),
    ]),
  ) as T;
}

/** The same for one line of JSON; a line of anything else is a text. A newline at its end stays. */
export function redactJsonLine(line: string, hide: (text: string) => string): string {
  try {
    return JSON.stringify(redactJson(JSON.parse(line), hide)) + (line.endsWith('\n') ? '\n' : '');
  } catch {
    return hide(line);
  }
}

interface Redacted {
  text: string;
  hidden: string[];
}

/** `rest`: what follows `scheme://`. */
function redactRest(scheme: string, whole: string): Redacted {
  const hidden: string[] = [];
  const hide = (secret: string): string => {
    if (secret === '') return '';
    hidden.push(secret);
    return HIDDEN;
  };
  const at = endOfUserInfo(whole);
  if (at >= 0) hidden.push(...splitOnce(whole.slice(0, at), ':').filter((part) => part !== undefined));
  const rest = whole.slice(at + 1);
  if (scheme === 'file') return { text: rest, hidden };
  const end = rest.search(/[?#]/);
  const path = redactPath(scheme, end < 0 ? rest : rest.slice(0, end), hide);
  if (end < 0) return { text: path, hidden };
  const tail = rest.slice(end + 1);
  const shown = rest[end] === '?' ? redactQuery(tail, hide) : hide(tail);
  return { text: path + rest[end] + shown, hidden };
}

type Hide = (secret: string) => string;

/** The first element of an RTMP path is the application, what follows is the stream key. */
function redactPath(scheme: string, text: string, hide: Hide): string {
  const [, place = '', key = ''] = (scheme.startsWith('rtmp') && /^([^/]*\/[^/]*\/)(.*)$/s.exec(text)) || [];
  if (place === '') return text;
  const shown = place + hide(key);
  // libavformat counts what stands before the last element to the application.
  if (key.includes('/')) hide(key.slice(key.lastIndexOf('/') + 1));
  return shown;
}

function redactQuery(text: string, hide: Hide): string {
  return text
    .split('&')
    .map((item) => redactParameter(item, hide))
    .join('&');
}

/** Text in base 64 ends in '=': what has no value is no name. */
function redactParameter(text: string, hide: Hide): string {
  const [name, value] = splitOnce(text, '=');
  const harmless = HARMLESS.has(name.toLowerCase());
  if (!PLAIN.test(name) || value === undefined || value === '' || value.startsWith('=')) {
    return harmless && value === undefined ? text : hide(text);
  }
  if (name.toLowerCase() === 'streamid') return `${name}=${redactStreamId(value, hide)}`;
  return `${name}=${harmless && PLAIN.test(value) ? value : hide(value)}`;
}

/**
 * SRT stream ids have two public shapes: `publish:path:user:password` (of our servers) and
 * `#!::m=publish,r=path,u=user,s=session` (SRT Access Control guidelines). Either may be percent-encoded.
 * Any other is somebody's key.
 */
function redactStreamId(escaped: string, hide: Hide): string {
  const text = escaped.replace(/%(21|3a|2c|3d|2f)/gi, decodeURIComponent);
  const [prefix] = /^(#|%23)!::/.exec(text) ?? [];
  if (prefix !== undefined && prefix !== text) {
    const fields = text.slice(prefix.length).split(',');
    return prefix + fields.map((field) => redactField(field, hide)).join(',');
  }
  const [action = '', path = '', ...credentials] = text.split(':');
  if (!(action === 'publish' || action === 'read') || !PLAIN_PATH.test(path)) return hide(escaped);
  for (const each of credentials) hide(each);
  return [action, path, ...(credentials.length > 0 ? [HIDDEN] : [])].join(':');
}

function redactField(field: string, hide: Hide): string {
  const [name, value = ''] = splitOnce(field, '=');
  if (value === '') return hide(field);
  return `${name}=${/^[rhtm]$/.test(name) && PLAIN_PATH.test(value) ? value : hide(value)}`;
}

/** Where the URL ends whose part after `://` begins at `begin`. */
function endOfUrl(text: string, begin: number, inApostrophes: boolean): number {
  let end = endOfToken(text, begin, inApostrophes);
  if (endsInPassword(text.slice(begin, end))) {
    const [line = ''] = text.slice(end, end + FARTHEST_AT).split(/["\n]/, 1);
    const [before = ''] = line.split(MARK, 1);
    if (before.includes('@')) end = endOfToken(text, end + before.indexOf('@') + 1, inApostrophes);
  }
  const nested = text.startsWith(MARK, end);
  return startOfRun(text, end, nested ? SCHEME_CHARACTER : PUNCTUATION, begin);
}

/** True when `rest` ends in a password, because that has a character that may not stand in a URL. */
function endsInPassword(rest: string): boolean {
  const authority = authorityOf(rest);
  const bare = authority.slice(0, startOfRun(authority, authority.length, PUNCTUATION, 0));
  return hasOddPort(bare) && !rest.includes('@');
}

/** The first place, not before `least`, from which on all characters up to `end` are of `kind`. */
function startOfRun(text: string, end: number, kind: RegExp, least: number): number {
  let start = end;
  while (start > least && kind.test(text[start - 1] ?? '')) --start;
  return start;
}

/**
 * The first character from `begin` on that can't stand in a URL, or the `://` of another one
 * in its path or behind a comma.
 */
function endOfToken(text: string, begin: number, inApostrophes: boolean): number {
  const inPath = inApostrophes ? /[\t-\r "<>`'?#]|\\"|:\/\//g : /[\t-\r "<>`?#]|\\"|:\/\//g;
  const place = search(text, inPath, begin);
  if (text[place] !== '?' && text[place] !== '#') return place;
  return search(text, inApostrophes ? /[\t-\r "<>`']|\\"/g : /[\t-\r "<>`]|\\"/g, place);
}

function search(text: string, what: RegExp, from: number): number {
  what.lastIndex = from;
  return what.exec(text)?.index ?? text.length;
}

const authorityOf = (rest: string): string => /^[^/?#]*/.exec(rest)?.[0] ?? '';

/**
 * True for what follows a user when a '/', '?' or '#' in a password has ended the authority early:
 * a "port" that is no number.
 */
function hasOddPort(authority: string): boolean {
  return !/[[@]/.test(authority) && /^[^:]*:\d*[^\d]/.test(authority);
}

/** `rest`: what follows `scheme://`. The place of the '@'; -1 when there is none. */
function endOfUserInfo(rest: string): number {
  const authority = authorityOf(rest);
  return hasOddPort(authority) ? rest.lastIndexOf('@') : authority.lastIndexOf('@');
}

function split(url: string): { prefix: string; scheme: string; rest: string } | null {
  const [prefix, scheme = ''] = /^([a-z0-9+.-]{1,40}):\/\//i.exec(url) ?? [];
  return prefix === undefined
    ? null
    : { prefix, scheme: scheme.toLowerCase(), rest: url.slice(prefix.length) };
}

function splitOnce(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
