import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { observeRing } from '@videopush/native';
import type { MediaServer } from '@videopush/resources';
import { buildMediaMtxConfig } from '@videopush/resources/builders/mediamtx';
import type { DecoderConfig, EncoderConfig, WorkerConfigs } from '@videopush/resources/worker-config';
import { checkWorkerConfig } from '@videopush/resources/worker-config';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mediamtxBinary } from '../../../scripts/paths.mjs';
import { Program } from '../../../test/support/program.ts';
import { type MediaMtx, startMediaMtx } from './mediamtx.ts';
import { freePorts } from './ports.ts';
import { type LocalStream, type LocalStreamOptions, startLocalStream } from './stream.ts';

const PASSWORD = 'a pass-word';
const FRAMES = 75;

let folder: string;
const open: (LocalStream | MediaMtx)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-stream-'));
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  rmSync(folder, { recursive: true });
});

function configs(url: string, durationSeconds = FRAMES / 25): WorkerConfigs {
  const queue = { path: '/replaced/by/the/runner', outputs: ['main'] };
  const common = { version: 1, stream: 'default/pattern', queue };
  const testPattern = { width: 320, height: 240, frameRate: '25', durationSeconds };
  const source = { testPattern, onEnd: 'Complete' };
  return {
    decoder: checkWorkerConfig({ ...common, role: 'decoder', source }) as DecoderConfig,
    encoder: checkWorkerConfig({
      ...common,
      role: 'encoder',
      outputs: [{ name: 'main', url }],
    }) as EncoderConfig,
  };
}

async function start(url: string, seconds?: number, options: LocalStreamOptions = {}): Promise<LocalStream> {
  const root = mkdtempSync(join(folder, 'root-'));
  const stream = await startLocalStream(configs(url, seconds), { root, ...options });
  open.push(stream);
  return stream;
}

/** A server that wants a password for publishing, and its URL. */
async function server(): Promise<string> {
  const [api = 0, rtsp = 0, metrics = 0] = await freePorts(3);
  const ports = { api, rtsp, metrics };
  const resource: MediaServer = {
    apiVersion: 'videopush.dev/v1alpha1',
    kind: 'MediaServer',
    metadata: { name: 'local' },
    spec: { protocols: ['RTSP'] },
  };
  const users = { publisher: { name: 'ann', password: PASSWORD } };
  const config = buildMediaMtxConfig(resource, [], { host: '127.0.0.1', ports, users });
  open.push(await startMediaMtx({ binary: mediamtxBinary(), config, ports }));
  return `rtsp://127.0.0.1:${rtsp}/film`;
}

/** Frames with an outcome, which must be every frame of the source. */
function accounted(stream: LocalStream): { source: number; settled: number; sent: number; repeated: number } {
  const { sourceFrames, outputs } = observeRing(stream.ringPath);
  const [{ ledger } = { ledger: null }] = outputs;
  if (!ledger) throw new Error('the ring has no ledger');
  const lost = [...Object.values(ledger.dropped), ...Object.values(ledger.failed)];
  const settled = lost.reduce((sum, value) => sum + value, ledger.sent);
  return { source: sourceFrames, settled, sent: ledger.sent, repeated: ledger.repeated };
}

async function untilSent(stream: LocalStream, frames: number): Promise<void> {
  const sent = async () => (await stream.encoder.status())?.snapshot?.outputs[0]?.ledger.sent ?? 0;
  await expect.poll(sent, { timeout: 20_000, interval: 50 }).toBeGreaterThanOrEqual(frames);
}

function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

it('two processes joined by a queue of 20 push a finite source to its end, and their ledgers agree', async () => {
  const file = join(folder, 'film.mkv');
  const stream = await start(`file://${file}`);
  await untilSent(stream, 10);
  const [decoder, encoder] = await Promise.all([stream.decoder.status(), stream.encoder.status()]);
  expect(new Set([process.pid, decoder?.pid, encoder?.pid]).size).toBe(3);
  expect([decoder?.pid, encoder?.pid]).toEqual([stream.decoder.pid, stream.encoder.pid]);
  expect(decoder?.snapshot?.queue?.capacity).toBe(20);
  expect(decoder?.snapshot?.queue?.depth).toBeLessThanOrEqual(20);
  const end = await stream.ended;
  expect(end).toEqual({
    complete: true,
    decoder: { code: 0, signal: null },
    encoder: { code: 0, signal: null },
  });
  expect(accounted(stream)).toEqual({ source: FRAMES, settled: FRAMES, sent: FRAMES, repeated: 0 });
  expect(stream.encoder.summary?.ended).toBe(true);
  expect(stream.decoder.summary?.phase).toBe('Ended');
  expect(statSync(file).size).toBeGreaterThan(1000);
});

it('the histograms of the native core have the limits that the manual gives', async () => {
  const stream = await start(`file://${join(folder, 'film.mkv')}`);
  await untilSent(stream, 1);
  const pages = [stream.decoder.url, stream.encoder.url].map(async (url) =>
    (await fetch(`${url}/metrics`)).text(),
  );
  const text = (await Promise.all(pages)).join('\n');
  const limits = (name: string) =>
    [...text.matchAll(new RegExp(`^videopush_${name}_seconds_bucket\\{.*?le="([^"]+)"`, 'gm'))]
      .map(([, limit]) => limit)
      .join(' ');
  const short = '0.0001 0.00025 0.0005 0.001 0.002 0.004 0.008 0.016 0.0333 0.0667 0.133 0.25';
  const work = '0.0005 0.001 0.002 0.004 0.008 0.016 0.033 0.067 0.133 0.25 1 +Inf';
  expect(limits('pacing_lateness')).toBe(`${short} 0.5 1 2.5 5 +Inf`);
  expect(limits('pacing_interval_error')).toBe(`${short} +Inf`);
  expect(limits('queue_residence')).toBe('0.001 0.005 0.01 0.033 0.067 0.1 0.2 0.333 0.667 1 2 5 +Inf');
  expect(limits('encode_duration')).toBe(work);
  expect(limits('decode_duration')).toBe(work);
  expect(limits('sink_write_duration')).toMatch(/^0.00005 .* 1 \+Inf$/);
});

it('a stream goes on when either process is killed, and every frame has one outcome', async () => {
  const url = await server();
  const credentials = { outputs: { main: { username: 'ann', password: PASSWORD } } };
  const stream = await start(url, 6, { credentials });
  for (const [frames, role] of [
    [20, stream.encoder],
    [50, stream.decoder],
    [80, stream.encoder],
  ] as const) {
    await untilSent(stream, frames);
    process.kill(role.pid as number, 'SIGKILL');
  }
  expect((await stream.ended).complete).toBe(true);
  const { source, settled, sent, repeated } = accounted(stream);
  expect({ source, settled, sent }).toEqual({ source: 150, settled: 150, sent: 150 });
  expect(repeated).toBeLessThanOrEqual(2);
  expect([stream.decoder.state()?.restarts, stream.encoder.state()?.restarts]).toEqual([1, 2]);
});

it('credentials of a stream are only in files that no other user can read', async () => {
  const url = await server();
  const log: string[] = [];
  const stream = await start(url, undefined, {
    credentials: { outputs: { main: { username: 'ann', password: PASSWORD } } },
    onLog: (entry) => log.push(JSON.stringify(entry)),
  });
  await untilSent(stream, 1);
  const place = dirname(stream.ringPath);
  expect(readFileSync(join(place, 'output-main-password'), 'utf8')).toBe(PASSWORD);
  const open = readdirSync(place).filter((name) => (statSync(join(place, name)).mode & 0o077) !== 0);
  expect(open).toEqual([]);
  const printed = [
    ...log,
    JSON.stringify(await stream.encoder.status()),
    ...[stream.encoder.pid, stream.encoder.program.pid].map((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
    ),
    readFileSync(join(place, 'encoder.json'), 'utf8'),
  ];
  expect(printed.filter((text) => text.includes(PASSWORD))).toEqual([]);
});

it('a stop ends both processes in order and says that the stream is not complete, and closing removes all files', async () => {
  const stream = await start(`file://${join(folder, 'film.mkv')}`, 600);
  await untilSent(stream, 5);
  const { complete, decoder, encoder } = await stream.stop();
  expect({ complete, decoder: decoder.code, encoder: encoder.code }).toEqual({
    complete: false,
    decoder: 143,
    encoder: 143,
  });
  const place = dirname(stream.ringPath);
  expect(existsSync(stream.ringPath)).toBe(true);
  await stream.close();
  expect(existsSync(place)).toBe(false);
});

it('processes and supervisors of a stream end when whoever started them is killed', async () => {
  const script = `
    import { startLocalStream } from ${JSON.stringify(fileURLToPath(new URL('./stream.ts', import.meta.url)))};
    const stream = await startLocalStream(JSON.parse(process.argv[1]), { root: process.argv[2] });
    const { decoder, encoder } = stream;
    const look = setInterval(() => {
      if (!decoder.pid || !encoder.pid) return;
      clearInterval(look);
      console.log(JSON.stringify([decoder.pid, encoder.pid, decoder.program.pid, encoder.program.pid]));
    }, 20);`;
  const given = JSON.stringify(configs(`file://${join(folder, 'film.mkv')}`, 600));
  await using owner = new Program(process.execPath, ['--input-type=module', '-e', script, given, folder]);
  const pids = JSON.parse(await owner.waitForLine(/^\[/)) as number[];
  expect(pids.every(alive)).toBe(true);
  owner.signal('SIGKILL');
  await expect.poll(() => pids.filter(alive), { timeout: 20_000 }).toEqual([]);
});
