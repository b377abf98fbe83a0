import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { freePorts, makePlace, ringRoot, sweep, writePrivate } from './places.ts';

const root = mkdtempSync(join(tmpdir(), 'places-'));
afterAll(() => rmSync(root, { recursive: true }));

it('a place and what is written there are for this user only', () => {
  const place = makePlace(root);
  expect(statSync(place).mode & 0o777).toBe(0o700);
  expect(statSync(writePrivate(place, 'password', 'secret')).mode & 0o777).toBe(0o600);
});

it('places of owners that were killed are swept, others are not', () => {
  const own = makePlace(root);
  const { pid } = spawnSync('true'); // has ended
  const stale = own.replace(`-${process.pid}-`, `-${pid}-`);
  const elsewhere = stale.replace(/videopush-\d+-/, 'videopush-1-'); // another process id namespace
  const foreign = join(root, 'videopush-notes');
  for (const folder of [stale, elsewhere, foreign]) mkdirSync(folder);
  expect(sweep(root)).toEqual([basename(stale)]);
  expect([own, elsewhere, foreign].map((folder) => existsSync(folder))).toEqual([true, true, true]);
  expect(existsSync(stale)).toBe(false);
});

it('the ring has a place, in memory where there is enough', () => {
  const { folder, inMemory } = ringRoot();
  expect(existsSync(folder)).toBe(true);
  expect(folder).toBe(inMemory ? '/dev/shm' : tmpdir());
});

it('free ports are distinct and can be listened on', async () => {
  const ports = await freePorts(5);
  expect(new Set(ports).size).toBe(5);
  for (const port of ports) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    server.close();
  }
});
