import { globSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../scripts/paths.mjs';
import { filesOfPart } from './order.ts';

const filesOf = (stage: string) => globSync(`test/${stage}/*.test.ts`, { cwd: repoRoot });

describe('the parts of a stage', () => {
  it.each([2, 3])('a stage divided into %i parts has every file in exactly one part', (parts) => {
    const files = filesOf('integration');
    const dealt = Array.from({ length: parts }, (_, at) => filesOfPart(files, at + 1, parts));
    expect(dealt.flat().sort()).toEqual(files.sort());
    const lengths = dealt.map(({ length }) => length);
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
  });

  it('each part of a stage has the file that judges the traffic of the others', () => {
    const files = filesOf('e2e');
    const [first, second] = [1, 2].map((part) => filesOfPart(files, part, 2));
    const judge = 'test/e2e/api-requests.test.ts';
    expect(first).toContain(judge);
    expect(second).toContain(judge);
    expect([...new Set([...(first ?? []), ...(second ?? [])])].sort()).toEqual(files.sort());
  });
});
