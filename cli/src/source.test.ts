/** The command finds the file that the native core opens: each reads file: URLs by its copy of the rules. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probe } from '@videopush/native';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkTrust, sourceOf, trustFor } from './source.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'videopush-source-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the core says of a file that exists is that it is no video. */
const coreFinds = async (uri: string): Promise<boolean> => {
  const error = await probe(uri).catch((fault: { code?: string }) => fault);
  return (error as { code?: string }).code !== 'SourceNotFound';
};

const commandFinds = (uri: string): boolean => {
  try {
    return sourceOf(uri, { rtspTransport: 'tcp' }) !== undefined;
  } catch {
    return false;
  }
};

it.each([
  ['file://FOLDER/a b', 'a b'],
  ['file://FOLDER/a%20b', 'a b'],
  ['FILE://localhostFOLDER/a%2520b', 'a%20b'],
  ['file:FOLDER/100%', '100%'],
  ['file:FOLDER/%zz%4', '%zz%4'],
  ['file:FOLDER/a?b#c', 'a?b#c'],
  ['file:FOLDER/%C3%A4', 'ä'],
  ['file:FOLDER/ä', 'ä'],
  ['file:FOLDER/caf%E9', Buffer.from('caf\xe9', 'latin1')],
  ['FOLDER/a%20b', 'a%20b'],
])('the location %s names the same file for the command and for the native core', async (text, name) => {
  const uri = text.replace('FOLDER', folder);
  expect([commandFinds(uri), await coreFinds(uri)]).toEqual([false, false]);
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)]), 'no video');
  expect([commandFinds(uri), await coreFinds(uri)]).toEqual([true, true]);
});

it('authorities and skipped verification go to the addresses with TLS alone', () => {
  const flags = { rtspTransport: 'tcp', caFile: import.meta.filename } as const;
  expect(sourceOf('https://a.example/a.mp4', flags).options).toMatchObject({ caFile: import.meta.filename });
  expect(sourceOf('rtsp://a.example/1', flags).options).not.toHaveProperty('caFile');
  expect(trustFor('rtmps://a.example/app/key', { rtspTransport: 'tcp', insecureSkipVerify: true })).toEqual({
    insecureSkipVerify: true,
  });
  expect(trustFor('rtmp://a.example/app/key', { rtspTransport: 'tcp', insecureSkipVerify: true })).toEqual(
    {},
  );
});

it.each([
  [{ caFile: import.meta.filename, insecureSkipVerify: true }, ['https://a.example/a'], 'give one of them'],
  [
    { caFile: import.meta.filename },
    ['http://a.example/a', 'rtmp://a.example/a/b'],
    'is for https:// and rtmps://',
  ],
  [{ insecureSkipVerify: true }, ['rtsp://a.example/a'], 'is for https:// and rtmps://'],
  [{ caFile: '/nowhere/ca.pem' }, ['https://a.example/a'], '/nowhere/ca.pem: no such file'],
])('options of trust that cannot be kept are refused: %o for %o', (flags, urls, reason) => {
  let said = '';
  try {
    checkTrust({ rtspTransport: 'tcp', ...flags }, urls);
  } catch (error) {
    const { message, action } = error as { message: string; action?: string };
    said = `${message}; ${action}`;
  }
  expect(said).toContain(reason);
});

it.each([
  [{ program: 1 }, '--program is not for the test pattern'],
  [{ videoTrack: '0' }, '--video-track is not for the test pattern'],
])('the command refuses %o with the test pattern, which has one video track', (choice, sentence) => {
  expect(() => sourceOf('testpattern', { rtspTransport: 'tcp', ...choice })).toThrow(sentence);
  expect(sourceOf('testpattern', { rtspTransport: 'tcp' }).options).toEqual({ testPattern: {} });
});
