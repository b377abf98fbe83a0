import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REASONS } from '@videopush/resources/builders/conditions';
import { expect, it } from 'vitest';
import { repoRoot } from '../paths.mjs';

it.each(['docs/troubleshooting.md', 'docs/zh-CN/troubleshooting.md'])(
  'the page %s explains every reason that a condition may have',
  (page) => {
    const text = readFileSync(join(repoRoot, page), 'utf8');
    const unexplained = Object.values(REASONS).filter((reason) => !new RegExp(`\\b${reason}\\b`).test(text));
    expect(unexplained).toEqual([]);
  },
);
