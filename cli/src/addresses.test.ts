import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addressesOf, sourceOfWords } from './addresses.ts';

let folder: string;
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'videopush-addresses-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('SOURCE and URL are the words of the command when no file is named', () => {
  expect(addressesOf(['a.mp4', 'rtsp://h/x'], {})).toEqual({ source: 'a.mp4', url: 'rtsp://h/x' });
  expect(sourceOfWords(['a.mp4'], {})).toBe('a.mp4');
});

it('an address that is read from a file leaves its place on the command line to the other one', () => {
  const sourceFile = file('source', 'rtsp://ann:s3cret@cam/1\n');
  const urlFile = file('url', '  rtmp://h/live/key\r\n');
  const source = 'rtsp://ann:s3cret@cam/1';
  const url = 'rtmp://h/live/key';
  expect(addressesOf(['a.mp4'], { urlFile })).toEqual({ source: 'a.mp4', url });
  expect(addressesOf(['rtsp://h/x'], { sourceFile })).toEqual({ source, url: 'rtsp://h/x' });
  expect(addressesOf([], { sourceFile, urlFile })).toEqual({ source, url });
  expect(sourceOfWords([undefined], { sourceFile })).toBe(source);
});

it('addresses that are missing or given twice are refused with what to do', () => {
  const urlFile = file('url', 'rtmp://h/live/key');
  expect(() => addressesOf([], {})).toThrow("missing required argument 'SOURCE'");
  expect(() => addressesOf(['a.mp4'], {})).toThrow("missing required argument 'URL'");
  expect(() => addressesOf(['a.mp4', 'rtsp://h/x'], { urlFile })).toThrow('too many arguments');
});

it('a file that holds no single address is refused by name, without its content', () => {
  const of = (urlFile: string) => () => addressesOf(['a.mp4'], { urlFile });
  expect(of(join(folder, 'missing'))).toThrow(/--url-file .*missing: the file can't be read \(ENOENT\)/);
  expect(of(file('empty', ' \n'))).toThrow('the file is empty');
  expect(of(file('two', 'rtmp://h/live/s3cret\nrtmp://h/live/other'))).toThrow(
    /^(?!.*s3cret).*more than one/,
  );
});
