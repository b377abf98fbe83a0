/** The small HTTP server of a process: what Prometheus and kubelet ask it. */
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An import would read every export of the module, and one of them loads the whole client behind `fetch`. */
const { createServer } = process.getBuiltinModule('node:http');

/** The body of /readyz and /healthz. `code` is one word that programs may compare. */
export interface HealthReport {
  ok: boolean;
  code: string;
  message: string;
}

export interface Answer {
  status: number;
  type: string;
  body: string;
}

/** Made for each request; what it throws is answered with 500. */
export type Page = () => Answer | Promise<Answer>;

export const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(value)}\n`,
});

export const healthAnswer = (report: HealthReport): Answer => json(report.ok ? 200 : 503, report);

const problem = (status: number, code: string, message: string): Answer =>
  json(status, { ok: false, code, message });

/** The page of Prometheus, in the type of its text format. */
export const metricsPage =
  (metrics: () => Promise<{ contentType: string; text: string }>): Page =>
  async () => {
    const { contentType, text } = await metrics();
    return { status: 200, type: contentType, body: text };
  };

async function answer(method: string, path: string, pages: Readonly<Record<string, Page>>): Promise<Answer> {
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (!page) return problem(404, 'NotFound', `there is ${Object.keys(pages).join(', ')}`);
  if (method !== 'GET' && method !== 'HEAD') return problem(405, 'MethodNotAllowed', 'use GET or HEAD');
  try {
    return await page();
  } catch (error) {
    return problem(500, 'Internal', error instanceof Error ? error.message : String(error));
  }
}

function send(response: ServerResponse, { status, type, body }: Answer, withBody: boolean): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(withBody ? body : undefined);
}

/**
 * A server that is not listening yet. It serves at most 64 connections, and a
 * request may take 10 s to arrive.
 * @param pages by their paths
 */
export function createHealthServer(pages: Readonly<Record<string, Page>>): Server {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    const method = request.method ?? 'GET';
    void answer(method, path, pages).then((result) => send(response, result, method !== 'HEAD'));
  });
  server.maxConnections = 64;
  return server;
}

/**
 * Listens.
 * @param host an address of this machine; undefined: all of them
 * @param port 0: any that is free
 * @returns the port
 * @throws the system's error, such as EADDRINUSE
 */
export function listen(server: Server, host: string | undefined, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Ends the server and the connections that it has; also one that never listened. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
