import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { mediamtxBinary } from '../../../scripts/paths.mjs';
import { type MediaMtxOptions, startMediaMtx } from './mediamtx.ts';
import { freePorts } from './places.ts';

const config = (api: number, rtsp: number): string =>
  JSON.stringify({
    api: true,
    apiAddress: `127.0.0.1:${api}`,
    rtspAddress: `127.0.0.1:${rtsp}`,
    rtspTransports: ['tcp'],
    rtmp: false,
    hls: false,
    webrtc: false,
    srt: false,
    moq: false,
    paths: { live: { source: 'publisher' } },
  });

async function options(): Promise<MediaMtxOptions> {
  const [api = 0, rtsp = 0] = await freePorts(2);
  return { binary: mediamtxBinary(), config: config(api, rtsp), ports: { api, rtsp } };
}

it('a server answers once it was started, and is gone once it was closed', async () => {
  const given = await options();
  const server = await startMediaMtx(given);
  expect(await server.path('live')).toEqual({ online: false, viewers: 0, bytesReceived: 0, bytesSent: 0 });
  expect(await server.path('unknown')).toBeNull();
  await server.close();
  expect(await server.path('live')).toBeNull();
  await startMediaMtx(given).then((again) => again.close()); // the ports are free again
});

it('a port that is taken is named in the error', async () => {
  const given = await options();
  const other = createServer().listen(given.ports.rtsp, '127.0.0.1');
  await once(other, 'listening');
  await expect(startMediaMtx(given)).rejects.toMatchObject({
    code: 'StartFailed',
    message: expect.stringMatching(/MediaMTX did not start; it said: .*address already in use/),
  });
  other.close();
});

it('a configuration that is refused is quoted', async () => {
  const given = await options();
  await expect(startMediaMtx({ ...given, config: `nonsense: 1\n` })).rejects.toMatchObject({
    code: 'StartFailed',
    message: expect.stringContaining('nonsense'),
  });
});

it('a program that is not there is a named error', async () => {
  const given = await options();
  await expect(startMediaMtx({ ...given, binary: '/nowhere/mediamtx' })).rejects.toMatchObject({
    code: 'ProgramMissing',
  });
});
