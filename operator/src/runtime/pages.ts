/** Two small HTTP servers: /metrics for Prometheus, and /healthz and /readyz for kubelet. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Null when all is well; else why not, in one sentence. */
export type Check = () => string | null;

export interface PagesOptions {
  metrics: () => Promise<{ contentType: string; text: string }>;
  /** Why this process should be started anew. */
  healthy: Check;
  /** Why this process cannot do its work yet. */
  ready: Check;
  /** default 8080; 0: any that is free */
  metricsPort?: number;
  /** default 8081; 0: any that is free */
  healthPort?: number;
  /** default: all addresses */
  host?: string | undefined;
}

export interface Pages {
  metricsPort: number;
  healthPort: number;
  close(): Promise<void>;
}

/** A port cannot be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code = 'ListenFailed';
  readonly action: string;

  constructor(what: string, port: number, cause: unknown) {
    super(`${what}: cannot listen on port ${port}: ${(cause as Error).message}`, { cause });
    this.action = `choose another port for the ${what} page, or end what listens there`;
  }
}

interface Answer {
  status: number;
  type: string;
  text: string;
}

type Handler = () => Answer | Promise<Answer>;

/** Listens. Rejects with ListenError. */
export async function openPages(options: PagesOptions): Promise<Pages> {
  const { metrics, healthy, ready, metricsPort = 8080, healthPort = 8081, host } = options;
  const health = serve({ '/healthz': () => verdict(healthy()), '/readyz': () => verdict(ready()) });
  const scrape = serve({
    '/metrics': async () => {
      const { contentType, text } = await metrics();
      return { status: 200, type: contentType, text };
    },
  });
  const close = async () => {
    await Promise.all([closeServer(health), closeServer(scrape)]);
  };
  try {
    return {
      healthPort: await listen(health, 'health', healthPort, host),
      metricsPort: await listen(scrape, 'metrics', metricsPort, host),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const plain = (status: number, text: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  text: `${text}\n`,
});

const verdict = (problem: string | null): Answer =>
  problem === null ? plain(200, 'ok') : plain(503, problem);

function serve(pages: Readonly<Record<string, Handler>>): Server {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    void answer(request.method ?? 'GET', Object.hasOwn(pages, path) ? pages[path] : undefined).then(
      (answer) => send(response, answer, request.method !== 'HEAD'),
    );
  });
  server.maxConnections = 64;
  return server;
}

async function answer(method: string, page: Handler | undefined): Promise<Answer> {
  if (!page) return plain(404, 'no such page');
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'use GET');
  try {
    return await page();
  } catch (error) {
    return plain(500, error instanceof Error ? error.message : String(error));
  }
}

function send(response: ServerResponse, { status, type, text }: Answer, withBody: boolean): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(withBody ? text : undefined);
}

function listen(server: Server, what: string, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new ListenError(what, port, error)));
    server.listen({ port, host }, () => resolve((server.address() as AddressInfo).port));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve()); // also when it never listened
    server.closeAllConnections();
  });
}
