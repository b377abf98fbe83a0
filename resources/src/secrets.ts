/** Secrets that are known, found outside of URLs too: as they are, percent-encoded and percent-decoded. */
import { redact } from './redact.ts';

const HIDDEN = '***';
/** What is shorter stands in any text by chance. */
const SHORTEST = 3;
/** Secrets of fewer characters than this are hidden only as whole words. */
const WORD_ONLY = 12;
/** Long texts are cut off in places: this much of a secret gives the rest of it away. */
const TELLING = 32;

/**
 * A function that hides `secrets`, and then what `redact` hides. Of less than 3 characters they are not
 * looked for, of less than 12 only as whole words.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const longestFirst = (a: string, b: string): number => b.length - a.length;
  const forms = [...new Set(secrets.flatMap(formsOf))]
    .filter((form) => form.length >= SHORTEST && /[^*]/.test(form))
    .sort(longestFirst);
  return (text) => redact(forms.reduce(hide, text));
}

function formsOf(secret: string): string[] {
  const decoded = decode(secret);
  return [secret, decoded, encode(decoded)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign: meant literally
  }
}

/** Everything but RFC 3986's unreserved characters. */
const encode = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function hide(text: string, secret: string): string {
  const telling = secret.slice(0, TELLING);
  let out = '';
  let done = 0;
  for (let at = text.indexOf(telling); at >= 0; ) {
    let end = at + telling.length;
    while (end < text.length && end - at < secret.length && text[end] === secret[end - at]) ++end;
    if (secret.length < WORD_ONLY && !standsAlone(text, at, end)) {
      at = text.indexOf(telling, at + 1);
      continue;
    }
    out += text.slice(done, at) + HIDDEN;
    done = end;
    at = text.indexOf(telling, done);
  }
  return out + text.slice(done);
}

/** Whether text[begin, end) is not a part of a longer word. */
function standsAlone(text: string, begin: number, end: number): boolean {
  const word = /^[A-Za-z0-9]{2}$/;
  return (
    !word.test(text.slice(Math.max(begin - 1, 0), begin + 1)) && !word.test(text.slice(end - 1, end + 1))
  );
}
