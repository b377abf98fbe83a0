/** `videopush server`, and manifests with nothing but servers. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { childEnvironment, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { freePorts } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { StampReader } from '../support/stamp-reader.ts';
import { Scratch } from '../support/tools.ts';

const BIN = join(repoRoot, 'cli', 'bin', 'videopush.mjs');

const videopush = (...words: string[]): Program =>
  new Program(nodeBinary(), [BIN, ...words], { env: childEnvironment(), limitMilliseconds: 100_000 });

interface ServerLine {
  publish: Record<string, string>;
  watch: Record<string, string>;
}

const serverOf = async (program: Program): Promise<ServerLine> =>
  JSON.parse(await program.waitForLine(/"type":"server"/, 30_000)) as ServerLine;

it('server takes a push on the ports that were asked for, says where to watch, and ends by Ctrl+C', async () => {
  const ports = (await freePorts(5)).map(String);
  const flags = ['rtsp', 'rtmp', 'srt', 'hls', 'webrtc'].flatMap((name, i) => [
    `--${name}-port`,
    ports[i] as string,
  ]);
  await using server = videopush('server', ...flags);
  const { publish, watch } = await serverOf(server);
  expect(publish).toEqual({
    rtsp: `rtsp://localhost:${ports[0]}/NAME`,
    rtmp: `rtmp://localhost:${ports[1]}/NAME`,
    srt: `srt://localhost:${ports[2]}?streamid=publish:NAME`,
  });
  expect(watch.webrtc).toBe(`http://localhost:${ports[4]}/NAME/`);

  const url = publish.rtsp?.replace('NAME', 'film') ?? '';
  await using push = videopush('push', 'testpattern:size=320x180', url);
  await push.waitForLine((line) => /"sent":[1-9]/.test(line), 30_000);
  await using reader = new StampReader(url);
  await reader.until('a picture', (r) => r.frames.length > 0, 30_000);
  const page = await fetch(watch.webrtc?.replace('NAME', 'film') ?? '');
  expect(page.status).toBe(200);
  push.signal('SIGINT');
  expect(await push.waitForExit(20_000)).toMatchObject({ code: 0 });

  server.signal('SIGINT');
  expect(await server.waitForExit(20_000), server.tail()).toMatchObject({ code: 0 });
}, 120_000);

it('server says which option chooses another port when one is taken', async () => {
  const [rtsp = 0] = await freePorts(1);
  const other = createServer().listen(rtsp, '127.0.0.1');
  try {
    await using server = videopush('server', '--rtsp-port', String(rtsp));
    expect(await server.waitForExit(30_000)).toMatchObject({ code: 2 });
    expect(server.stderr.join('\n')).toMatch(new RegExp(`port ${rtsp} .*[\\s\\S]*--rtsp-port`));
  } finally {
    other.close();
  }
}, 60_000);

it('run serves manifests that have nothing but a server, for as long as --for says', async () => {
  using scratch = new Scratch();
  const text = `
apiVersion: videopush.dev/v1alpha1
kind: MediaServer
metadata: { name: media }
spec: { type: MediaMTX }
`;
  await using run = videopush('run', scratch.write('server.yaml', text), '--for', '2');
  expect(await serverOf(run)).toMatchObject({ publish: { rtsp: expect.stringContaining('/NAME') } });
  expect(await run.waitForExit(30_000), run.tail()).toMatchObject({ code: 0 });
}, 60_000);
