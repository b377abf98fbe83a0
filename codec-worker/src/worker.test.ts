import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DecodeSnapshot, EncodeSnapshot } from '@videopush/native';
import { secretsIn } from '@videopush/resources/redact';
import { checkWorkerConfig, type WorkerConfig } from '@videopush/resources/worker-config';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WorkerError } from './errors.ts';
import { createLog } from './log.ts';
import { readLastExit, type WorkerStatus } from './status.ts';
import { FakeCore } from './testing/core.ts';
import { decodeSnapshot, encodeSnapshot, outputSnapshot } from './testing/snapshots.ts';
import { Worker } from './worker.ts';

let folder: string;
let core: FakeCore;
let lines: Record<string, unknown>[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'worker-'));
  core = new FakeCore();
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const common = {
  version: 1,
  stream: 'default/film',
  http: { port: 0 },
  queue: { path: '/none/frames', outputs: ['main'] },
};
const decoderConfig = (): WorkerConfig =>
  checkWorkerConfig({ ...common, role: 'decoder', source: { uri: 'rtsp://cam/1', onEnd: 'Complete' } });
const encoderConfig = (output: object = { url: 'rtsp://media.example/film' }): WorkerConfig =>
  checkWorkerConfig({ ...common, role: 'encoder', outputs: [{ name: 'main', ...output }] });

interface Started {
  worker: Worker;
  run: Promise<number>;
  base: string;
}

async function start(config: WorkerConfig, secrets: () => readonly string[] = () => []): Promise<Started> {
  const to = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ level: 'debug', stream: config.stream, role: config.role, secrets, to });
  const terminationLog = join(folder, 'termination-log');
  const worker = new Worker({
    config,
    native: core,
    version: '0.1.0',
    graceSeconds: 10,
    terminationLog,
    log,
  });
  const run = worker.run();
  await expect.poll(() => event('listening')).toBeDefined();
  return { worker, run, base: `http://127.0.0.1:${event('listening')?.port}` };
}

function event(name: string): Record<string, unknown> | undefined {
  return lines.find((line) => line.event === name);
}

async function get(base: string, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(base + path);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

it('the status of an encoder has every field, and ends with exit code 0 when everything was sent', async () => {
  const { run, base } = await start(encoderConfig());
  const session = await core.next<EncodeSnapshot>();
  const { body } = await get(base, '/status');
  expect(body).toEqual({
    version: 1,
    stream: 'default/film',
    role: 'encoder',
    pid: process.pid,
    restarts: 0,
    reloads: 0,
    lastExit: null,
    startTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    uptimeSeconds: expect.any(Number),
    phase: 'Running',
    ready: { ok: true, code: 'Connected', message: 'every output is connected' },
    error: null,
    paced: null,
    snapshot: encodeSnapshot(),
    queue: null,
    ring: null,
  } satisfies Record<keyof WorkerStatus, unknown>);
  session.end(encodeSnapshot({ ended: true }));
  expect(await run).toBe(0);
  expect(event('summary')?.snapshot).toMatchObject({ ended: true });
  await expect(fetch(base)).rejects.toThrow();
});

it.each([
  [undefined, null],
  ['', null],
  ['137', { code: 137, signal: 'SIGKILL' }],
  ['139', { code: 139, signal: 'SIGSEGV' }],
  ['70', { code: 70, signal: null }],
])('the last exit that a supervisor passes as %j is read as %j', (text, expected) => {
  expect(readLastExit(text)).toEqual(expected);
});

it('the options of the sessions follow from the configuration', async () => {
  const decoder = await start(decoderConfig());
  expect((await core.next()).options).toEqual({
    source: { uri: 'rtsp://cam/1' },
    onEnd: 'Complete',
    ring: {
      path: '/none/frames',
      capacityFrames: 20,
      maxBytes: 256 * 2 ** 20,
      whenFull: 'Block',
      outputs: ['main'],
    },
    encoderDelayFrames: 0,
    latencyBudgetMilliseconds: 100,
  });
  lines = [];
  const encoder = await start(encoderConfig());
  expect((await core.next()).options).toEqual({
    ringPath: '/none/frames',
    encoder: {},
    catchUp: 'Rebase',
    latencyBudgetMilliseconds: 100,
    outputs: [{ name: 'main', url: 'rtsp://media.example/film' }],
  });
  for (const { worker } of [decoder, encoder]) worker.stop('SIGTERM');
  for (const session of core.opened) (session as { end(state: unknown): void }).end(session.state);
  expect(await Promise.all([decoder.run, encoder.run])).toEqual([143, 143]);
});

it('a decoder that is done idles, ready, until it is asked to stop, and then ends with 0', async () => {
  const { worker, run, base } = await start(decoderConfig());
  (await core.next<DecodeSnapshot>()).end(decodeSnapshot({ phase: 'Ended' }));
  await expect.poll(() => event('done')).toBeDefined();
  expect(await get(base, '/readyz')).toMatchObject({ status: 200, body: { code: 'Ended' } });
  worker.stop('SIGTERM');
  expect(await run).toBe(0);
});

it('a second signal cuts the orderly end of a worker short', async () => {
  const { worker, run } = await start(encoderConfig());
  const session = await core.next<EncodeSnapshot>();
  worker.stop('SIGINT');
  worker.stop('SIGINT');
  expect(session.calls).toEqual(['start', 'requestStop', 'abort']);
  session.end(encodeSnapshot({ running: false }));
  expect(await run).toBe(130);
});

it('a changed configuration ends the process in order with exit code 75', async () => {
  const { worker, run } = await start(encoderConfig());
  const session = await core.next<EncodeSnapshot>();
  worker.reload();
  worker.reload();
  expect(session.calls).toEqual(['start', 'requestStop']);
  session.end(encodeSnapshot({ running: false }));
  expect(await run).toBe(75);
});

it('a decoder that idles because it is done ends with exit code 75 when its configuration changes', async () => {
  const { worker, run } = await start(decoderConfig());
  (await core.next<DecodeSnapshot>()).end(decodeSnapshot({ phase: 'Ended' }));
  await expect.poll(() => event('done')).toBeDefined();
  worker.reload();
  expect(await run).toBe(75);
});

it('an encoder that has sent everything while it was to reload is done', async () => {
  const { worker, run } = await start(encoderConfig());
  const session = await core.next<EncodeSnapshot>();
  worker.reload();
  session.end(encodeSnapshot({ ended: true }));
  expect(await run).toBe(0);
});

it('a signal during a reload decides the exit code', async () => {
  const { worker, run } = await start(encoderConfig());
  const session = await core.next<EncodeSnapshot>();
  worker.reload();
  worker.stop('SIGTERM');
  expect(session.calls).toEqual(['start', 'requestStop']);
  session.end(encodeSnapshot({ running: false }));
  expect(await run).toBe(143);
});

it('a new configuration that cannot be used is reported as an error and stops nothing', async () => {
  const { worker, run, base } = await start(encoderConfig());
  const session = await core.next<EncodeSnapshot>();
  const fault = {
    code: 'ConfigInvalid',
    message: 'stream: is missing',
    action: 'correct it',
    permanent: false,
  };
  worker.configFault(fault);
  expect((await get(base, '/readyz')).status).toBe(200);
  expect((await get(base, '/status')).body).toMatchObject({ phase: 'Running', error: fault });
  expect(event('fault')).toMatchObject({ level: 40, msg: 'ConfigInvalid: stream: is missing; correct it' });
  worker.configFault(null);
  expect((await get(base, '/status')).body.error).toBeNull();
  expect(session.calls).toEqual(['start']);
  worker.stop('SIGTERM');
  session.end(session.state);
  expect(await run).toBe(143);
});

it('a worker with a permanent error goes on: it is not ready, says why everywhere, and is healthy', async () => {
  writeFileSync(join(folder, 'termination-log'), '');
  const { worker, run, base } = await start(encoderConfig());
  const refused = { permanent: true, action: 'correct the password' };
  (await core.next<EncodeSnapshot>()).end(
    encodeSnapshot(),
    new WorkerError('CredentialsRefused', 'rtsp://a:secret@h/p refused', refused),
  );
  await expect.poll(() => event('fault')).toBeDefined();
  const text = 'rtsp://h/p refused; correct the password';
  expect(await get(base, '/readyz')).toEqual({
    status: 503,
    body: { ok: false, code: 'CredentialsRefused', message: text },
  });
  expect((await get(base, '/status')).body).toMatchObject({
    phase: 'Failed',
    error: { code: 'CredentialsRefused', permanent: true },
  });
  expect((await get(base, '/healthz')).status).toBe(200);
  expect(readFileSync(join(folder, 'termination-log'), 'utf8')).toBe(`CredentialsRefused: ${text}\n`);
  worker.stop('SIGTERM');
  expect(await run).toBe(143);
});

it('a warning of the native core stands in the log as one, and a line of FFmpeg as debugging', async () => {
  const { worker, run } = await start(decoderConfig());
  const session = await core.next<DecodeSnapshot>();
  core.say({ level: 'warning', message: 'rtmps://a.example: the certificate is not verified' });
  core.say({ level: 'info', message: 'Stream #0: Video' });
  worker.stop('SIGTERM');
  session.end(session.state);
  await run;
  expect(lines.filter(({ msg }) => String(msg).includes('not verified'))).toMatchObject([{ level: 40 }]);
  expect(lines.filter(({ msg }) => String(msg).startsWith('Stream #0'))).toMatchObject([{ level: 20 }]);
});

it('nothing of a secret URL is in log, status or readiness', async () => {
  const urlFile = join(folder, 'url');
  writeFileSync(urlFile, 'rtmp://media.example/live/str3am-k3y\n');
  const { worker, run, base } = await start(encoderConfig({ urlFile }), () =>
    secretsIn('rtmp://media.example/live/str3am-k3y', true),
  );
  const session = await core.next<EncodeSnapshot>();
  expect(session.options).toMatchObject({
    outputs: [{ url: 'rtmp://media.example/live/str3am-k3y', urlSecret: true }],
  });
  const url = 'rtmp://media.example/live/str3am-k3y';
  const error = { code: 'ConnectionReset', message: `${url}: reset`, action: '', permanent: false };
  session.state = encodeSnapshot({ outputs: [outputSnapshot({ url, phase: 'Waiting', error })] });
  session.onEvent({ kind: 'output', detail: `main: ${url}: reset` });
  for (const path of ['/status', '/readyz']) {
    const { body } = await get(base, path);
    expect(JSON.stringify(body)).toContain('rtmp://media.example/***');
    expect(JSON.stringify(body)).not.toContain('k3y');
  }
  expect(await (await fetch(`${base}/metrics`)).text()).not.toContain('k3y');
  worker.stop('SIGTERM');
  session.end(session.state);
  await run;
  expect(event('output')?.msg).toBe('main: rtmp://media.example/***: reset');
  expect(JSON.stringify(lines)).not.toContain('k3y');
});

it('an output whose URL file is missing is a named, permanent error that clears when the file appears', async () => {
  const urlFile = join(folder, 'url');
  const { run, base } = await start(encoderConfig({ urlFile }));
  await expect.poll(async () => (await get(base, '/readyz')).body.code).toBe('CredentialsMissing');
  writeFileSync(urlFile, 'rtmp://media.example/live/key');
  (await core.next<EncodeSnapshot>()).end(encodeSnapshot({ ended: true }));
  expect(await run).toBe(0);
});

it('an output that failed for good is reported as an error while the others go on', async () => {
  writeFileSync(join(folder, 'termination-log'), '');
  const { worker, run, base } = await start(encoderConfig());
  const session = await core.next<EncodeSnapshot>();
  const error = {
    code: 'SchemeUnsupported',
    message: 'foo:// is unknown',
    action: 'use rtsp://',
    permanent: true,
  };
  session.state = encodeSnapshot({ outputs: [outputSnapshot({ phase: 'Failed', error })] });
  session.onEvent({ kind: 'output.failed', detail: 'main: foo:// is unknown' });
  expect(event('output.failed')?.level).toBe(40);
  expect(event('fault')).toMatchObject({
    level: 50,
    msg: 'SchemeUnsupported: output main: foo:// is unknown; use rtsp://',
  });
  expect(readFileSync(join(folder, 'termination-log'), 'utf8')).toContain('SchemeUnsupported');
  expect((await get(base, '/status')).body).toMatchObject({
    phase: 'Failed',
    error: { code: 'SchemeUnsupported' },
  });
  worker.stop('SIGTERM');
  session.end(session.state);
  expect(await run).toBe(143);
});

it('a fault that comes again is logged as a warning only once', async () => {
  const { worker, run } = await start(encoderConfig());
  for (let i = 0; i < 3; i++) {
    (await core.next<EncodeSnapshot>()).end(encodeSnapshot(), new WorkerError('RingInvalid', 'no ring'));
  }
  const last = await core.next<EncodeSnapshot>();
  worker.stop('SIGTERM');
  last.end(encodeSnapshot());
  await run;
  const levels = lines.filter((line) => line.event === 'fault').map(({ level }) => level);
  expect(levels).toEqual([40, 20, 20]);
});
