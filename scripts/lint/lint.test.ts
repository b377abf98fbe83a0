import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runSync } from '../child.mjs';
import { otherStarters } from './child-processes.mjs';
import { codeBlocks, commandsOf, differentCommands, unpairedPages } from './documents.mjs';
import { brokenArrows } from './layers.mjs';
import { strayServerKinds } from './server-kinds.mjs';
import { forbiddenText, tooLong, wideComments } from './text.mjs';
import { otherVersions } from './version.mjs';

/** Runs a rule over files given as path and content. */
function check(
  rule: (files: readonly string[], text: (file: string) => string) => string[],
  files: Record<string, string>,
): string[] {
  return rule(Object.keys(files), (file) => files[file] ?? '');
}

it('child processes are started by their homes alone; others may name their types', () => {
  const problems = check(otherStarters, {
    'scripts/child.mjs': "import { spawn } from 'node:child_process';\n",
    'test/support/a.ts': "import type { ChildProcess } from 'node:child_process';\n",
    'cli/src/run.ts': "import { spawn } from 'node:child_process';\n",
    'operator/src/a.ts': "import {\n  execFile,\n  spawn,\n} from 'child_process';\n",
    'scripts/b.mjs': "import * as processes from 'node:child_process';\n",
    'cli/bin/videopush.mjs': "import { spawn } from 'node:child_process';\n",
  });
  expect(problems).toEqual([
    'cli/src/run.ts starts processes itself; cli/src/local/program.ts does so for the product',
    'operator/src/a.ts starts processes itself; cli/src/local/program.ts does so for the product',
    'scripts/b.mjs starts processes itself; scripts/child.mjs does so for the scripts',
  ]);
});

it('a kind of media server is known in its own folders, by the records of kinds, and by tests alone', () => {
  const controllers = 'operator/src/controllers/mediaserver';
  const builders = 'resources/src/builders/mediaserver';
  const problems = check(strayServerKinds, {
    [`${controllers}/kinds/mediamtx/path-changes.ts`]: "const CATCH_ALL = 'all_others';\n",
    [`${controllers}/kinds/index.ts`]: 'const KINDS = { MediaMTX: MEDIAMTX };\n',
    [`${controllers}/plan.test.ts`]: "const image = 'bluenviron/mediamtx:1.22.0';\n",
    [`${controllers}/plan.ts`]: "\nconst CATCH_ALL = 'all_others';\n",
    [`${controllers}/status.ts`]: 'const where = `port 9997 of its pod`;\n',
    [`${controllers}/index.ts`]: "import { MediaMtxApi } from '@videopush/resources/mediamtx-api';\n",
    [`${builders}/services.ts`]: "import { publicPorts } from './kinds/mediamtx/ports.ts';\n",
    'cli/src/local/mediamtx.ts': '/** A MediaMTX on this machine. */\n',
  });
  expect(problems).toEqual([
    `${controllers}/plan.ts:2: belongs into kinds/mediamtx: const CATCH_ALL = 'all_others';`,
    expect.stringContaining(`${controllers}/status.ts:1: `),
    expect.stringContaining(`${controllers}/index.ts:1: `),
    expect.stringContaining(`${builders}/services.ts:1: `),
  ]);
});

describe('the arrows of the C++ sources', () => {
  it('lint accepts C++ includes that go the way of the arrows', () => {
    const problems = check(brokenArrows, {
      'native/src/binding/addon.cc': '#include <napi.h>\n#include "sessions/encode.h"\n',
      'native/src/sessions/encode/loop.cc':
        '#include "sessions/encode/loop.h"\n#include "ring/ring.h"\n#include <vector>\n',
      'native/src/ring/ring.cc': '#include "ring.h"\n#include "core/error.h"\n',
      'native/test/ring/a_test.cc': '#include "sinks/url.h"\n',
    });
    expect(problems).toEqual([]);
  });

  it.each([
    ['native/src/ring/ring.cc', '#include "sessions/encode.h"\n'],
    ['native/src/media/source/decoder.cc', '#include "ring/ring.h"\n'],
    ['native/src/media/source/decoder.cc', '#include "../../ring/ring.h"\n'],
    ['native/src/sessions/decode.cc', '#include <napi.h>\n'],
    ['native/src/core/error.cc', '  #  include <node_api.h>\n'],
    ['native/src/ring/ring.cc', '#include "ringing/x.h"\n'],
    ['native/src/ringing/x.cc', '#include "core/error.h"\n'],
  ])('lint refuses C++ includes against the arrows: %s with %s', (file, content) => {
    expect(check(brokenArrows, { [file]: content })).toHaveLength(1);
  });
});

describe('what Biome holds of the TypeScript sources', () => {
  const GOOD = {
    'codec-worker/src/a.ts': "import '@videopush/native';\n",
    'codec-worker/src/a.test.ts': "import '../../test/support/mediamtx.ts';\n",
    'cli/src/a.ts': "import '@videopush/codec-worker';\n",
    'operator/src/controllers/a.ts': "import '../runtime/queue.ts';\nimport '@videopush/resources/kinds';\n",
    'operator/src/runtime/a.ts':
      "import '@videopush/resources/objects';\nimport '@videopush/resources/health-server';\n",
    'operator/src/kube/a.ts': "import '@videopush/resources/objects';\n",
    'test/integration/a.test.ts': "import '../../operator/src/kube/clock.ts';\n",
    'operator/src/g.test.ts': "import 'ajv';\n",
    'test/support/a.ts': "import '@videopush/native';\n",
    'test/integration/b.test.ts': "import { it } from 'vitest';\nit('x', () => {});\n",
  };
  const BAD = [
    ['resources/src/a.ts', "import '@videopush/codec-worker';", 'noUndeclaredDependencies'],
    ['native/lib/a.ts', "export { x } from '@videopush/codec-worker';", 'noUndeclaredDependencies'],
    ['codec-worker/src/b.ts', "import '@videopush/operator';", 'noUndeclaredDependencies'],
    ['operator/src/controllers/b.ts', "import '@videopush/native';", 'noUndeclaredDependencies'],
    ['operator/src/g.ts', "import 'ajv';", 'noUndeclaredDependencies'],
    ['cli/src/k.test.ts', "import 'fast-check';", 'noUndeclaredDependencies'],
    ['test/support/b.ts', "import 'commander';", 'noUndeclaredDependencies'],
    ['codec-worker/src/c.ts', "export { x } from '../../operator/src/main.ts';", 'noRestrictedImports'],
    ['codec-worker/src/d.ts', "import { x } from '../../scripts/paths.mjs';", 'noRestrictedImports'],
    ['codec-worker/src/d.test.ts', "import { x } from '../../operator/src/main.ts';", 'noRestrictedImports'],
    ['cli/src/b.ts', "import { x } from '../../test/support/mediamtx.ts';", 'noRestrictedImports'],
    ['resources/src/b.ts', "await import('../../native/lib/addon.ts');", 'noRestrictedImports'],
    ['operator/src/b.ts', "import '../../cli/src/push.ts';", 'noRestrictedImports'],
    ['operator/src/kube/b.ts', "import type { Queue } from '../runtime/queue.ts';", 'noRestrictedImports'],
    ['operator/src/kube/c.ts', "import '@videopush/resources/kinds';", 'noRestrictedImports'],
    ['operator/src/kube/d.ts', "import '@videopush/resources/builders/names';", 'noRestrictedImports'],
    ['operator/src/kube/e.ts', "import '@videopush/resources/health-server';", 'noRestrictedImports'],
    ['operator/src/kube/f.ts', "import type { X } from '@videopush/resources';", 'noRestrictedImports'],
    ['operator/src/runtime/c.ts', "import '@videopush/resources/kinds';", 'noRestrictedImports'],
    ['operator/src/runtime/d.ts', "import '@videopush/resources/builders/names';", 'noRestrictedImports'],
    ['operator/src/runtime/b.ts', "import '../controllers/apply.ts';", 'noRestrictedImports'],
    ['operator/src/controllers/c.ts', "import '../../../cli/src/push.ts';", 'noRestrictedImports'],
    ['cli/src/c.ts', "import './d.ts';", 'noImportCycles'],
    ['cli/src/g.ts', "import type { H } from './h.ts';", 'noImportCycles'],
    ['resources/src/e.ts', "import './none.ts';", 'noUnresolvedImports'],
    ['cli/src/f.ts', 'let x;\n'.repeat(451), 'noExcessiveLinesPerFile'],
    ['cli/src/i.test.ts', "import { test } from 'vitest'; test('x', () => {});", 'useConsistentTestIt'],
    ['cli/src/j.test.ts', "describe('x', () => { test('y', () => {}); });", 'useConsistentTestIt'],
  ] as const;
  /** What Biome finds in each file, by the rule's name. */
  const found = new Map<string, string[]>();

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'videopush-arrows-'));
    try {
      const write = (file: string, content: string) => {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), content);
      };
      for (const file of ['.gitignore', 'biome.json', 'package.json']) copyFileSync(file, join(folder, file));
      for (const name of ['native', 'resources', 'codec-worker', 'operator', 'cli']) {
        write(`${name}/package.json`, readFileSync(join(name, 'package.json'), 'utf8'));
      }
      for (const [file, content] of [...Object.entries(GOOD), ...BAD]) write(file, content);
      write('cli/src/d.ts', "import './c.ts';\n");
      write('cli/src/h.ts', "import type { G } from './g.ts';\n");
      const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.'];
      const { stdout } = runSync(resolve('node_modules/.bin/biome'), args, { cwd: folder, timeout: 60_000 });
      const { diagnostics } = JSON.parse(stdout) as {
        diagnostics: { category: string; location: { path: string } }[];
      };
      for (const { category, location } of diagnostics) {
        const rules = found.get(location.path) ?? [];
        found.set(location.path, [...rules, category.slice(category.lastIndexOf('/') + 1)]);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each(Object.keys(GOOD))('Biome accepts %s', (file) => {
    const rules = [
      'noUndeclaredDependencies',
      'noRestrictedImports',
      'noImportCycles',
      'useConsistentTestIt',
    ];
    expect((found.get(file) ?? []).filter((rule) => rules.includes(rule))).toEqual([]);
  });

  it.each(BAD)('Biome refuses %s with %s', (file, _, rule) => {
    expect(found.get(file)).toContain(rule);
  });
});

describe('pages in two languages', () => {
  it('lint wants each page in both languages, but for the changelog', () => {
    const readmes = ['README.md', 'README.zh-CN.md', 'CHANGELOG.md'];
    const pairs = ['docs/a.md', 'docs/zh-CN/a.md', 'SECURITY.md', 'SECURITY.zh-CN.md', 'native/notes.md'];
    expect(unpairedPages([...readmes, ...pairs])).toEqual([]);
    expect(unpairedPages([...readmes, 'docs/a.md', 'docs/zh-CN/b/c.md', 'SECURITY.zh-CN.md'])).toEqual([
      'docs/a.md has no counterpart docs/zh-CN/a.md',
      'docs/zh-CN/b/c.md has no counterpart docs/b/c.md',
      'SECURITY.zh-CN.md has no counterpart SECURITY.md',
    ]);
  });

  it('lint wants a README', () => {
    expect(unpairedPages([])).toEqual(['README.md is missing']);
  });

  it('lint finds the commands of a page, each in one line and without comment', () => {
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

  it('lint wants the same commands and samples in both languages, whatever their comments say', () => {
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
  it('lint allows a file 450 lines and no more', () => {
    expect(
      check(tooLong, { 'a.cc': 'x\n'.repeat(450), 'b.cc': 'x\n'.repeat(451), 'c.md': 'x\n'.repeat(999) }),
    ).toEqual(['b.cc has 451 lines']);
  });

  it('lint allows comments of 110 columns and no more, but for a word that cannot be broken', () => {
    const wide = 'word '.repeat(30).trim();
    const sources = {
      'a.ts': `// ${'x '.repeat(53)}x\n// ${'x '.repeat(54)}x\n`,
      'b.mjs': `/**\n * ${wide}\n */\n/* ${wide} */\nconst a = 1; // ${wide}\n`,
      'c.ts': `// https://${'x'.repeat(120)}\nconst a = 'http://x // ${wide}';\n`,
      'd.generated.ts': `// ${wide}\n`,
      'e.md': `* ${wide}\n`,
    };
    expect(check(wideComments, sources)).toEqual([
      'a.ts:2: a comment of 112 columns; 110 is the limit',
      ...[2, 4, 5].map((line) => expect.stringContaining(`b.mjs:${line}: a comment of `)),
    ]);
  });

  it.each([
    ['a.ts', `// ${'TO'}DO later`],
    ['a.test.ts', `it.${'only'}('x', () => {})`],
    ['a.test.ts', `describe.concurrent.${'skip'}('x', () => {})`],
    ['a.cc', `TEST_CASE("x" * doctest::${'skip'}()) {}`],
    ['docs/a.md', `see /${'work'}/main`],
    ['package-lock.json', `"resolved": "${'https'}://example.invalid/x.tgz"`],
  ])('lint refuses in %s: %s', (file, content) => {
    expect(check(forbiddenText, { [file]: content })).toHaveLength(1);
  });

  it('lint accepts ordinary words that contain forbidden ones', () => {
    const content = "it.each([])('skips only what is done', () => {});\nconst path = './work/x';\n";
    expect(check(forbiddenText, { 'a.test.ts': content })).toEqual([]);
  });
});

/** As npm writes it, with a foreign package that has a version of its own. */
const LOCK = `{
  "version": "1.2.3",
  "packages": {
    "": {
      "name": "videopush-workspace",
      "version": "1.2.3",
      "workspaces": ["cli"]
    },
    "cli": {
      "name": "videopush",
      "version": "1.2.3",
      "dependencies": { "@videopush/native": "1.2.3" }
    },
    "node_modules/yaml": {
      "version": "2.9.1"
    }
  }
}
`;

describe('the version of the project', () => {
  const same = {
    'package.json': '{\n  "version": "1.2.3",\n  "devDependencies": { "@videopush/native": "1.2.3" }\n}\n',
    'cli/package.json': '{\n  "version": "1.2.3",\n  "dependencies": { "@videopush/native": "1.2.3" }\n}\n',
    'package-lock.json': LOCK,
    'charts/videopush/Chart.yaml': 'version: 1.2.3\nappVersion: 1.2.3\n',
    'docs/limits.md': '# Limits\n\nVersion 1.2.3 is the first one.\n',
    'docs/zh-CN/limits.md': '# 限制\n\n1.2.3 是第一个版本。\n',
    'resources/src/builders/defaults.ts': "export const VERSION = '1.2.3';\n",
    'CHANGELOG.md': '# Changes\n\n## [1.2.3] - Unreleased\n\n## [1.2.2] - 2026-01-01\n',
    'docs/images.md': 'docker save videopush/operator:1.2.3 videopush/worker:1.2.3.\n',
  };

  it('lint accepts one version of the project everywhere', () => {
    expect(check(otherVersions, same)).toEqual([]);
  });

  it.each([
    ['package.json', '"@videopush/native": "1.2.3"', '"@videopush/native": "1.2.2"'],
    ['cli/package.json', '"version": "1.2.3"', '"version": "1.2.2"'],
    ['cli/package.json', '"@videopush/native": "1.2.3"', '"@videopush/native": "1.2.2"'],
    ['package-lock.json', '  "version": "1.2.3",\n  "packages"', '  "version": "1.2.2",\n  "packages"'],
    [
      'package-lock.json',
      '"videopush-workspace",\n      "version": "1.2.3"',
      '"videopush-workspace",\n      "version": "1.2.2"',
    ],
    ['package-lock.json', '"videopush",\n      "version": "1.2.3"', '"videopush",\n      "version": "1.2.2"'],
    ['package-lock.json', '"@videopush/native": "1.2.3"', '"@videopush/native": "1.2.2"'],
    ['docs/limits.md', 'Version 1.2.3', 'Version 1.2.2'],
    ['docs/zh-CN/limits.md', '1.2.3 是', '1.2.2 是'],
    ['charts/videopush/Chart.yaml', '\nappVersion: 1.2.3', '\nappVersion: 1.2.2'],
    ['resources/src/builders/defaults.ts', '1.2.3', '1.2.2'],
    ['CHANGELOG.md', '## [1.2.3]', '## [1.2.2]'],
    ['docs/images.md', 'worker:1.2.3', 'worker:1.2.2'],
  ] as const)(
    'lint refuses another version of the project in %s, where %s reads %s',
    (file, before, after) => {
      const files = { ...same, [file]: same[file].replace(before, after) };
      expect(check(otherVersions, files)).toEqual([`${file} says 1.2.2; package.json says 1.2.3`]);
    },
  );

  it('lint reports a place where the version of the project is missing', () => {
    const files = { ...same, 'charts/videopush/Chart.yaml': 'version: 1.2.3\n' };
    expect(check(otherVersions, files)).toEqual([expect.stringContaining('Chart.yaml has no version')]);
  });
});
