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

it('metrics come in the type of their format', async () => {
  const response = await fetch(`${base}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(await response.text()).toBe('a 1\n');
});

it('not ready is 503 with code and message, alive is 200', async () => {
  const ready = await fetch(`${base}/readyz?verbose`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ ok: false, code: 'ConnectRefused', message: 'no' });
  expect((await fetch(`${base}/healthz`)).status).toBe(200);
});

it('the status is JSON, and HEAD gives its head only', async () => {
  expect(await (await fetch(`${base}/status`)).json()).toEqual({ role: 'encoder' });
  const head = await fetch(`${base}/status`, { method: 'HEAD' });
  expect(head.headers.get('content-length')).toBe('19');
  expect(await head.text()).toBe('');
});

it('another method is 405 and another page 404, each with what there is', async () => {
  const post = await fetch(`${base}/status`, { method: 'POST' });
  expect(post.status).toBe(405);
  expect(post.headers.get('allow')).toBe('GET, HEAD');
  const unknown = await fetch(`${base}/`);
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toMatchObject({ message: 'there is /metrics, /healthz, /readyz, /status' });
});

it('a page that fails is 500 and takes nothing else down', async () => {
  pages.status = () => {
    throw new Error('no snapshot');
  };
  const response = await fetch(`${base}/status`);
  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({ code: 'Internal', message: 'no snapshot' });
  expect((await fetch(`${base}/healthz`)).status).toBe(200);
});

it('a taken port is an error, not an end', async () => {
  const other = createPagesServer(pages);
  await expect(listen(other, '127.0.0.1', Number(new URL(base).port))).rejects.toThrow('EADDRINUSE');
});
