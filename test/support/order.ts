/** In which order vitest runs test files, and which of them are in a part of a stage (`--shard 1/2`). */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * It judges what the files before it asked of the API server, so that each part of the stage ends with it.
 */
const JUDGE = '/e2e/api-requests.test.ts';
/** Behind all others comes the judge, and then the file that leaves no release behind. */
const LAST = [JUDGE, '/e2e/printed.test.ts'];

const rank = (file: string): string => `${LAST.findIndex((name) => file.endsWith(name)) + 1} ${file}`;

/**
 * Deals the files out in the order of their names, one after the other.
 * @param part from 1 to `parts`
 */
export function filesOfPart(files: readonly string[], part: number, parts: number): string[] {
  const dealt = files.filter((file) => !file.endsWith(JUDGE)).sort();
  const judges = files.filter((file) => file.endsWith(JUDGE));
  return [...dealt.filter((_, at) => at % parts === part - 1), ...judges];
}

/** One order of files on every machine. */
export class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.sort((a, b) => (rank(a.moduleId) < rank(b.moduleId) ? -1 : 1));
  }

  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { shard } = this.ctx.config;
    if (!shard) return files;
    const names = files.map(({ moduleId }) => moduleId);
    const chosen = filesOfPart(names, shard.index, shard.count);
    return files.filter(({ moduleId }) => chosen.includes(moduleId));
  }
}
