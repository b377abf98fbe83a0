/**
 * SOURCE and URL of the command line, each of which may be read from a file instead:
 * `ps` shows the words of a command.
 */
import { readFileSync } from 'node:fs';
import { usageError } from './errors.ts';

export interface AddressFlags {
  sourceFile?: string;
  urlFile?: string;
}

/** More than the longest address, in bytes. */
const MAX_BYTES = 8192;

/** SOURCE, from its place on the command line or from its file. @throws CliError with exit code 2 */
export function sourceOfWords(words: readonly (string | undefined)[], { sourceFile }: AddressFlags): string {
  const [text] = inOrder(words, [{ name: 'SOURCE', option: '--source-file', file: sourceFile }]);
  return text as string;
}

/**
 * SOURCE and URL; one that is read from a file leaves its place on the command line to the other one.
 * @throws CliError with exit code 2
 */
export function addressesOf(
  words: readonly (string | undefined)[],
  { sourceFile, urlFile }: AddressFlags,
): { source: string; url: string } {
  const [source, url] = inOrder(words, [
    { name: 'SOURCE', option: '--source-file', file: sourceFile },
    { name: 'URL', option: '--url-file', file: urlFile },
  ]);
  return { source: source as string, url: url as string };
}

interface Place {
  name: string;
  option: string;
  file: string | undefined;
}

function inOrder(words: readonly (string | undefined)[], places: readonly Place[]): string[] {
  const left = words.filter((word) => word !== undefined);
  const texts = places.map(({ name, option, file }) => {
    const text = file === undefined ? left.shift() : readAddress(option, file);
    // What Node puts in the place of bytes that are no UTF-8: the name as it was typed is lost.
    if (text?.includes('\uFFFD')) {
      throw usageError(
        `${name} has bytes that are not UTF-8: ${text}`,
        'write it as a file: URL with these bytes percent-encoded, such as file:caf%E9.mkv',
      );
    }
    if (text === undefined) {
      throw usageError(`missing required argument '${name}'`, `give it, or a file with it: ${option} FILE`);
    }
    return text;
  });
  const [extra] = left;
  if (extra !== undefined) {
    throw usageError('too many arguments', 'leave out the address that is read from a file');
  }
  return texts;
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
  if (/[\r\n]/.test(text) || text.length > MAX_BYTES)
    throw usageError(`${option} ${file}: the file holds more than one address`, 'write one address into it');
  return text;
}
