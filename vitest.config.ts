import { defineConfig } from 'vitest/config';
import { SOURCE_CONDITION } from './scripts/paths.mjs';
import { InOrder } from './test/support/order.ts';
import { within } from './test/support/repetitions.ts';

/** What every stage shares: a process of its own per test file, since the addon keeps native state. */
const common = {
  pool: 'forks' as const,
  isolate: true,
  environment: 'node',
  execArgv: [`--conditions=${SOURCE_CONDITION}`],
};

/** Vite's own conditions, behind the one under which the workspace's packages are their sources. */
const conditions = [SOURCE_CONDITION, 'module', 'node', 'development|production'];
const resolve = { ssr: { resolve: { conditions, externalConditions: conditions } } };

/** The stages of scripts/test/stages.mjs that vitest runs; limits in milliseconds. */
export default defineConfig({
  test: {
    sequence: { sequencer: InOrder },
    projects: [
      {
        ...resolve,
        test: {
          ...common,
          name: 'unit',
          include: [
            '{native,resources,codec-worker,operator,cli,scripts,crds}/**/*.test.ts',
            'test/{chart,support}/**/*.test.ts',
          ],
          testTimeout: within(30_000),
          hookTimeout: 30_000,
        },
      },
      {
        ...resolve,
        test: {
          ...common,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...resolve,
        test: {
          ...common,
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: within(600_000),
          hookTimeout: 60_000,
        },
      },
      {
        ...resolve,
        test: {
          ...common,
          name: 'timing',
          include: ['test/timing/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: within(900_000),
          hookTimeout: 60_000,
        },
      },
      {
        ...resolve,
        test: {
          ...common,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/setup.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        ...resolve,
        test: {
          ...common,
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 1_200_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
