import { describe, expect, it } from 'vitest';
import { deadLinks, namedFilesMissing, orphanPages } from './links.mjs';

type Rule = (files: readonly string[], text: (file: string) => string) => string[];

/** Runs a rule over files given as path and content. */
const check = (rule: Rule, files: Record<string, string>) =>
  rule(Object.keys(files), (file) => files[file] ?? '');

describe('links', () => {
  it('links may lead to files, folders, headings and other sites', () => {
    const page =
      '[a](a.md#two-words--more) [b](../examples) [c](../examples/x/) [d](https://x.example) [e](#名-b)';
    const files = {
      'docs/b.md': `# 名 b\n${page}`,
      'docs/a.md': '## Two words & more',
      'examples/x/1.yaml': '',
    };
    expect(check(deadLinks, files)).toEqual([]);
  });

  it('a link is dead when its file or heading does not exist', () => {
    const files = {
      'docs/b.md': '[a](a.md#gone) [b](c.md) ![p](p.svg)',
      'docs/a.md': '# Here\n```\n# gone\n```',
    };
    expect(check(deadLinks, files)).toEqual([
      'docs/b.md links to docs/a.md#gone, a heading that does not exist',
      'docs/b.md links to docs/c.md, which does not exist',
      'docs/b.md links to docs/p.svg, which does not exist',
    ]);
  });

  it('links in code are ignored', () => {
    expect(check(deadLinks, { 'a.md': '`[a](b.md)`\n```\n[a](b.md)\n```\n' })).toEqual([]);
  });
});

describe('pages without a way to them', () => {
  it('a page is reported when only the other language links to it', () => {
    const files = {
      'README.md': '[中文](README.zh-CN.md) [a](docs/a.md) [log](CHANGELOG.md)',
      'README.zh-CN.md': '[log](CHANGELOG.md)',
      'CHANGELOG.md': '',
      'docs/a.md': '[中文](zh-CN/a.md) [b](b.md)',
      'docs/b.md': '',
      'docs/zh-CN/a.md': '',
    };
    expect(check(orphanPages, files)).toEqual(['docs/zh-CN/a.md cannot be reached from README.zh-CN.md']);
  });
});

describe('the README of a package', () => {
  it("a package's README must be reached, and may name only files that exist", () => {
    const files = {
      'README.md': '[a](a/README.md)',
      'README.zh-CN.md': '',
      'a/README.md': '`a/gone.ts`',
      'a/README.zh-CN.md': '',
    };
    expect(check(orphanPages, files)).toEqual(['a/README.zh-CN.md cannot be reached from README.zh-CN.md']);
    expect(check(namedFilesMissing, files)).toEqual(['a/README.md names a/gone.ts, which does not exist']);
  });
});

describe('files that a page names', () => {
  it('a file that a page names must exist when its first folder does', () => {
    const files = {
      'docs/a.md':
        '`native/src/a.cc` `native/src/` `native/src/b.cc` `videopush/worker` `dist/x`\n```\nnative/c\n```',
      'native/src/a.cc': '',
    };
    expect(check(namedFilesMissing, files)).toEqual([
      'docs/a.md names native/src/b.cc, which does not exist',
    ]);
  });
});
