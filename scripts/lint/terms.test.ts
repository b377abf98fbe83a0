import { expect, it } from 'vitest';
import { wrongTerms } from './terms.mjs';

const check = (file: string, content: string) => wrongTerms([file], () => content);

it.each([
  ['docs/a.md', 'The stream is made anew.', 'again, or recreate'],
  ['docs/a.md', '\nthe Resource Definitions', 'CRD'],
  ['docs/zh-CN/a.md', '一台媒体服务器', '流媒体服务器'],
  ['README.zh-CN.md', '每个 pod 都', 'Pod'],
])('in %s “%s” is named with the word to use', (file, content, instead) => {
  expect(check(file, content)).toEqual([expect.stringContaining(instead)]);
});

it('the words to use, code and other files are left alone', () => {
  expect(
    check(
      'docs/zh-CN/a.md',
      '流媒体服务器、测试图案、发送节拍器、`API server`\n```sh\nkubectl get pods\n```',
    ),
  ).toEqual([]);
  expect(check('docs/a.md', 'CRDs (custom resource definitions), `books`')).toEqual([]);
  expect(check('native/notes.md', 'anew')).toEqual([]);
});
