/** The published packages work on every supported Node, installed from tarballs outside of the checkout. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import rootManifest from '../../package.json' with { type: 'json' };
import { repoRoot } from '../../scripts/paths.mjs';
import {
  installOutside,
  mustRunOutside,
  NEWEST_NODE as NEWEST,
  nodeOfVersion,
  OLDEST_NODE as OLDEST,
  packAll,
  pushOutside,
  runOutside,
} from '../support/installed-packages.ts';
import { samples } from '../support/printed/printed.ts';
import { outputOf, runSync } from '../support/program.ts';
import { Scratch } from '../support/tools.ts';

const TOO_OLD = '20.20.2';

/** Bytes of a Matroska file of five seconds of the test pattern, at the very least. */
const SOME_SECONDS = 50_000;

let scratch: Scratch;
let folder: string;

beforeAll(() => {
  scratch = new Scratch();
  folder = scratch.file('outside');
  const packed = scratch.file('packed');
  packAll(packed);
  installOutside(folder, packed, nodeOfVersion(OLDEST));
}, 600_000);

afterAll(() => scratch[Symbol.dispose]());

/** Writes a program into the folder, runs it and gives what it printed. */
function program(node: string, name: string, ...lines: string[]): string {
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  return mustRunOutside(folder, ['node', name], nodeOfVersion(node)).stdout;
}

describe.each([OLDEST, NEWEST])('on Node %s', (node) => {
  it(`on Node ${node} the command pushes a test pattern into a file`, () => {
    const file = `out-${node}.mkv`;
    const summary = pushOutside(folder, file, nodeOfVersion(node));
    expect(summary).toMatchObject({ exitCode: 0, outputs: [{ sent: 150, dropped: 0, failed: 0 }] });
    expect(statSync(join(folder, file)).size).toBeGreaterThan(SOME_SECONDS);
  });

  it(`on Node ${node} a module in plain JavaScript imports the library`, () => {
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

  it(`on Node ${node} a CommonJS program requires the library`, () => {
    const printed = program(
      node,
      'common.cjs',
      `const { probe } = require('@videopush/native');`,
      `require('@videopush/native/mpegcoder');`,
      `require('@videopush/resources');`,
      `require('@videopush/codec-worker');`,
      `probe('out-${node}.mkv').then(({ video }) => console.log(video.width, video.height));`,
    );
    expect(printed.trim()).toMatch(/^\d+ \d+$/);
  });

  it(`on Node ${node} a program uses mpegCoder's classes`, () => {
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

it('the sample of docs/library.md runs as it is printed on the oldest Node', () => {
  const [sample, ...others] = samples('ts').filter(({ page }) => page === 'docs/library.md');
  if (!sample || others.length > 0) throw new Error('docs/library.md must have one sample');
  const text = sample.text
    .replace('talk.mp4', `out-${OLDEST}.mkv`)
    .replace('rtsp://localhost:8554/talk', 'sample.mkv');
  program(OLDEST, 'sample.mjs', text);
  expect(statSync(join(folder, 'sample.mkv')).size).toBeGreaterThan(SOME_SECONDS);
});

it.each([['run'], ['render']])('the files that the help of %s names are in the package', (command) => {
  const node = nodeOfVersion(OLDEST);
  const { stdout } = mustRunOutside(folder, ['npx', 'videopush', command, '--help'], node);
  const [, from = ''] = /^The folder examples\/ is in:\n {2}(.+)$/m.exec(stdout) ?? [];
  expect(from.startsWith(folder), from).toBe(true);
  const files = stdout.match(/\bexamples\/\S+\.yaml/g) ?? [];
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect(existsSync(join(from, file)), file).toBe(true);
  expect(mustRunOutside(from, ['node', '../bin/videopush.mjs', 'render', ...files], node).stdout).toContain(
    'kind:',
  );
});

it('strict TypeScript programs, a module and a CommonJS one, are checked without any flag, and run', () => {
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
    'main.cts': [
      `import { FrameReader, NativeError, probe, type SourceDescriptor } from '@videopush/native';`,
      `import { MpegDecoder } from '@videopush/native/mpegcoder';`,
      `async function main(): Promise<void> {`,
      `  const source: SourceDescriptor = await probe('../out-${OLDEST}.mkv');`,
      `  const reader: FrameReader = await FrameReader.open('../out-${OLDEST}.mkv');`,
      `  await reader.close();`,
      `  console.log(source.video.height, new NativeError('x', { code: 'Internal', action: 'y', permanent: true }).code, typeof MpegDecoder);`,
      `}`,
      `void main();`,
    ].join('\n'),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'typed', name), text);
  const types = ['typescript', '@types/node'] as const;
  const pins = types.map((name) => `${name}@${rootManifest.devDependencies[name]}`);
  mustRunOutside(folder, ['npm', 'install', '--no-audit', '--no-fund', '--save-dev', ...pins]);
  mustRunOutside(join(folder, 'typed'), ['npx', 'tsc', '--project', '.'], nodeOfVersion(NEWEST));
  for (const compiled of ['out/main.mjs', 'out/main.cjs']) {
    const { stdout } = mustRunOutside(join(folder, 'typed'), ['node', compiled], nodeOfVersion(OLDEST));
    expect(stdout, compiled).toMatch(/^\d+ Internal function$/m);
  }
});

describe('on a Node that is too old', () => {
  /** What is entered only after the check, with a line in front that no such Node can read. */
  const behind = ['@videopush/native/dist/index.js', 'videopush/bin/start.mjs'].map(
    (name) => () => join(folder, 'node_modules', name),
  );
  const UNREADABLE = 'await using unreadable = null;\n';

  beforeAll(() => {
    for (const file of behind) writeFileSync(file(), UNREADABLE + readFileSync(file(), 'utf8'));
  });
  afterAll(() => {
    for (const file of behind) writeFileSync(file(), readFileSync(file(), 'utf8').replace(UNREADABLE, ''));
  });

  it.each([
    ['the command', ['npx', 'videopush', '--version']],
    ['a module', ['node', '--input-type=module', '--eval', "import '@videopush/native'"]],
    ['a CommonJS program', ['node', '--eval', "require('@videopush/native')"]],
  ] as const)(
    'on a Node that is too old %s says so in one sentence, before anything else is read',
    (_, words) => {
      const { code, stderr } = runOutside(folder, [...words], nodeOfVersion(TOO_OLD));
      expect(code).toBe(1);
      const sentences = stderr.split('\n').filter((line) => line.includes('needs Node 22.12 or newer'));
      expect(sentences).toHaveLength(1);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(stderr).not.toMatch(/SyntaxError|ERR_/);
    },
  );
});

/** Folders of the published packages in the repository. */
const FOLDERS = {
  '@videopush/native': 'native',
  '@videopush/resources': 'resources',
  '@videopush/codec-worker': 'codec-worker',
  videopush: 'cli',
};

it('a package carries its licence, its page and its declarations, and no test, object file or TypeScript source', () => {
  for (const [name, directory] of Object.entries(FOLDERS)) {
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
    expect(manifest).toMatchObject({
      license: 'Apache-2.0',
      engines: { node: '>=22.12' },
      homepage: 'https://videopush.dev',
      bugs: { url: 'https://videopush.dev/issues' },
      repository: { type: 'git', url: 'git+https://videopush.dev/videopush.git', directory },
    });
  }
});

/** Runs the package's install step with the environment `env`, without prebuilt addons and outside of npm. */
function compileOnInstall(env: NodeJS.ProcessEnv): { status: number | null; lines: string[]; root: string } {
  const root = scratch.file(`compiled-${++installs}`);
  const installed = join(folder, 'node_modules', '@videopush', 'native');
  cpSync(join(installed, 'install'), join(root, 'install'), { recursive: true });
  const node = join(nodeOfVersion(OLDEST), 'node');
  const { code, stderr } = runSync(node, ['install/main.mjs'], { cwd: root, env });
  return { status: code, lines: stderr.trim().split('\n'), root };
}
let installs = 0;

/** A folder with these programs of the machine and no others. */
function programsOnly(...names: string[]): string {
  const path = scratch.file(`programs-${names.join('-')}`);
  mkdirSync(path);
  for (const name of names) {
    const found = outputOf('sh', ['-c', `command -v ${name}`]);
    symlinkSync(found, join(path, name));
  }
  return path;
}

const LIBRARIES =
  'libavcodec-dev libavfilter-dev libavformat-dev libavutil-dev libswscale-dev libcurl4-openssl-dev libsrt-gnutls-dev';

it.each([
  ['CMake', 'cmake', ['c++', 'make', 'pkg-config'], {}],
  ['a compiler', 'g++', ['cmake', 'make', 'pkg-config'], {}],
  [
    "FFmpeg's headers",
    LIBRARIES,
    ['c++', 'cmake', 'make', 'pkg-config'],
    { PKG_CONFIG_LIBDIR: '/does-not-exist' },
  ],
  ['all of it', `cmake g++ make pkg-config ${LIBRARIES}`, [], {}],
])(
  'an installation that has to compile the addon without %s names the Debian packages in one sentence',
  (_, packages, programs, env) => {
    const { status, lines } = compileOnInstall({ ...env, PATH: programsOnly(...programs) });
    expect(status).toBe(1);
    expect(lines).toEqual([
      `@videopush/native: No prebuilt addon fits this machine, and compiling it needs ${packages}: run \`sudo apt-get install ${packages}\` and install again.`,
    ]);
  },
);

it('an installation compiles with as many processes as there are cores, and says so when that fails', () => {
  const PATH = programsOnly('c++', 'make', 'pkg-config', 'sh');
  const cmake = '#!/bin/sh\n[ "$1" = --version ] || echo "$@" >>calls\n[ "$1" != --build ]\n';
  writeFileSync(join(PATH, 'cmake'), cmake, { mode: 0o755 });
  const { status, lines, root } = compileOnInstall({ PATH });
  const calls = readFileSync(join(root, 'calls'), 'utf8').trim().split('\n');
  expect(calls).toHaveLength(2);
  expect(calls[1]).toMatch(new RegExp(`--parallel ${availableParallelism()}$`));
  expect(status).toBe(1);
  expect(lines).toEqual([
    '@videopush/native: The native addon could not be compiled; the compiler says why above.',
  ]);
});

it('packing a package in a fresh clone asks for the set-up in one sentence', () => {
  const clone = scratch.file('clone');
  for (const name of ['scripts', 'package.json', 'native/package.json'])
    cpSync(join(repoRoot, name), join(clone, name), { recursive: true });
  const { code, stdout, stderr } = runOutside(clone, ['npm', 'pack', '--workspace', 'native', '--silent']);
  expect(code).not.toBe(0);
  expect(`${stdout}${stderr}`.trim().split('\n')).toEqual([
    "@videopush/native can't be packed before the set-up: run `npm run setup` first.",
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

it('the resources install without C++, since nothing of the control plane needs a compiler', () => {
  const manifest = readFileSync(
    join(folder, 'node_modules', '@videopush', 'resources', 'package.json'),
    'utf8',
  );
  expect(Object.keys(JSON.parse(manifest).dependencies)).not.toContain('@videopush/native');
});
