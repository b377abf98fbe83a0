/** The worker's small HTTP side: /metrics, /healthz, /readyz, /status. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HealthReport } from './readiness.ts';

/** What the pages show; every call is made per request. */
export interface Pages {
  metrics(): Promise<{ contentType: string; text: string }>;
  health(): HealthReport;
  ready(): HealthReport;
  status(): unknown;
}

const JSON_TYPE = 'application/json; charset=utf-8';

interface Answer {
  status: number;
  type: string;
  body: string;
}

type Page = (pages: Pages) => Answer | Promise<Answer>;

const PAGES: Readonly<Record<string, Page>> = {
  '/metrics': async (pages) => {
    const { contentType, text } = await pages.metrics();
    return { status: 200, type: contentType, body: text };
  },
  '/healthz': (pages) => verdictAnswer(pages.health()),
  '/readyz': (pages) => verdictAnswer(pages.ready()),
  '/status': (pages) => json(200, pages.status()),
};

function verdictAnswer(verdict: HealthReport): Answer {
  return json(verdict.ok ? 200 : 503, verdict);
}

function json(status: number, value: unknown): Answer {
  return { status, type: JSON_TYPE, body: `${JSON.stringify(value)}\n` };
}

function problem(status: number, code: string, message: string): Answer {
  return json(status, { ok: false, code, message });
}

async function answer(method: string, path: string, pages: Pages): Promise<Answer> {
  const page = PAGES[path];
  if (!page) return problem(404, 'NotFound', `there is ${Object.keys(PAGES).join(', ')}`);
  if (method !== 'GET' && method !== 'HEAD') return problem(405, 'MethodNotAllowed', 'use GET or HEAD');
  try {
    return await page(pages);
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

/** A server that is not listening yet. Bounded in connections and in the time that a request may take. */
export function createPagesServer(pages: Pages): Server {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    const method = request.method ?? 'GET';
    void answer(method, path, pages).then((result) => send(response, result, method !== 'HEAD'));
  });
  server.maxConnections = 64;
  return server;
}

/** Listens; resolves with the port (of use when `port` is 0), rejects with the system's error. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
