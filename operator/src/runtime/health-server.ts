/** Two small HTTP servers: /metrics for Prometheus, and /healthz and /readyz for kubelet. */
import {
  type Answer,
  closeServer,
  createHealthServer,
  listen,
  metricsPage,
} from '@videopush/resources/health-server';

/** Null when all is well; else why not, in one sentence. */
export type Check = () => string | null;

export interface HealthServersOptions {
  metrics: () => Promise<{ contentType: string; text: string }>;
  /** Why this process should be restarted. */
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

export interface HealthServers {
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

/** Listens on both ports. @throws ListenError */
export async function openHealthServers(options: HealthServersOptions): Promise<HealthServers> {
  const { metrics, healthy, ready, metricsPort = 8080, healthPort = 8081, host } = options;
  const health = createHealthServer({
    '/healthz': () => checked(healthy()),
    '/readyz': () => checked(ready()),
  });
  const scrape = createHealthServer({ '/metrics': metricsPage(metrics) });
  const close = async () => {
    await Promise.all([closeServer(health), closeServer(scrape)]);
  };
  const open = (server: typeof health, what: string, port: number): Promise<number> =>
    listen(server, host, port).catch((error) => {
      throw new ListenError(what, port, error);
    });
  try {
    return {
      healthPort: await open(health, 'health', healthPort),
      metricsPort: await open(scrape, 'metrics', metricsPort),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const checked = (problem: string | null): Answer => ({
  status: problem === null ? 200 : 503,
  type: 'text/plain; charset=utf-8',
  body: `${problem ?? 'ok'}\n`,
});
