import { describe, expect, it } from 'vitest';
import { brokenArrows, importsOfScript, layerOf, resolveImport } from './arrows.mjs';
import { codeBlocks, commandsOf, differentCommands, unpairedPages } from './documents.mjs';
import { forbiddenText, tooLong } from './text.mjs';
import { otherVersions } from './version.mjs';

/** Runs a rule over files given as path and content. */
function check(
  rule: (files: readonly string[], text: (file: string) => string) => string[],
  files: Record<string, string>,
): string[] {
  return rule(Object.keys(files), (file) => files[file] ?? '');
}

describe('the arrows of the design', () => {
  it('lets imports go the way of the arrows', () => {
    const problems = check(brokenArrows, {
      'native/src/binding/addon.cc': '#include <napi.h>\n#include "sessions/encode.h"\n',
      'native/src/sessions/encode.cc':
        '#include "sessions/encode.h"\n#include "ring/ring.h"\n#include <vector>\n',
      'native/src/ring/ring.cc': '#include "ring.h"\n#include "core/error.h"\n',
      'codec-worker/src/main.ts': "import { open } from '@videopush/native';\nimport './config.ts';\n",
      'cli/src/run.ts': "import { build } from '@videopush/resources/builders/worker-config';\n",
      'resources/src/builders/owner.ts': "import type { OwnerReference } from '../objects.ts';\n",
      'operator/src/kube/apply.ts': "import type { KubeObject } from '@videopush/resources/objects';\n",
      'operator/src/runtime/queue.test.ts': "import { ManualClock } from '../kube/testing/clock.ts';\n",
      'operator/src/controllers/a.ts': "import { queue } from '../runtime/queue.ts';\n",
      'test/integration/a.test.ts': "import { open } from '@videopush/native';\n",
    });
    expect(problems).toEqual([]);
  });

  it.each([
    ['native/src/ring/ring.cc', '#include "sessions/encode.h"\n'],
    ['native/src/media/decoder.cc', '#include "ring/ring.h"\n'],
    ['native/src/sessions/decode.cc', '#include <napi.h>\n'],
    ['native/src/core/error.cc', '  #  include <node_api.h>\n'],
    ['native/lib/index.ts', "import { x } from '@videopush/codec-worker';\n"],
    ['codec-worker/src/main.ts', "export { x } from '../../operator/src/config.ts';\n"],
    ['cli/src/render.ts', "import { x } from '@videopush/operator/config';\n"],
    ['operator/src/main.ts', "import { x } from '@videopush/codec-worker';\n"],
    ['resources/src/worker-config.ts', "import { x } from '@videopush/codec-worker';\n"],
    ['resources/src/builders/owner.ts', "import type { x } from '../../../operator/src/kube/resource.ts';\n"],
    ['resources/src/redact.ts', "import type { x } from '@videopush/native';\n"],
    ['operator/src/kube/apply.ts', "import { x } from '@videopush/resources/kinds';\n"],
    ['operator/src/kube/apply.ts', "import { x } from './testing/clock.ts';\n"],
    ['operator/src/kube/apply.ts', "import type { Queue } from '../runtime/queue.ts';\n"],
    ['operator/src/runtime/manager.ts', "const { x } = await import('../controllers/apply.ts');\n"],
    ['codec-worker/src/main.ts', "import { demoClip } from '../../scripts/paths.mjs';\n"],
    ['codec-worker/src/main.ts', "import { start } from '../../test/support/mediamtx.ts';\n"],
  ])('refuses %s with %s', (file, content) => {
    expect(check(brokenArrows, { [file]: content })).toHaveLength(1);
  });

  it('lets a test beside its source use the tests’ own tools', () => {
    const content = "import { start } from '../../test/support/mediamtx.ts';\n";
    expect(check(brokenArrows, { 'codec-worker/src/main.test.ts': content })).toEqual([]);
  });

  it('reads every form of import and leaves comments alone', () => {
    const text = [
      "import a from './a.ts';",
      "import type { B } from './b.ts';",
      "import './c.ts';",
      "export * from './d.ts';",
      "const e = await import('./e.ts');",
      'import {\n  f,\n  g,\n} from "./f.ts";',
      "// import x from './comment.ts';",
    ].join('\n');
    expect(importsOfScript(text)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts']);
  });

  it('knows the layers by their folders, not by the beginning of a name', () => {
    expect(layerOf('native/src/ring/ring.h')).toBe('native/src/ring');
    expect(layerOf('native/src/ringing/x.h')).toBeNull();
    expect(resolveImport('cli/src/a.ts', '../../native/lib/x.ts')).toBe('native/lib/x.ts');
    expect(resolveImport('cli/src/a.ts', 'node:fs')).toBeNull();
  });
});

describe('pages in two languages', () => {
  it('wants each page in both, but for the changelog', () => {
    const readmes = ['README.md', 'README.zh-CN.md', 'CHANGELOG.md'];
    const pairs = ['docs/a.md', 'docs/zh-CN/a.md', 'SECURITY.md', 'SECURITY.zh-CN.md', 'native/notes.md'];
    expect(unpairedPages([...readmes, ...pairs])).toEqual([]);
    expect(unpairedPages([...readmes, 'docs/a.md', 'docs/zh-CN/b/c.md', 'SECURITY.zh-CN.md'])).toEqual([
      'docs/a.md has no counterpart docs/zh-CN/a.md',
      'docs/zh-CN/b/c.md has no counterpart docs/b/c.md',
      'SECURITY.zh-CN.md has no counterpart SECURITY.md',
    ]);
  });

  it('wants a README', () => {
    expect(unpairedPages([])).toEqual(['README.md is missing']);
  });

  it('finds the commands of a page, each in one line and without comment', () => {
    const page =
      'Text\n\n```sh\nnpm test   # all of it\n\n# alone\necho "a#b" \\\n  c\n```\n\n```\nplain\n```\n';
    const blocks = codeBlocks(page);
    expect(blocks.map(({ language, line }) => [language, line])).toEqual([
      ['sh', 4],
      ['', 12],
    ]);
    expect(commandsOf(blocks[0]?.text ?? '')).toEqual(['npm test', 'echo "a#b" c']);
    expect(commandsOf('to=here # or there\nnpm test\necho $to\n')).toEqual(['to=here\nnpm test\necho $to']);
  });

  it('wants the same commands and samples in both, whatever their comments say', () => {
    const page = (...lines: string[]) => ['```sh', ...lines, '```'].join('\n');
    expect(
      check(differentCommands, {
        'docs/a.md': page('npm test # all', 'npm run demo'),
        'docs/zh-CN/a.md': page('npm test # 全部', 'npm run demo'),
      }),
    ).toEqual([]);
    expect(
      check(differentCommands, { 'docs/a.md': page('npm test'), 'docs/zh-CN/a.md': page('npm run demo') }),
    ).toEqual(['docs/a.md prints “npm test” where docs/zh-CN/a.md prints “npm run demo”']);
    expect(
      check(differentCommands, {
        'docs/a.md': page('npm test'),
        'docs/zh-CN/a.md': page('npm test', 'npm ci'),
      }),
    ).toEqual(['docs/a.md prints “nothing” where docs/zh-CN/a.md prints “npm ci”']);
  });
});

describe('the words of a file', () => {
  it('allows 450 lines and no more', () => {
    expect(
      check(tooLong, { 'a.ts': 'x\n'.repeat(450), 'b.cc': 'x\n'.repeat(451), 'c.md': 'x\n'.repeat(999) }),
    ).toEqual(['b.cc has 451 lines']);
  });

  it.each([
    ['a.ts', `// ${'TO'}DO later`],
    ['a.test.ts', `it.${'only'}('x', () => {})`],
    ['a.test.ts', `describe.concurrent.${'skip'}('x', () => {})`],
    ['a.cc', `TEST_CASE("x" * doctest::${'skip'}()) {}`],
    ['docs/a.md', `see /${'work'}/main`],
    ['package-lock.json', `"resolved": "${'https'}://example.invalid/x.tgz"`],
  ])('refuses in %s: %s', (file, content) => {
    expect(check(forbiddenText, { [file]: content })).toHaveLength(1);
  });

  it('leaves ordinary words alone', () => {
    const content = "it.each([])('skips only what is done', () => {});\nconst path = './work/x';\n";
    expect(check(forbiddenText, { 'a.test.ts': content })).toEqual([]);
  });
});

describe('the version of the project', () => {
  const same = {
    'package.json': '{\n  "version": "1.2.3"\n}\n',
    'cli/package.json': '{\n  "version": "1.2.3",\n  "dependencies": { "@videopush/native": "1.2.3" }\n}\n',
    'charts/videopush/Chart.yaml': 'version: 1.2.3\nappVersion: 1.2.3\n',
    'resources/src/builders/defaults.ts': "export const VERSION = '1.2.3';\n",
    'CHANGELOG.md': '# Changes\n\n## [1.2.3] - Unreleased\n\n## [1.2.2] - 2026-01-01\n',
    'docs/images.md': 'docker save videopush/operator:1.2.3 videopush/worker:1.2.3.\n',
  };

  it('may be the same everywhere', () => {
    expect(check(otherVersions, same)).toEqual([]);
  });

  it.each([
    ['cli/package.json', '"version": "1.2.3"', '"version": "1.2.2"'],
    ['cli/package.json', '"@videopush/native": "1.2.3"', '"@videopush/native": "1.2.2"'],
    ['charts/videopush/Chart.yaml', '\nappVersion: 1.2.3', '\nappVersion: 1.2.2'],
    ['resources/src/builders/defaults.ts', '1.2.3', '1.2.2'],
    ['CHANGELOG.md', '## [1.2.3]', '## [1.2.2]'],
    ['docs/images.md', 'worker:1.2.3', 'worker:1.2.2'],
  ] as const)('is refused in %s where %s reads %s', (file, before, after) => {
    const files = { ...same, [file]: same[file].replace(before, after) };
    expect(check(otherVersions, files)).toEqual([`${file} says 1.2.2; package.json says 1.2.3`]);
  });

  it('must not be missing where it belongs', () => {
    const files = { ...same, 'charts/videopush/Chart.yaml': 'version: 1.2.3\n' };
    expect(check(otherVersions, files)).toEqual([expect.stringContaining('Chart.yaml has no version')]);
  });
});
