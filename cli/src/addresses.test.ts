import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressesOf, sourceOfWords, takeVariables } from './addresses.ts';

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
  expect(addressesOf(['a.mp4', 'rtsp://h/x'], {}, {})).toEqual({
    source: 'a.mp4',
    url: 'rtsp://h/x',
    urlSecret: false,
  });
  expect(sourceOfWords(['a.mp4'], {}, {})).toBe('a.mp4');
});

it('an address that is read from a file leaves its place on the command line to the other one', () => {
  const sourceFile = file('source', 'rtsp://ann:s3cret@cam/1\n');
  const urlFile = file('url', '  rtmp://h/live/key\r\n');
  const source = 'rtsp://ann:s3cret@cam/1';
  const url = 'rtmp://h/live/key';
  expect(addressesOf(['a.mp4'], { urlFile }, {})).toEqual({ source: 'a.mp4', url, urlSecret: true });
  expect(addressesOf(['rtsp://h/x'], { sourceFile }, {})).toEqual({
    source,
    url: 'rtsp://h/x',
    urlSecret: false,
  });
  expect(addressesOf([], { sourceFile, urlFile }, {})).toEqual({ source, url, urlSecret: true });
  expect(sourceOfWords([undefined], { sourceFile }, {})).toBe(source);
});

it('addresses that are missing or given twice are refused with what to do', () => {
  const urlFile = file('url', 'rtmp://h/live/key');
  expect(() => addressesOf([], {}, {})).toThrow("missing required argument 'SOURCE'");
  expect(() => addressesOf(['a.mp4'], {}, {})).toThrow("missing required argument 'URL'");
  expect(() => addressesOf(['a.mp4', 'rtsp://h/x'], { urlFile }, {})).toThrow('too many arguments');
});

it('a file that holds no single address is refused by name, without its content', () => {
  const of = (urlFile: string) => () => addressesOf(['a.mp4'], { urlFile }, {});
  expect(of(join(folder, 'missing'))).toThrow(/--url-file .*missing: the file can't be read \(ENOENT\)/);
  expect(of(file('empty', ' \n'))).toThrow('the file is empty');
  expect(of(file('two', 'rtmp://h/live/s3cret\nrtmp://h/live/other'))).toThrow(
    /^(?!.*s3cret).*more than one/,
  );
});

describe('addresses of the environment', () => {
  const variables = { source: 'rtsp://ann:s3cret@cam/1', url: 'rtmp://h/live/key' };

  it('variables of the environment hold SOURCE and URL where neither a word nor a file gives them', () => {
    expect(addressesOf([], {}, variables)).toEqual({ ...variables, urlSecret: true });
    expect(sourceOfWords([undefined], {}, variables)).toBe(variables.source);
    const urlFile = file('url', 'rtsp://h/x');
    expect(addressesOf([], { urlFile }, { source: variables.source })).toMatchObject({
      source: variables.source,
      url: 'rtsp://h/x',
    });
  });

  it('a single word of the command is SOURCE, or URL when only the variable of SOURCE is set', () => {
    expect(addressesOf(['a.mp4'], {}, variables)).toMatchObject({ source: 'a.mp4', url: variables.url });
    expect(addressesOf(['rtsp://h/x'], {}, { source: variables.source })).toEqual({
      source: variables.source,
      url: 'rtsp://h/x',
      urlSecret: false,
    });
  });

  it('variables give way to words and files, and do not excuse a word beside a file', () => {
    const urlFile = file('url', 'rtsp://h/x');
    expect(addressesOf(['a.mp4', 'rtsp://h/y'], {}, variables)).toEqual({
      source: 'a.mp4',
      url: 'rtsp://h/y',
      urlSecret: false,
    });
    expect(addressesOf(['a.mp4'], { urlFile }, variables)).toEqual({
      source: 'a.mp4',
      url: 'rtsp://h/x',
      urlSecret: true,
    });
    expect(sourceOfWords(['a.mp4'], {}, variables)).toBe('a.mp4');
    expect(() => addressesOf(['a.mp4', 'rtsp://h/y'], { urlFile }, variables)).toThrow('too many arguments');
  });

  it('a variable that holds more than one address is refused by its name, without its content', () => {
    expect(() => addressesOf(['a.mp4'], {}, { url: 'rtmp://h/live/s3cret\nrtmp://h/x' })).toThrow(
      /^(?!.*s3cret)VIDEOPUSH_URL holds more than one/,
    );
  });

  it('the variables of addresses are removed from the environment, so that no child process inherits them', () => {
    const environment = { VIDEOPUSH_SOURCE: 'a.mp4\n', VIDEOPUSH_URL: '', HOME: '/home/ann' };
    expect(takeVariables(environment)).toEqual({ source: 'a.mp4', url: undefined });
    expect(environment).toEqual({ HOME: '/home/ann' });
  });
});
