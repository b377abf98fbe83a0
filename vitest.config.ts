import { defineConfig } from 'vitest/config';

/** What every stage shares: a process of its own per test file, since the addon keeps native state. */
const common = { pool: 'forks', isolate: true, environment: 'node' } as const;

/** The stages of scripts/test/stages.mjs that vitest runs; limits in milliseconds. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: [
            '{native,codec-worker,operator,cli,scripts,crds}/**/*.test.ts',
            'test/support/**/*.test.ts',
          ],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          ...common,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...common,
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...common,
          name: 'alone',
          include: ['test/alone/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
