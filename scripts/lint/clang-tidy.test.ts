import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { untidy } from './clang-tidy.mjs';

const CHECKS = "Checks: '-*,bugprone-integer-division'\nWarningsAsErrors: '*'\nHeaderFilterRegex: '.*'\n";
const DEFECT = 'double half(int whole) {\n  return whole / 2;\n}\n';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'videopush-tidy-'));
  mkdirSync(join(folder, 'src'));
  write('.clang-tidy', CHECKS);
  write('src/a.h', 'inline int one() { return 1; }\n');
  write('src/a.cc', '#include "a.h"\nint two() { return 2 * one(); }\n');
  write('src/b.cc', 'int three() { return 3; }\n');
  compile('a.cc', 'b.cc');
});

afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

/** Writes the compilation database; `-Wrestrict` stands for the warnings that only g++ knows. */
function compile(...names: string[]) {
  const units = names.map((name) => {
    const file = join(folder, 'src', name);
    return { directory: folder, command: `c++ -Wrestrict -o ${name}.o -c ${file}`, file };
  });
  write('compile_commands.json', JSON.stringify(units));
}

/** What lint prints about the folder: how many files are read, then the findings. */
async function lint() {
  const said: string[] = [];
  const found = await untidy({ folder, build: folder, marks: join(folder, 'marks') }, (line) =>
    said.push(line),
  );
  return [...said, ...found.map((line) => line.replace(`${folder}/`, ''))];
}

it('a finding of clang-tidy is reported with file and line until it is fixed', async () => {
  write('src/b.cc', DEFECT);
  const finding = expect.stringMatching(/^src\/b\.cc:2:10: error: .* \[bugprone-integer-division\]$/);
  expect(await lint()).toEqual(['clang-tidy reads 2 of 2 files', finding]);
  expect(await lint()).toEqual(['clang-tidy reads 1 of 2 files', finding]);
  write('src/b.cc', DEFECT.replace('2;', '2.0;'));
  expect(await lint()).toEqual(['clang-tidy reads 1 of 2 files']);
});

it('a clean file is not checked again, not even when a comment in it changes', async () => {
  await lint();
  expect(await lint()).toEqual([]);
  write('src/b.cc', '// Another comment.\nint three() { return 3; }\n');
  expect(await lint()).toEqual([]);
});

it('a changed header has its includers checked again, and its finding is reported once', async () => {
  write('src/b.cc', '#include "a.h"\n');
  write('src/c.cc', 'int four() { return 4; }\n');
  compile('a.cc', 'b.cc', 'c.cc');
  await lint();
  write('src/a.h', `inline int one() { return 1; }\ninline ${DEFECT}`);
  expect(await lint()).toEqual([
    'clang-tidy reads 2 of 3 files',
    expect.stringMatching(/^src\/a\.h:3:10: error: /),
  ]);
});

it('a finding is reported when its NOLINT is taken away', async () => {
  write('src/b.cc', DEFECT.replace('2;', '2;  // NOLINT'));
  expect(await lint()).toEqual(['clang-tidy reads 2 of 2 files']);
  write('src/b.cc', DEFECT);
  expect(await lint()).toContainEqual(expect.stringMatching(/^src\/b\.cc:2:10: error: /));
});

it('files are checked again with other checks or other flags', async () => {
  await lint();
  write('.clang-tidy', CHECKS.replace('division', 'division,bugprone-macro-parentheses'));
  expect(await lint()).toEqual(['clang-tidy reads 2 of 2 files']);
  const file = join(folder, 'src', 'b.cc');
  const command = `c++ -DWORD -o b.o -c ${file}`;
  write('compile_commands.json', JSON.stringify([{ directory: folder, command, file }]));
  expect(await lint()).toEqual(['clang-tidy reads 1 of 1 files']);
});

it('a file is checked again when one of its macros changes, though no line of code does', async () => {
  await lint();
  write('src/b.cc', '#define TWICE(x) x * 2\nint three() { return 3; }\n');
  expect(await lint()).toEqual(['clang-tidy reads 1 of 2 files']);
});

it('a file that does not compile is reported, and again the next time', async () => {
  write('src/b.cc', '#include "missing.h"\n');
  const report = [
    'clang-tidy reads 1 of 1 files',
    expect.stringMatching(/^src\/b\.cc:1:10: error: 'missing\.h'/),
  ];
  compile('b.cc');
  expect(await lint()).toEqual(report);
  expect(await lint()).toEqual(report);
});
