/** The fault servers are instruments: ffmpeg's own RTSP publisher shows that they do what they say. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BlackHole } from './black-hole.ts';
import { makeClip } from './clips.ts';
import { FLAWLESS, judge } from './frame-verdict.ts';
import { Program } from './program.ts';
import { Recorder } from './recorder.ts';
import { RtspServer, type Script } from './rtsp-server.ts';
import { readStamps } from './stamp-reader.ts';
import { Scratch } from './tools.ts';

/** One second of a test picture, pushed to `url` by ffmpeg. Resolves with ffmpeg's exit code. */
async function push(url: string, limitMilliseconds = 15_000): Promise<{ code: number | null; text: string }> {
  const source = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25', '-t', '1'];
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-b:v', '300k'];
  await using program = new Program(
    'ffmpeg',
    ['-v', 'error', '-nostdin', ...source, ...encode, '-rtsp_transport', 'tcp', '-f', 'rtsp', url],
    { limitMilliseconds },
  );
  const { code } = await program.exited;
  return { code, text: program.stderr.join('\n') };
}

async function pushTo(script: Script, credentials = '') {
  await using server = await RtspServer.start(script);
  const result = await push(server.url().replace('//', `//${credentials}`));
  return { ...result, connections: server.connections };
}

describe('the scripted RTSP server', () => {
  it('the scripted RTSP server takes a whole push', async () => {
    const { code, connections } = await pushTo({});
    expect(code).toBe(0);
    expect(connections[0]?.requests.map((request) => request.method)).toEqual(
      expect.arrayContaining(['ANNOUNCE', 'SETUP', 'RECORD', 'TEARDOWN']),
    );
    expect(connections[0]?.units.length).toBe(25);
  });

  it.each(['Basic', 'Digest'] as const)(
    'the scripted RTSP server asks for a password by %s and knows the right one',
    async (scheme) => {
      const authentication = { scheme, user: 'camera', password: 'right one' };
      expect((await pushTo({ authentication }, 'camera:right%20one@')).code).toBe(0);
      expect((await pushTo({ authentication }, 'camera:wrong@')).text).toContain('401');
    },
  );

  it.each(['close', 'reset'] as const)(
    'the scripted RTSP server can %s a connection in the middle of a stream',
    async (how) => {
      const { connections } = await pushTo({ onUnit: (count) => (count === 10 ? how : undefined) });
      expect(connections[0]?.units.length).toBe(10);
    },
  );

  it('the scripted RTSP server can close at a step of the handshake', async () => {
    const { code, connections } = await pushTo({
      onRequest: (request) => (request.method === 'SETUP' ? 'close' : 'answer'),
    });
    expect(code).not.toBe(0);
    expect(connections[0]?.units.length).toBe(0);
  });
});

describe('the recorder', () => {
  it('records every access unit of a push with kernel stamps, and its dump decodes to the same frames', async () => {
    using scratch = new Scratch();
    const clip = await makeClip({ path: scratch.file('clip.mkv'), frames: 50, rate: '50' });
    await using recorder = await Recorder.start({ dumpPrefix: scratch.file('dump') });
    const args = ['-re', '-i', clip, '-c', 'copy', '-rtsp_transport', 'tcp', '-f', 'rtsp', recorder.url()];
    await using program = new Program('ffmpeg', ['-v', 'error', '-nostdin', ...args]);
    await program.waitForExit(20_000);
    await recorder.untilClosed(5_000);
    expect(recorder.units().length).toBe(50);
    expect(recorder.units().every((unit) => unit.kernelStamp && unit.gap === 0)).toBe(true);
    expect(recorder.recording.reports.length).toBeGreaterThan(0);
    const seen = await readStamps(scratch.file('dump.1.h264'));
    expect(
      judge(
        seen.map((frame) => frame.index ?? -1),
        0,
        49,
      ),
    ).toEqual(FLAWLESS);
  });
});

it('the black hole takes no connection', async () => {
  await using hole = await BlackHole.open();
  const socket = connect(hole.port, '127.0.0.1');
  socket.on('error', () => {});
  const connected = await Promise.race([
    once(socket, 'connect').then(() => true),
    sleep(1_000).then(() => false),
  ]);
  socket.destroy();
  expect(connected).toBe(false);
});
