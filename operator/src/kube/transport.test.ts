import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isConflict, isGone, isNotFound } from './errors.ts';
import { Resource } from './resource.ts';
import { HttpTransport } from './transport.ts';
import { WriteGate } from './write-gate.ts';

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

const pods = { group: '', version: 'v1', kind: 'Pod', plural: 'pods' };
const pushes = { group: 'videopush.dev', version: 'v1alpha1', kind: 'VideoPush', plural: 'videopushes' };
const signal = AbortSignal.timeout(20_000);

let server: Server;
let transport: HttpTransport;
let gate: WriteGate;
let answer: RequestListener;
const seen: Seen[] = [];
const sockets = new Set<Socket>();

beforeEach(async () => {
  seen.length = 0;
  answer = (_request, response) => response.end('{"metadata":{"name":"x"}}');
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, body: body ? JSON.parse(body) : undefined });
    answer(request, response);
  });
  server.on('connection', (socket) => sockets.add(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  transport = new HttpTransport({
    server: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    credentials: async () => ({ headers: { authorization: 'Bearer t0ken' } }),
    userAgent: 'videopush-operator/test',
    timeout: 300,
  });
  gate = new WriteGate();
  gate.open();
});

afterEach(async () => {
  transport.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server.close();
  await once(server, 'close');
});

const refuse = (code: number, reason: string, headers = {}) => {
  answer = (_request, response) => {
    response.writeHead(code, headers);
    response.end(JSON.stringify({ kind: 'Status', code, reason, message: `${reason} it is` }));
  };
};

describe('requests', () => {
  it('a request goes to the path of its object, in a group or in none, in a namespace or in none', async () => {
    await new Resource(pods, transport, gate).get({ namespace: 'media', name: 'p 1' }, signal);
    await new Resource(pushes, transport, gate).get({ namespace: 'media', name: 'v' }, signal);
    await new Resource({ ...pods, plural: 'nodes' }, transport, gate).get({ name: 'n' }, signal);
    expect(seen.map(({ url }) => url)).toEqual([
      '/api/v1/namespaces/media/pods/p%201',
      '/apis/videopush.dev/v1alpha1/namespaces/media/videopushes/v',
      '/api/v1/nodes/n',
    ]);
    expect(seen[0]?.headers).toMatchObject({
      authorization: 'Bearer t0ken',
      'user-agent': 'videopush-operator/test',
    });
  });

  it('requests share one connection', async () => {
    const resource = new Resource(pods, transport, gate);
    for (let i = 0; i < 20; i++) await resource.get({ name: 'n' }, signal);
    expect(sockets.size).toBe(1);
  });

  it('an apply sends exactly the given fields, with kind and version, by force', async () => {
    const resource = new Resource(pushes, transport, gate);
    const object = { metadata: { namespace: 'media', name: 'v' }, spec: { ingress: [{ from: [{}] }] } };
    await resource.apply(object, { fieldManager: 'videopush-controller', subresource: 'status', signal });
    expect(seen[0]).toMatchObject({
      method: 'PATCH',
      url: '/apis/videopush.dev/v1alpha1/namespaces/media/videopushes/v/status?fieldManager=videopush-controller&force=true&fieldValidation=Strict',
      body: { ...object, apiVersion: 'videopush.dev/v1alpha1', kind: 'VideoPush' },
    });
    expect(seen[0]?.headers['content-type']).toBe('application/apply-patch+yaml');
  });

  it('a deletion names the uid of the object that it means', async () => {
    await new Resource(pods, transport, gate).delete({ namespace: 'a', name: 'p' }, { uid: 'u-1' }, signal);
    expect(seen[0]).toMatchObject({
      method: 'DELETE',
      body: { kind: 'DeleteOptions', propagationPolicy: 'Background', preconditions: { uid: 'u-1' } },
    });
  });

  it('a write is not sent while the gate is closed, but a read is', async () => {
    await gate.close();
    const resource = new Resource(pods, transport, gate);
    await expect(resource.create({ metadata: { name: 'p' } }, signal)).rejects.toThrow('not the leader');
    await resource.get({ name: 'p' }, signal);
    expect(seen.map(({ method }) => method)).toEqual(['GET']);
  });
});

describe('an answer', () => {
  it("an answer that refuses becomes an error with the server's own words", async () => {
    const resource = new Resource(pods, transport, gate);
    for (const [code, reason, is] of [
      [404, 'NotFound', isNotFound],
      [409, 'Conflict', isConflict],
      [410, 'Expired', isGone],
    ] as const) {
      refuse(code, reason);
      const error = await resource.get({ namespace: 'a', name: 'p' }, signal).catch((e: unknown) => e);
      expect(is(error)).toBe(true);
      expect(error).toMatchObject({
        code,
        reason,
        message: `GET /api/v1/namespaces/a/pods/p: ${reason} it is`,
      });
    }
  });

  it('an answer that asks for patience becomes an error that says for how long', async () => {
    refuse(429, 'TooManyRequests', { 'retry-after': '3' });
    const resource = new Resource(pods, transport, gate);
    await expect(resource.get({ name: 'p' }, signal)).rejects.toMatchObject({ code: 429, retryAfter: 3_000 });
  });

  it("an answer in a proxy's own words becomes an error", async () => {
    answer = (_request, response) => response.writeHead(502).end('<html>bad gateway</html>');
    const resource = new Resource(pods, transport, gate);
    await expect(resource.get({ name: 'p' }, signal)).rejects.toMatchObject({ code: 502, reason: '' });
    answer = (_request, response) => response.end('<html>welcome</html>');
    await expect(resource.get({ name: 'p' }, signal)).rejects.toThrow('not JSON');
  });

  it('a missing answer is waited for until the limit, or until the caller gives up', async () => {
    answer = () => undefined;
    const resource = new Resource(pods, transport, gate);
    await expect(resource.get({ name: 'p' }, signal)).rejects.toThrow('no answer within 0.3 s');
    const caller = new AbortController();
    const asked = resource.get({ name: 'p' }, caller.signal);
    caller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
});

describe('a collection', () => {
  it('a collection is read page by page', async () => {
    answer = (_request, response) =>
      response.end(
        '{"metadata":{"resourceVersion":"7","continue":"next"},"items":[{"metadata":{"name":"p"}}]}',
      );
    const pages = new Resource(pods, transport, gate).collection({
      namespace: 'a',
      labelSelector: 'app=x,y!=z',
    });
    expect(await pages.list({ limit: 2, continue: 'more', signal })).toEqual({
      items: [{ metadata: { name: 'p' } }],
      resourceVersion: '7',
      continue: 'next',
    });
    expect(seen[0]?.url).toBe(
      '/api/v1/namespaces/a/pods?labelSelector=app%3Dx%2Cy%21%3Dz&limit=2&continue=more',
    );
  });

  const watched = async (names: string[]) => {
    const things = new Resource(pods, transport, gate).collection();
    const from = { resourceVersion: '7', timeoutSeconds: 300, signal };
    for await (const { object } of things.watch(from))
      names.push((object as { metadata: { name: string } }).metadata.name);
  };

  it('a collection is watched event by event, however the answer is cut into pieces', async () => {
    const text = ['a', 'ü', 'c'].map((name) => `{"type":"ADDED","object":{"metadata":{"name":"${name}"}}}\n`);
    const bytes = Buffer.from(text.join(''));
    answer = async (_request, response) => {
      for (const byte of bytes) {
        response.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      response.end();
    };
    const names: string[] = [];
    await watched(names);
    expect(names).toEqual(['a', 'ü', 'c']);
    expect(seen[0]?.url).toBe(
      '/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300',
    );
  });

  it('a watch of a collection that breaks off ends in an error', async () => {
    answer = (_request, response) => {
      response.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n');
      setTimeout(() => response.destroy(), 50);
    };
    const names: string[] = [];
    await expect(watched(names)).rejects.toThrow();
    expect(names).toEqual(['a']);
  });
});
