import { expect, it } from 'vitest';
import { parityProblems } from './parity.mjs';

const files: Record<string, string> = {
  'native/test/a.cc': 'TEST_CASE(\n    "a title that stands in "\n    "two literals") {}\n// "not a title"',
  'test/b.test.ts': "it.each([1])(\n  `%s isn't lost`, () => {});\nit('a quote\\'s title', () => {});",
  'test/c.ts': "it('in no test file', () => {});",
};
const check = (here: string, ...tests: string[]) =>
  parityProblems([{ id: 'P01', here, tests }], Object.keys(files), (file) => files[file] ?? '');

it('titles of tests are found in C++ and TypeScript, whatever their quotes and line breaks', () => {
  const titles = ['a title that stands in two literals', `%s isn't lost`, "a quote's title"];
  expect(check('kept', ...titles)).toEqual([]);
});

it.each(['a title', 'not a title', 'in no test file'])(
  'the title “%s” is reported, since no test has it',
  (title) => {
    expect(check('kept', title)).toEqual([expect.stringContaining(`P01 names “${title}”`)]);
  },
);

it('an ability without a test is reported unless it is missing', () => {
  expect(check('fixed')).toEqual(['docs/parity.yaml: P01 names no test']);
  expect(check('missing')).toEqual([]);
});
