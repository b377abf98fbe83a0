/** mpegCoder's two push samples and its server class work with MediaMTX and report servers that fail. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FramePusher, type NativeError } from '@videopush/native';
import { MpegDecoder, MpegServer, setGlobal } from '@videopush/native/mpegcoder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repoRoot } from '../../scripts/paths.mjs';
import { makeClip } from '../support/clips.ts';
import { FLAWLESS, judge } from '../support/frame-verdict.ts';
import { LoopMeter } from '../support/loop-meter.ts';
import { MediaMtx } from '../support/mediamtx.ts';
import { commandLine, processTree, programName } from '../support/meters.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { RtspServer } from '../support/rtsp-server.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';
import { until } from '../support/until.ts';

const FRAMES = 250;
const examples = join(repoRoot, 'examples', 'mpegcoder');
let scratch: Scratch;
/** 250 frames, 50 fps, GOPs of 50 with 2 B-frames */
let clip: string;

beforeAll(async () => {
  scratch = new Scratch();
  const path = scratch.file('clip.mp4');
  clip = await makeClip({ path, frames: FRAMES, width: 320, height: 180, rate: '50', bFrames: 2 });
});
afterAll(() => scratch[Symbol.dispose]());

function example(name: string, url: string, file = clip): Program {
  return new Program(process.execPath, [join(examples, name), file, url]);
}

/** The child of the two-process sample that plays this role. */
async function roleProcess(program: Program, role: string): Promise<number> {
  const root = program.child.pid as number;
  return until(
    `the ${role} process`,
    () => processTree(root).find((pid) => pid !== root && commandLine(pid).includes(role)),
    20_000,
  );
}

/** Queue folders of the two-process sample that were left in shared memory. */
const queues = () =>
  existsSync('/dev/shm') ? readdirSync('/dev/shm').filter((name) => /^videopush-\w{6}$/.test(name)) : [];

describe.each(['non-blocking.ts', 'dual-process.ts'])('the sample %s', (name) => {
  it.each(['rtsp', 'rtmp'] as const)(
    `${name} delivers 250 of 250 frames over %s`,
    async (protocol) => {
      await using server = await MediaMtx.start({ rtmp: true });
      await using reader = new StampReader(server.rtsp());
      await reader.until('the slate', (r) => r.frames.length > 0, 30_000);
      const begin = performance.now();
      await using program = example(name, server[protocol]());
      await server.untilOnline();
      const names = processTree(program.child.pid as number).map(programName);
      expect(names.length, 'only node runs').toBeGreaterThan(0);
      expect(
        names.filter((each) => each !== 'node' && each !== null),
        'only node runs',
      ).toEqual([]);
      expect(await program.waitForExit(60_000)).toEqual({ code: 0, signal: null });
      expect(program.stdout).toContain(`${FRAMES} frames served`);
      expect(performance.now() - begin).toBeGreaterThan((FRAMES / 50) * 1000);
      await reader.untilIndex(FRAMES - 1, 30_000);
      expect(judge(reader.indices(), 0, FRAMES - 1)).toEqual(FLAWLESS);
    },
    120_000,
  );

  it(`${name} ends with a clear message when no server listens`, async () => {
    const before = queues();
    await using program = example(name, `rtsp://127.0.0.1:${await freePort()}/live`);
    expect(await program.waitForExit(30_000)).toEqual({ code: 1, signal: null });
    expect(program.stderr.join('\n')).toMatch(/MpegServer: rtsp.*ConnectRefused: .*refused.*check/s);
    expect(queues()).toEqual(before);
  });

  it(`${name} ends with a clear message when the file does not exist`, async () => {
    await using program = example(name, `rtsp://127.0.0.1:${await freePort()}/live`, '/does-not-exist.mp4');
    expect(await program.waitForExit(30_000)).toEqual({ code: 1, signal: null });
    expect(program.stderr.join('\n')).toMatch(/SourceNotFound: .*does-not-exist/);
  });

  it(`${name} ends when the server goes for good in the middle`, async () => {
    const server = await RtspServer.start();
    await using program = example(name, server.url());
    await server.until('20 units', (s) => s.units().length >= 20, 30_000);
    await server[Symbol.asyncDispose]();
    expect(await program.waitForExit(60_000)).toMatchObject({ code: 1 });
    expect(program.stderr.join('\n')).toMatch(/Connect\w+: /);
  }, 90_000);
});

describe('the sample with two processes', () => {
  it.each(['decoder', 'encoder'])(
    'the sample with two processes ends and reports the signal when its %s process is killed',
    async (role) => {
      const before = queues();
      await using server = await RtspServer.start();
      await using program = example('dual-process.ts', server.url());
      await server.until('20 units', (s) => s.units().length >= 20, 30_000);
      process.kill(await roleProcess(program, role), 'SIGKILL');
      const begin = performance.now();
      expect(await program.waitForExit(30_000)).toEqual({ code: 1, signal: null });
      console.log(`ended ${(performance.now() - begin).toFixed(0)} ms after the kill`);
      expect(program.stderr.join('\n')).toContain(`the ${role} process was ended by SIGKILL`);
      expect(queues()).toEqual(before);
    },
  );

  it('both processes of the sample end when their parent is killed', async () => {
    const before = new Set(queues());
    await using server = await RtspServer.start();
    await using program = example('dual-process.ts', server.url());
    await server.until('20 units', (s) => s.units().length >= 20, 30_000);
    const roles = [await roleProcess(program, 'decoder'), await roleProcess(program, 'encoder')];
    program.signal('SIGKILL');
    await until('both to end', () => roles.every((pid) => programName(pid) !== 'node'), 30_000);
    // No process was left to remove the queue's folder.
    for (const left of queues()) if (!before.has(left)) rmSync(join('/dev/shm', left), { recursive: true });
  });
});

const size = { width: 320, height: 180 };
const picture = () => new Uint8Array(size.width * size.height * 3);

async function serverAt(videoAddress: string, more: object = {}): Promise<MpegServer> {
  const server = new MpegServer();
  server.setParameter({
    ...size,
    frameRate: [50, 1],
    codecName: 'libx264',
    preset: 'ultrafast',
    videoAddress,
    ...more,
  });
  await server.FFmpegSetup();
  return server;
}

describe('MpegServer', () => {
  it("mpegCoder's classes decode, push and take a log level, each by its own API", async () => {
    await using server = await MediaMtx.start();
    setGlobal({ dumpLevel: 0, onLine: () => {} });
    const decoder = new MpegDecoder(clip);
    await decoder.FFmpegSetup();
    const push = new MpegServer();
    push.setParameter({ decoder, codecName: 'libx264', videoAddress: server.rtsp() });
    await push.FFmpegSetup();
    const gop = await decoder.ExtractGOP();
    for (const frame of gop ?? []) expect(await push.ServeFrameBlock(frame)).toBe(true);
    await server.untilOnline();
    await push.FFmpegClose();
    await server.untilOffline();
    await decoder.clear();
    await push.clear();
  });

  it.each(['ServeFrame', 'ServeFrameBlock'] as const)(
    '%s reports the first failed write on that or the next call',
    async (method) => {
      await using server = await RtspServer.start({
        onUnit: (count) => (count === 20 ? 'reset' : undefined),
        onConnect: (connection) => (connection > 1 ? 'reset' : undefined),
      });
      const push = await serverAt(server.url(), { frameAhead: 5 });
      let failure: NativeError | undefined;
      for (let i = 0; i < 200 && !failure; i++) {
        await push[method](picture()).catch((error) => {
          failure = error;
        });
        if (method === 'ServeFrame') await sleep(push.getParameter('waitRef') * 1000);
      }
      expect(failure).toMatchObject({ name: 'NativeError', code: expect.stringMatching(/^Connect/) });
      expect(server.units().length).toBeLessThan(30);
      await expect(push[method](picture())).rejects.toMatchObject({ name: 'NativeError' });
      await push.clear();
    },
  );

  it('a set-up after a close starts at time zero, at once, and may go to another server', async () => {
    await using first = await RtspServer.start();
    await using second = await RtspServer.start();
    const push = await serverAt(first.url(), { frameAhead: 10 });
    for (let i = 0; i < 60; i++) await push.ServeFrameBlock(picture());
    await push.FFmpegClose();
    expect(first.units()).toHaveLength(60);
    await push.FFmpegSetup(second.url());
    const begin = performance.now();
    for (let i = 0; i < 10; i++) await push.ServeFrameBlock(picture());
    const waited = performance.now() - begin;
    console.log(`ten frames accepted in ${waited.toFixed(0)} ms`);
    expect(waited).toBeLessThan(1000); // the reference waits as long as it had pushed before
    await push.FFmpegClose();
    expect(second.units()).toHaveLength(10);
    await push.clear();
  });

  it('a set-up with a silent server fails at its limit, and an abort ends it at once', async () => {
    await using server = await RtspServer.start({ onRequest: () => 'silence' });
    const options = { ...size, url: server.url(), frameRate: '25', responseTimeoutMilliseconds: 300 };
    await expect(FramePusher.open(options)).rejects.toMatchObject({ code: 'ResponseTimeout' });
    const signal = AbortSignal.timeout(100);
    const begin = performance.now();
    const aborted = FramePusher.open({ ...options, responseTimeoutMilliseconds: 60_000, signal });
    await expect(aborted).rejects.toMatchObject({ code: 'Aborted' });
    console.log(`aborted after ${(performance.now() - begin - 100).toFixed(0)} ms`);
    expect(performance.now() - begin).toBeLessThan(1100);
  });

  it('a refused password is named, and stands in no message, log line or report', async () => {
    const publisher = { user: 'camera', password: 'right-one' };
    await using server = await MediaMtx.start({ publisher });
    const lines: string[] = [];
    setGlobal({ dumpLevel: 2, onLine: (line) => lines.push(line.message) });
    const url = (password: string) => server.rtsp().replace('://', `://camera:${password}@`);
    const push = new MpegServer();
    push.setParameter({ ...size, frameRate: [50, 1], codecName: 'libx264', videoAddress: url('wr0ng-one') });
    const failure = await push.FFmpegSetup().catch((error) => error);
    expect(failure).toMatchObject({ code: 'CredentialsRefused', permanent: true });
    lines.push(String(failure), JSON.stringify(failure), String(push), JSON.stringify(push.getParameter()));
    await push.FFmpegSetup(url('right-one'));
    await push.ServeFrameBlock(picture());
    await push.FFmpegClose();
    lines.push(String(push));
    expect(lines.filter((line) => /wr0ng-one|right-one/.test(line))).toEqual([]);
    await push.clear();
    setGlobal({ dumpLevel: 0, onLine: () => {} });
  });

  it('four pushes leave the event loop free', async () => {
    const paths = ['a', 'b', 'c', 'd'];
    await using server = await MediaMtx.start({ paths: Object.fromEntries(paths.map((path) => [path, {}])) });
    const pushes = await Promise.all(paths.map((path) => serverAt(server.rtsp(path), { frameAhead: 5 })));
    using meter = new LoopMeter();
    await Promise.all(
      pushes.map(async (push) => {
        for (let i = 0; i < 250; i++) await push.ServeFrameBlock(picture());
        await push.FFmpegClose();
      }),
    );
    console.log(`event loop during four pushes: ${meter}`);
    expect(meter.p99()).toBeLessThan(50); // expected below 5
  }, 60_000);
});
