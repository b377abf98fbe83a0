/** The worker's small HTTP side: /metrics, /healthz, /readyz, /status. */
import type { Server } from 'node:http';
import {
  createHealthServer,
  type HealthReport,
  healthAnswer,
  json,
  metricsPage,
} from '@videopush/resources/health-server';

/** What the pages show; every call is made per request. */
export interface Pages {
  metrics(): Promise<{ contentType: string; text: string }>;
  health(): HealthReport;
  ready(): HealthReport;
  status(): unknown;
}

/** A server that is not listening yet. */
export function createPagesServer(pages: Pages): Server {
  return createHealthServer({
    '/metrics': metricsPage(() => pages.metrics()),
    '/healthz': () => healthAnswer(pages.health()),
    '/readyz': () => healthAnswer(pages.ready()),
    '/status': () => json(200, pages.status()),
  });
}
