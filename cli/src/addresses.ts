/**
 * SOURCE and URL of the command line, each of which may be read from a file or from the environment instead:
 * `ps` shows the words of a command.
 */
import { readFileSync } from 'node:fs';
import { usageError } from './errors.ts';

export interface AddressFlags {
  sourceFile?: string;
  urlFile?: string;
}

/** Addresses that were read from the environment. */
export interface AddressVariables {
  source?: string | undefined;
  url?: string | undefined;
}

type Words = readonly (string | undefined)[];

/** More than the longest address, in bytes. */
const MAX_BYTES = 8192;

const SOURCE = { name: 'SOURCE', option: '--source-file', variable: 'VIDEOPUSH_SOURCE' } as const;
const URL = { name: 'URL', option: '--url-file', variable: 'VIDEOPUSH_URL' } as const;

/** A place for an address on the command line, and what may replace it. */
interface Place {
  of: typeof SOURCE | typeof URL;
  file: string | undefined;
  value: string | undefined;
}

/** Takes the addresses out of the environment, so that no child process inherits them. */
export function takeVariables(environment: NodeJS.ProcessEnv): AddressVariables {
  const take = (name: string): string | undefined => {
    const text = environment[name]?.trim();
    delete environment[name];
    return text || undefined;
  };
  return { source: take(SOURCE.variable), url: take(URL.variable) };
}

/** SOURCE, from the command line, its file or its variable. @throws CliError with exit code 2 */
export function sourceOfWords(
  words: Words,
  { sourceFile }: AddressFlags,
  { source }: AddressVariables,
): string {
  const [found] = inOrder(words, [{ of: SOURCE, file: sourceFile, value: source }]);
  return found?.text as string;
}

/**
 * SOURCE and URL. One that is read from a file leaves its place on the command line to the other one, and so
 * does one of the environment where words are too few. `urlSecret`: the URL is a secret as a whole, since it
 * was kept out of the command line.
 * @throws CliError with exit code 2
 */
export function addressesOf(
  words: Words,
  { sourceFile, urlFile }: AddressFlags,
  variables: AddressVariables,
): { source: string; url: string; urlSecret: boolean } {
  const [source, url] = inOrder(words, [
    { of: SOURCE, file: sourceFile, value: variables.source },
    { of: URL, file: urlFile, value: variables.url },
  ]);
  return { source: source?.text as string, url: url?.text as string, urlSecret: url?.isWord === false };
}

interface Found {
  text: string;
  isWord: boolean;
}

function inOrder(words: Words, places: readonly Place[]): Found[] {
  const left = words.filter((word) => word !== undefined);
  const open = places.filter(({ file }) => file === undefined);
  const variables = open.filter(({ value }) => value !== undefined);
  const lacking = Math.max(0, open.length - left.length);
  // The last ones: a single word is SOURCE when both variables are set.
  const used = new Set(variables.slice(variables.length - lacking));
  const found = places.map((place) => foundAt(place, used.has(place), left));
  const [extra] = left;
  if (extra !== undefined) {
    throw usageError('too many arguments', 'leave out the address that is read from a file');
  }
  return found;
}

/** The address of a place; a word is removed from `words`. */
function foundAt({ of, file, value }: Place, byVariable: boolean, words: string[]): Found {
  const { name, option, variable } = of;
  const text = file !== undefined ? readAddress(option, file) : byVariable ? value : words.shift();
  if (text === undefined) {
    throw usageError(
      `missing required argument '${name}'`,
      `give it, or a file with it: ${option} FILE, or set ${variable}`,
    );
  }
  // What Node puts in the place of bytes that are no UTF-8: the name as it was typed is lost.
  if (text.includes('\uFFFD')) {
    throw usageError(
      `${name} has bytes that are not UTF-8: ${text}`,
      'write it as a file: URL with these bytes percent-encoded, such as file:caf%E9.mkv',
    );
  }
  if (byVariable) checkOneAddress(variable, text);
  return { text, isWord: file === undefined && !byVariable };
}

function readAddress(option: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw usageError(
      `${option} ${file}: the file can't be read (${cause})`,
      'name a file that holds one address',
    );
  }
  if (text === '') throw usageError(`${option} ${file}: the file is empty`, 'write one address into it');
  checkOneAddress(`${option} ${file}: the file`, text);
  return text;
}

function checkOneAddress(what: string, text: string): void {
  if (/[\r\n]/.test(text) || text.length > MAX_BYTES)
    throw usageError(`${what} holds more than one address`, 'write one address into it');
}
