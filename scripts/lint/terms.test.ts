import { expect, it } from 'vitest';
import { wrongTerms } from './terms.mjs';

const check = (file: string, content: string) => wrongTerms([file], () => content);

it.each([
  ['docs/a.md', 'The stream is made anew.', 'again, or recreate'],
  ['docs/a.md', '\nthe Resource Definitions', 'CRD'],
  ['docs/zh-CN/a.md', '一台媒体服务器', '流媒体服务器'],
  ['README.zh-CN.md', '每个 pod 都', 'Pod'],
  ['cli/src/a.ts', 'const path = "/a"; // it is not there', 'does not exist, or not found'],
  ['cli/src/a.ts', '/**\n * A stream that is made anew.\n */', 'again, or recreate'],
  ['scripts/a.mjs', '/* what a retry mends */', 'fix'],
  ['cli/src/a.test.ts', "it('has a fate', () => {});", 'outcome'],
  ['cli/src/a.test.ts', 'it.each([`an audience`])', 'viewers'],
  ['native/src/a.h', "wait(60'000);  // the fate of viewer's frames", 'outcome'],
  ['native/test/a_test.cc', 'TEST_CASE("passengers")', 'side data'],
  ['cli/src/a.ts', "throw new Error('the file is not there');", 'does not exist, or not found'],
  ['operator/src/a.ts', 'const text = `x: the stream is made anew`;', 'again, or recreate'],
  ['native/src/a.cc', 'throw Error("a time stamp is missing");', 'timestamp'],
  ['Dockerfile.worker', "RUN echo 'the folder is not there' >&2", 'does not exist, or not found'],
  ['charts/videopush/templates/NOTES.txt', 'No resource definition was found.', 'CRD'],
  ['charts/videopush/templates/_a.tpl', '{{- fail "the stream was put out" }}', 'disconnect'],
  ['cli/src/a.ts', '/** Time between two looks. */', 'poll or check'],
  ['cli/src/a.ts', '// The server was nowhere.', 'not found'],
])('lint reports in %s “%s” with the word to use', (file, content, instead) => {
  expect(check(file, content)).toEqual([expect.stringContaining(instead)]);
});

it('lint reports a wrong word with its file and line', () => {
  expect(check('cli/src/a.ts', "const a = '\\'';\n\n/** the books */\n")).toEqual([
    'cli/src/a.ts:3: “books”; say ledger or counters',
  ]);
});

it('lint accepts names, code in comments, and strings of one word outside of tests', () => {
  expect(check('cli/src/a.ts', "const books = 'http://h/anew'; // as `books` there, for viewers")).toEqual(
    [],
  );
  expect(check('native/src/a.cc', 'const char* audience = "anew";  // is there, puts it')).toEqual([]);
  expect(check('examples/a.txt', '// anew')).toEqual([]);
  expect(check('cli/src/a.ts', "// There is no look-up: is there a look()?\nrun('/nowhere/a b');")).toEqual(
    [],
  );
});

it('lint accepts the words to use, code and other files', () => {
  expect(
    check(
      'docs/zh-CN/a.md',
      '流媒体服务器、测试图案、发送节拍器、`API server`\n```sh\nkubectl get pods\n```',
    ),
  ).toEqual([]);
  expect(check('docs/a.md', 'CRDs (custom resource definitions), `books`')).toEqual([]);
  expect(check('native/notes.md', 'anew')).toEqual([]);
});
