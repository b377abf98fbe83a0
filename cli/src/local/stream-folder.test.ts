import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runSync } from '../../../test/support/program.ts';
import { makePlace, ringRoot, sweep, writePrivate } from './stream-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'places-'));
afterAll(() => rmSync(root, { recursive: true }));

it('a folder for temporary files and what is written there are for this user only', () => {
  const place = makePlace(root);
  expect(statSync(place).mode & 0o777).toBe(0o700);
  expect(statSync(writePrivate(place, 'password', 'secret')).mode & 0o777).toBe(0o600);
});

it('folders whose owners were killed are swept, and others are kept', () => {
  const own = makePlace(root);
  const { pid } = runSync('true', []); // has ended
  const stale = own.replace(`-${process.pid}-`, `-${pid}-`);
  const elsewhere = stale.replace(/videopush-\d+-/, 'videopush-1-'); // another process id namespace
  const foreign = join(root, 'videopush-notes');
  for (const folder of [stale, elsewhere, foreign]) mkdirSync(folder);
  expect(sweep(root)).toEqual([basename(stale)]);
  expect([own, elsewhere, foreign].map((folder) => existsSync(folder))).toEqual([true, true, true]);
  expect(existsSync(stale)).toBe(false);
});

it('the ring is kept in memory where there is enough, and else in the folder for temporary files', () => {
  const { folder, inMemory } = ringRoot();
  expect(existsSync(folder)).toBe(true);
  expect(folder).toBe(inMemory ? '/dev/shm' : tmpdir());
});
