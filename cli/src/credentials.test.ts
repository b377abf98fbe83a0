import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { splitCredentials, writeCredentials } from './credentials.ts';

describe('credentials in a URL', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'videopush-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['rtsp://h:8554/p', { url: 'rtsp://h:8554/p', user: '', password: '' }],
    ['rtsp://u:p%40ss@h/p?x=a@b', { url: 'rtsp://h/p?x=a@b', user: 'u', password: 'p@ss' }],
    ['rtsp://u:a@b@h/p', { url: 'rtsp://h/p', user: 'u', password: 'a@b' }],
    ['rtmp://u@h/p', { url: 'rtmp://h/p', user: 'u', password: '' }],
    ['talk@home.mp4', { url: 'talk@home.mp4', user: '', password: '' }],
  ])('are taken out of %s', (text, parts) => expect(splitCredentials(text)).toEqual(parts));

  it('say how to write what is not percent-encoded', () => {
    expect(() => splitCredentials('rtsp://u:100%@h/p')).toThrow('percent-encoded');
  });

  it('P52: end in files that only the user can read, and nowhere else', () => {
    const files = writeCredentials(folder, 'main', splitCredentials('rtsp://u:s3cret@h/p'));
    expect(readFileSync(files.passwordFile ?? '', 'utf8')).toBe('s3cret');
    expect(statSync(files.passwordFile ?? '').mode & 0o777).toBe(0o600);
    expect(writeCredentials(folder, 'other', splitCredentials('rtsp://h/p'))).toEqual({});
  });
});
