import type { Server } from 'node:http';
import { listen } from '@videopush/resources/health-server';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPagesServer, type Pages } from './http.ts';

let server: Server;
let base: string;
let pages: Pages;

beforeEach(async () => {
  pages = {
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'a 1\n' }),
    health: () => ({ ok: true, code: 'Alive', message: 'yes' }),
    ready: () => ({ ok: false, code: 'ConnectRefused', message: 'no' }),
    status: () => ({ role: 'encoder' }),
  };
  server = createPagesServer({
    metrics: () => pages.metrics(),
    health: () => pages.health(),
    ready: () => pages.ready(),
    status: () => pages.status(),
  });
  base = `http://127.0.0.1:${await listen(server, '127.0.0.1', 0)}`;
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

it('/metrics answers with the content type of its format', async () => {
  const response = await fetch(`${base}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(await response.text()).toBe('a 1\n');
});

it('a worker that is not ready answers /readyz with 503, code and message, and one that is alive /healthz with 200', async () => {
  const ready = await fetch(`${base}/readyz?verbose`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ ok: false, code: 'ConnectRefused', message: 'no' });
  expect((await fetch(`${base}/healthz`)).status).toBe(200);
});

it('/status answers GET with JSON, and HEAD without a body', async () => {
  expect(await (await fetch(`${base}/status`)).json()).toEqual({ role: 'encoder' });
  const head = await fetch(`${base}/status`, { method: 'HEAD' });
  expect(head.headers.get('content-length')).toBe('19');
  expect(await head.text()).toBe('');
});

it('a request is answered with 405 by another method and 404 for another page, each with what there is', async () => {
  const post = await fetch(`${base}/status`, { method: 'POST' });
  expect(post.status).toBe(405);
  expect(post.headers.get('allow')).toBe('GET, HEAD');
  const unknown = await fetch(`${base}/`);
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toMatchObject({ message: 'there is /metrics, /healthz, /readyz, /status' });
});

it('a page that fails is answered with 500, and the other pages go on', async () => {
  pages.status = () => {
    throw new Error('no snapshot');
  };
  const response = await fetch(`${base}/status`);
  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({ code: 'Internal', message: 'no snapshot' });
  expect((await fetch(`${base}/healthz`)).status).toBe(200);
});

it('listening on a taken port fails with an error and does not end the process', async () => {
  const other = createPagesServer(pages);
  await expect(listen(other, '127.0.0.1', Number(new URL(base).port))).rejects.toThrow('EADDRINUSE');
});
