/** The client of MediaMTX's control API against the real server and against other servers. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MediaMtxApi } from '../../resources/src/builders/mediaserver/kinds/mediamtx/api.ts';
import { type ApiPlace, ServerApiError } from '../../resources/src/builders/mediaserver/server-api.ts';
import { MediaMtx, type MediaMtxOptions } from '../support/mediamtx.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const administrator = { user: 'operator', password: 'secret-of-the-operator' };
const placeOf = (port: number): ApiPlace => ({
  host: '127.0.0.1',
  port,
  account: { name: administrator.user, password: administrator.password },
});
const api = new MediaMtxApi();
const slate = { codec: 'H264' } as const;
const never = new AbortController().signal;

/** A publisher's words, up to where it publishes to. */
const PICTURES =
  '-re -f lavfi -i testsrc2=size=320x180:rate=25 -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p -f rtsp -rtsp_transport tcp';

const start = (paths: MediaMtxOptions['paths'] = {}): Promise<MediaMtx> =>
  MediaMtx.start({ paths, administrator });

const refusalOf = async (asking: Promise<unknown>): Promise<ServerApiError> => {
  const error = await asking.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ServerApiError);
  return error as ServerApiError;
};

/** Milliseconds until it has failed. */
async function failsAfter(asking: Promise<unknown>, expected: unknown): Promise<number> {
  const began = performance.now();
  await expect(asking).rejects.toThrow(expected as RegExp);
  return performance.now() - began;
}

describe('paths', () => {
  it('paths of MediaMTX are added under any valid name, listed and removed, and each call may be repeated', async () => {
    await using server = await start();
    const place = placeOf(server.apiPort);
    expect(await api.list(place, never)).toEqual([]);
    for (const name of ['plain', 'films/2024/a-b_c.d']) {
      await api.add(place, { name, slate }, never);
      await api.add(place, { name, slate }, never);
    }
    const seen = { named: true, online: false, readers: 0, bytesSent: 0 };
    const named = (name: string) => expect.objectContaining({ ...seen, name });
    expect(await api.list(place, never)).toEqual([named('films/2024/a-b_c.d'), named('plain')]);
    expect(await api.find(place, 'films/2024/a-b_c.d', never)).toEqual(named('films/2024/a-b_c.d'));
    expect((await server.path('plain'))?.available).toBe(true);
    await api.remove(place, 'films/2024/a-b_c.d', never);
    expect(await api.find(place, 'films/2024/a-b_c.d', never)).toBeNull();
    await api.remove(place, 'films/2024/a-b_c.d', never);
    expect(await api.list(place, never)).toEqual([named('plain')]);
  });

  it("a path that MediaMTX refuses is reported with the server's words", async () => {
    await using server = await start();
    const error = await refusalOf(api.add(placeOf(server.apiPort), { name: 'with space', slate }, never));
    expect(error.message).toMatch(/^adding path "with space": it answered 400 \w+/);
  });

  it('a path of MediaMTX shows its publisher, viewers and bytes, and whether it was added by name', async () => {
    await using server = await start({ all_others: { alwaysAvailable: false } });
    const place = placeOf(server.apiPort);
    await api.add(place, { name: 'live', slate }, never);
    await using _named = ffmpeg(`${PICTURES} ${server.rtsp()}`);
    await using _stray = ffmpeg(`${PICTURES} ${server.rtsp('stray')}`);
    await server.untilOnline('live');
    await server.untilOnline('stray');
    await using _viewer = ffmpeg(`-rtsp_transport tcp -i ${server.rtsp()} -f null -`);
    await until(
      'a viewer that gets bytes',
      async () =>
        (await api.list(place, never)).some(({ readers, bytesSent }) => readers === 1 && bytesSent > 0),
      20_000,
    );
    const [live, stray] = await api.list(place, never);
    expect(live).toMatchObject({ name: 'live', named: true, online: true, readers: 1 });
    expect(stray).toMatchObject({ name: 'stray', named: false, online: true, readers: 0, bytesSent: 0 });
    expect(live?.bytesReceived).toBeGreaterThan(1000);
  });

  it('paths of MediaMTX are all listed when one page cannot hold them', async () => {
    const names = Array.from({ length: 1201 }, (_, i) => `path-${String(i).padStart(4, '0')}`);
    await using server = await start(
      Object.fromEntries(names.map((name) => [name, { alwaysAvailable: false }])),
    );
    const seen = await api.list(placeOf(server.apiPort), never);
    expect(seen.map(({ name }) => name)).toEqual(names);
  });
});

describe('an error of a server is reported without the password', () => {
  it('a server with other credentials is reported without the password', async () => {
    await using server = await start();
    const stranger = {
      ...placeOf(server.apiPort),
      account: { name: 'operator', password: 'a-wrong-guess' },
    };
    const attempts: [string, () => Promise<unknown>][] = [
      ['asking for its paths', () => api.list(stranger, never)],
      ['asking for path "a"', () => api.find(stranger, 'a', never)],
      ['adding path "a"', () => api.add(stranger, { name: 'a', slate }, never)],
      ['removing path "a"', () => api.remove(stranger, 'a', never)],
    ];
    for (const [doing, attempt] of attempts) {
      const { message } = await refusalOf(attempt());
      expect(message).toMatch(new RegExp(`^${doing}: it answered 401`));
      expect(message).not.toMatch(/wrong-guess|YS13cm9uZy1ndWVzcw|Basic/);
    }
  });

  it('a server that does not exist or has ended is reported without the password', async () => {
    const nobody = await freePort();
    const error = await refusalOf(api.list(placeOf(nobody), never));
    expect(error.message).toBe(`127.0.0.1:${nobody}: ECONNREFUSED`);
    await using server = await start();
    server.signal('SIGKILL');
    await server.ended;
    expect((await refusalOf(api.list(placeOf(server.apiPort), never))).message).toMatch(/ECONNREFUSED$/);
  });

  it('a call to a stopped server fails within 5 s, and at once after an abort', async () => {
    await using server = await start();
    const place = placeOf(server.apiPort);
    server.signal('SIGSTOP');
    try {
      const took = await failsAfter(api.list(place, never), /^127\.0\.0\.1:\d+: no answer within 5 s$/);
      expect(took).toBeGreaterThan(4900);
      expect(took).toBeLessThan(6000);
      const stop = new AbortController();
      const asking = failsAfter(api.add(place, { name: 'a', slate }, stop.signal), /the operator ends/);
      await sleep(200); // the request is on its way
      const aborted = performance.now();
      stop.abort(new Error('the operator ends'));
      await asking;
      expect(performance.now() - aborted).toBeLessThan(100);
    } finally {
      server.signal('SIGCONT');
    }
    // The server may have carried out the aborted call; a second call is harmless either way.
    await api.add(place, { name: 'a', slate }, never);
    expect(await api.list(place, never)).toMatchObject([{ name: 'a', named: true }]);
  });
});

describe('an answer is not waited for and not believed without bounds', () => {
  it('an answer that trickles is cut off after 5 s', async () => {
    await using other = await serve((_, response) => {
      const timer = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(timer));
    });
    const took = await failsAfter(api.list(placeOf(other.port), never), /no answer within 5 s$/);
    expect(took).toBeLessThan(6000);
  });

  it.each<[string, RequestListener, RegExp]>([
    [
      'is endless',
      (_, response) => void response.end(Buffer.alloc(5_000_000, ' ')),
      /an answer of more than 4194304 bytes$/,
    ],
    [
      'leads elsewhere',
      (_, response) => void response.writeHead(302, { location: '/v3/other' }).end(),
      /redirect/,
    ],
    ['is no list', (_, response) => void response.end('{"items": 7}'), /^the list of paths is not one$/],
    ['is no JSON', (_, response) => void response.end('<html>'), /^the list of paths is not one$/],
    [
      'is an error without words',
      (_, response) => void response.writeHead(500).end(),
      /^asking for its paths: it answered 500$/,
    ],
  ])('an answer of MediaMTX that %s is refused', async (_, listener, message) => {
    await using other = await serve(listener);
    expect((await refusalOf(api.list(placeOf(other.port), never))).message).toMatch(message);
  });
});

function ffmpeg(words: string): Program {
  return new Program('ffmpeg', ['-v', 'error', '-nostdin', ...words.split(' ')], { limitMilliseconds: 0 });
}

/** A server that is no MediaMTX. */
async function serve(listener: RequestListener): Promise<AsyncDisposable & { port: number }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
