import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NativeErrorShape } from '@videopush/native';
import { checkWorkerConfig } from '@videopush/resources/worker-config';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchConfig } from './config-watch.ts';

let folder: string;
let file: string;
let stop: AbortController;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  file = join(folder, 'decoder.json');
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

const document = {
  version: 1,
  stream: 'default/film',
  role: 'decoder',
  source: { uri: 'rtsp://cam/1', onEnd: 'Complete' },
  queue: { path: '/ring/frames', outputs: ['main'] },
};
const put = (content: unknown): void => writeFileSync(file, JSON.stringify(content));

function watch() {
  const faults: (NativeErrorShape | null)[] = [];
  let changes = 0;
  const ended = watchConfig({
    file,
    running: checkWorkerConfig(document),
    signal: stop.signal,
    onChange: () => {
      changes += 1;
    },
    onFault: (fault) => faults.push(fault),
    intervalMilliseconds: 5,
  });
  return { ended, faults, changes: () => changes };
}

it('a changed field is reported once, and ends the watch', async () => {
  put(document);
  const watched = watch();
  put({ ...document, latencyBudgetMilliseconds: 200 });
  await watched.ended;
  expect(watched.changes()).toBe(1);
  expect(watched.faults).toEqual([]);
});

it('a change that came before the watch began is reported, too', async () => {
  put({ ...document, logLevel: 'debug' });
  const watched = watch();
  await watched.ended;
  expect(watched.changes()).toBe(1);
});

it('fields in another order and a default that is written out do not count as a change', async () => {
  put(document);
  const watched = watch();
  const { version, ...rest } = document;
  put({ ...rest, version, logLevel: 'info', latencyBudgetMilliseconds: 100 });
  put({ surprise: true }); // something to wait for behind it
  await expect.poll(() => watched.faults.length).toBe(1);
  put({ ...rest, version, logLevel: 'info' });
  await expect.poll(() => watched.faults.length).toBe(2);
  stop.abort();
  await watched.ended;
  expect(watched.changes()).toBe(0);
});

it('a configuration that cannot be used is reported as a passing fault until the file is good again', async () => {
  put(document);
  const watched = watch();
  writeFileSync(file, '{');
  await expect.poll(() => watched.faults.at(-1)?.code).toBe('ConfigInvalid');
  expect(watched.faults.at(-1)).toMatchObject({
    message: expect.stringContaining('the new configuration is not used: the document is not JSON'),
    permanent: false,
  });
  rmSync(file);
  await expect.poll(() => watched.faults.at(-1)?.code).toBe('ConfigUnreadable');
  put(document);
  await expect.poll(() => watched.faults.at(-1)).toBeNull();
  expect(watched.changes()).toBe(0);
});
