import { once } from 'node:events';
import { createServer } from 'node:net';
import type { MediaServer } from '@videopush/resources';
import { buildMediaMtxConfig } from '@videopush/resources/builders/mediamtx';
import { expect, it } from 'vitest';
import { mediamtxBinary } from '../../../scripts/paths.mjs';
import { type MediaMtxOptions, startMediaMtx } from './mediamtx.ts';
import { freePorts } from './ports.ts';

const resource: MediaServer = {
  apiVersion: 'videopush.dev/v1alpha1',
  kind: 'MediaServer',
  metadata: { name: 'local' },
  spec: { protocols: ['RTSP'], authentication: { publish: 'None' } },
};

async function options(): Promise<MediaMtxOptions & { ports: { rtsp: number } }> {
  const [api = 0, rtsp = 0, metrics = 0] = await freePorts(3);
  const ports = { api, rtsp, metrics };
  const paths = [{ name: 'live', slate: { codec: 'H264' } as const }];
  const config = buildMediaMtxConfig(resource, paths, { host: '127.0.0.1', ports });
  return { binary: mediamtxBinary(), config, ports };
}

it('a local MediaMTX answers once it was started, and stops answering once it was closed', async () => {
  const given = await options();
  const server = await startMediaMtx(given);
  expect(await server.path('live')).toMatchObject({
    name: 'live',
    online: false, // the slate of an always available path is no publisher
    readers: 0,
    bytesSent: 0,
  });
  expect(await server.path('unknown')).toBeNull();
  await server.close();
  expect(await server.path('live')).toBeNull();
  await startMediaMtx(given).then((again) => again.close()); // the ports are free again
});

it('the error of a local MediaMTX names a port that is taken', async () => {
  const given = await options();
  const other = createServer().listen(given.ports.rtsp, '127.0.0.1');
  await once(other, 'listening');
  await expect(startMediaMtx(given)).rejects.toMatchObject({
    code: 'StartFailed',
    message: expect.stringMatching(/MediaMTX did not start; it said: .*address already in use/),
  });
  other.close();
});

it('the error of a local MediaMTX quotes the setting that it refuses', async () => {
  const given = await options();
  await expect(startMediaMtx({ ...given, config: `nonsense: 1\n` })).rejects.toMatchObject({
    code: 'StartFailed',
    message: expect.stringContaining('nonsense'),
  });
});

it('starting MediaMTX from a program that does not exist is reported as ProgramMissing', async () => {
  const given = await options();
  await expect(startMediaMtx({ ...given, binary: '/nowhere/mediamtx' })).rejects.toMatchObject({
    code: 'ProgramMissing',
  });
});
