import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SOURCE_CONDITION } from './scripts/paths.mjs';
import { within } from './test/support/count.ts';

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

const LAST = ['/e2e/traffic.test.ts', '/e2e/printed.test.ts'];

/**
 * One order of files on every machine. Behind all others comes the one that judges their traffic, and then the one that
 * leaves no release behind.
 */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): string =>
      `${LAST.findIndex((name) => moduleId.endsWith(name)) + 1} ${moduleId}`;
    return files.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  }
}

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
