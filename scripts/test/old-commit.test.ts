import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSync } from '../child.mjs';
import { oldCommit, UNTAGGED } from './old-commit.mjs';

let folder: string;
const git = (...args: string[]) => runSync('git', args, { cwd: folder }).stdout.trim();

/** Commits a checkout of this version; returns the commit's hash. */
function release(version: string, ...tags: string[]): string {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ version }));
  git('add', '.');
  git('-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '-qm', version);
  for (const tag of tags) git('tag', tag);
  return git('rev-parse', 'HEAD');
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'videopush-old-'));
  git('init', '-q');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the commit that the long suite upgrades from', () => {
  it('the long suite upgrades from the newest commit with a tag of an older version than the one at hand', () => {
    release('0.9.0', 'v0.9.0');
    const newest = release('0.10.0', 'v0.10.0', 'nightly');
    release('0.11.0');
    expect(oldCommit(folder, '')).toBe(newest);
    git('tag', 'v0.11.0');
    expect(oldCommit(folder, '')).toBe(newest);
  });

  it('the long suite does not upgrade from a commit of another branch', () => {
    const first = release('0.1.0', 'v0.1.0');
    git('checkout', '-q', '-b', 'other');
    release('0.2.0', 'v0.2.0');
    git('checkout', '-q', first);
    release('0.3.0');
    expect(oldCommit(folder, '')).toBe(first);
  });

  it('the long suite upgrades from the commit that it is given, and from a fixed one while no version is tagged', () => {
    const first = release('0.1.0');
    release('0.2.0');
    expect(oldCommit(folder, 'HEAD^')).toBe(first);
    expect(() => oldCommit(folder, '')).toThrow(`the history has no commit ${UNTAGGED}`);
  });
});
