import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncodeSnapshot, NativeErrorShape } from '@videopush/native';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WorkerError } from './errors.ts';
import { SessionSupervisor, type SessionSupervisorOptions } from './session-supervisor.ts';
import { FakeCore } from './testing/core.ts';
import { encodeSnapshot, outputSnapshot } from './testing/snapshots.ts';

let folder: string;
let core: FakeCore;
let faults: NativeErrorShape[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'session-supervisor-'));
  core = new FakeCore();
  faults = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function supervisor(
  changes: Partial<SessionSupervisorOptions<EncodeSnapshot>> = {},
): SessionSupervisor<EncodeSnapshot> {
  return new SessionSupervisor<EncodeSnapshot>({
    open: () => core.encodeSession({}, () => {}),
    done: ({ ended }) => ended,
    files: [join(folder, 'password')],
    renewal: {
      files: [join(folder, 'url')],
      applies: ({ outputs }) => outputs.some(({ phase }) => phase === 'Failed'),
    },
    onFault: (fault) => faults.push(fault),
    times: { poll: 10, retryFirst: 10, retryMax: 20, retryPermanent: 600_000 },
    ...changes,
  });
}

const done = encodeSnapshot({ ended: true, running: false });
const permanent = new WorkerError('CredentialsRefused', 'refused', { permanent: true });

it('a session that has sent everything is the last one, and its counters stay', async () => {
  const kept = supervisor();
  const run = kept.run();
  const session = await core.next<EncodeSnapshot>();
  expect(session.calls).toEqual(['start']);
  session.end(done);
  expect(await run).toBe(true);
  expect(session.calls).toEqual(['start', 'close']);
  expect(kept.snapshot()).toBe(done);
  expect(faults).toEqual([]);
});

it('a passing error opens the next session soon', async () => {
  const run = supervisor().run();
  (await core.next<EncodeSnapshot>()).end(encodeSnapshot(), new WorkerError('RingPeerFailed', 'gone'));
  (await core.next<EncodeSnapshot>()).end(done);
  expect(await run).toBe(true);
  expect(faults.map(({ code }) => code)).toEqual(['RingPeerFailed']);
});

it('a session that failed for good is opened again when a mounted file changes, and its error is reported meanwhile', async () => {
  const kept = supervisor();
  const run = kept.run();
  (await core.next<EncodeSnapshot>()).end(encodeSnapshot(), permanent);
  await expect.poll(() => kept.fault?.code).toBe('CredentialsRefused');
  writeFileSync(join(folder, 'password'), 'the right one');
  const second = await core.next<EncodeSnapshot>();
  expect(kept.fault).toBeNull();
  second.end(done);
  expect(await run).toBe(true);
  expect(core.opened).toHaveLength(2);
});

it('a session that failed for good is opened again without a change as well, only later', async () => {
  const run = supervisor({ times: { poll: 10, retryPermanent: 30 } }).run();
  (await core.next<EncodeSnapshot>()).end(encodeSnapshot(), permanent);
  (await core.next<EncodeSnapshot>()).end(done);
  expect(await run).toBe(true);
});

it('a session that fails on opening is followed by another as one that fails on running', async () => {
  let first = true;
  const run = supervisor({
    open: () => {
      if (first) {
        first = false;
        throw new WorkerError('RingBusy', 'busy');
      }
      return core.encodeSession({}, () => {});
    },
  }).run();
  (await core.next<EncodeSnapshot>()).end(done);
  expect(await run).toBe(true);
  expect(faults.map(({ code }) => code)).toEqual(['RingBusy']);
});

it('a stop asks the session for an orderly end and opens no other', async () => {
  const kept = supervisor();
  const run = kept.run();
  const session = await core.next<EncodeSnapshot>();
  kept.requestStop();
  expect(session.calls).toEqual(['start', 'requestStop']);
  session.end(encodeSnapshot({ running: false }));
  expect(await run).toBe(false);
  expect(core.opened).toHaveLength(1);
});

it('a stop ends the wait after a permanent error', async () => {
  const kept = supervisor();
  const run = kept.run();
  (await core.next<EncodeSnapshot>()).end(encodeSnapshot(), permanent);
  await expect.poll(() => kept.fault).not.toBeNull();
  kept.requestStop();
  expect(await run).toBe(false);
});

it('a running session of which one output failed is renewed when a file changes that is read on opening', async () => {
  const run = supervisor().run();
  const session = await core.next<EncodeSnapshot>();
  session.state = encodeSnapshot({
    outputs: [outputSnapshot(), outputSnapshot({ name: 'b', phase: 'Failed' })],
  });
  writeFileSync(join(folder, 'url'), 'the right one');
  await expect.poll(() => session.calls).toContain('requestStop');
  session.end(session.state);
  (await core.next<EncodeSnapshot>()).end(done);
  expect(await run).toBe(true);
});

it('a healthy session is not disturbed when a file changes', async () => {
  const run = supervisor().run();
  const session = await core.next<EncodeSnapshot>();
  let asked = 0;
  session.state = new Proxy(encodeSnapshot(), {
    get(target, key) {
      if (key === 'outputs') asked += 1;
      return Reflect.get(target, key);
    },
  });
  writeFileSync(join(folder, 'url'), 'another');
  await expect.poll(() => asked).toBeGreaterThan(0); // the change was seen and judged
  expect(session.calls).toEqual(['start']);
  session.end(done);
  expect(await run).toBe(true);
});
