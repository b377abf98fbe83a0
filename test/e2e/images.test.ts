/** The images contain what they must and nothing that they must not, as seen from inside a container. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageRoot } from '../support/image-root.ts';
import { type TestImages, testImages } from '../support/images.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Programs that are useless to a running container, but useful to an intruder. */
const UNWANTED = new Set(
  ['npm', 'npx', 'corepack', 'yarn', 'yarnpkg', 'pnpm', 'node-gyp', 'python3', 'make', 'ld', 'as']
    .concat(['gcc', 'g++', 'cc', 'c++', 'cpp', 'pkg-config', 'ffmpeg', 'ffprobe', 'ffplay'])
    .concat(['curl', 'wget', 'git', 'sudo', 'docker-entrypoint.sh']),
);

let images: TestImages;
let operator: ImageRoot;
let worker: ImageRoot;

beforeAll(async () => {
  images = await testImages();
  [operator, worker] = await Promise.all([
    ImageRoot.unpack(images.files.operator),
    ImageRoot.unpack(images.files.worker),
  ]);
}, 900_000);

afterAll(async () => {
  await Promise.all([operator?.[Symbol.asyncDispose](), worker?.[Symbol.asyncDispose]()]);
});

/** Names of the files in the folders of `PATH`. */
function programs(root: ImageRoot): string[] {
  const folder = /^(\/usr(\/local)?\/s?bin|\/opt\/videopush\/bin)\/([^/]+)$/;
  return [...root.files()].flatMap(({ path }) => folder.exec(path)?.[3] ?? []);
}

describe.each(['operator', 'worker'] as const)('the image of the %s', (name) => {
  const image = () => (name === 'operator' ? operator : worker);

  it(`the image of the ${name} is tagged with the version of the project and says it in its labels`, () => {
    expect(image().names).toEqual([`videopush/${name}:${version}`]);
    expect(images[name]).toBe(`videopush/${name}:${version}`);
    expect(image().config.Labels).toMatchObject({
      'org.opencontainers.image.title': `VideoPush ${name}`,
      'org.opencontainers.image.version': version,
    });
  });

  it(`the image of the ${name} runs as user 1000 and ends by SIGTERM`, async () => {
    expect(image().config).toMatchObject({ User: '1000:1000', StopSignal: 'SIGTERM' });
    const { stdout } = await image().run(['id']);
    expect(stdout).toMatch(/^uid=1000\(node\) gid=1000\(node\)/);
  });

  it(`the image of the ${name} is Debian 13 with Node 24`, async () => {
    expect(image().text('etc/os-release')).toMatch(/^VERSION_ID="13"$/m);
    expect((await image().run(['node', '--version'])).stdout).toMatch(/^v24\./);
  });

  it('an image holds no package manager of JavaScript, no compiler, no downloader and no ffmpeg command', () => {
    expect(programs(image())).toContain('node');
    expect(programs(image()).filter((program) => UNWANTED.has(program))).toEqual([]);
    expect([...image().files()].filter(({ path }) => path.endsWith('/node_modules'))).toEqual([]);
  });

  it(`the image of the ${name} holds no program that runs as another user than the one who starts it`, () => {
    const borrowed = [...image().files()].filter(({ isFile, mode }) => isFile && (mode & 0o6000) !== 0);
    expect(borrowed).toEqual([]);
  });

  it('an image writes only to /tmp', async () => {
    const script = 'echo x > /tmp/there && ! echo x > /opt/videopush/there';
    const { exit, stderr } = await image().run(['sh', '-c', script]);
    expect(exit.code, stderr).toBe(0);
    expect(stderr).toMatch(/Read-only file system/);
  });

  it(`the image of the ${name} carries the licences of everything in it`, () => {
    expect(image().text('opt/videopush/LICENSE')).toContain('Apache License');
    expect(image().text('opt/videopush/NOTICE.txt')).toContain('Apache License, Version 2.0');
    expect(image().text('usr/local/LICENSE')).toContain('Node.js');
    const notices = image().text('opt/videopush/THIRD-PARTY-NOTICES.txt');
    for (const bundled of ['zod', 'pino', 'prom-client']) {
      expect(notices).toMatch(new RegExp(`^${bundled} \\d+\\.\\d+\\.\\d+\\nLicence: `, 'm'));
    }
    expect(image().text('usr/share/doc/libc6/copyright').length).toBeGreaterThan(1000);
  });
});

describe('the worker in its image', () => {
  it('the worker in its image says its version and its options, under the supervisor', async () => {
    const asked = await worker.run(['--version'], { entrypoint: true });
    expect(asked.exit.code, asked.stderr).toBe(0);
    expect(asked.stdout).toContain(`videopush worker ${version}`);
    const help = await worker.run(['--help'], { entrypoint: true });
    expect(help.exit.code, help.stderr).toBe(0);
    expect(help.stdout).toContain('--config FILE');
  });

  it('the worker in its image uses FFmpeg 7.1 of Debian, and encodes H.264', async () => {
    const script = `
      const native = require('/opt/videopush/build/Release/videopush_native.node');
      native.initialize(Error);
      console.log(JSON.stringify({ ...native.buildInfo(), encoder: native.resolveEncoder('H264', '') }));`;
    const { exit, stdout, stderr } = await worker.run(['node', '--eval', script]);
    expect(exit.code, stderr).toBe(0);
    const info = JSON.parse(stdout);
    expect(info.ffmpeg).toMatch(/^7\.1\./);
    expect(info.license).toMatch(/^GPL version/);
    expect(info.encoder).toBe('libx264');
  });

  it("the worker's image says under which licence it is distributed, and where its libraries' source is", () => {
    const notice = worker.text('opt/videopush/NOTICE.txt');
    expect(notice).toContain('apt-get source ffmpeg');
    expect(notice).toContain('version 3 or later');
    for (const library of ['libavcodec61', 'libx264-164']) {
      expect(worker.text(`usr/share/doc/${library}/copyright`)).toMatch(/GPL/);
    }
  });

  it('the worker in its image waits for a configuration that does not exist yet, and exits gracefully on SIGTERM', async () => {
    await using program = worker.start(['--config', '/tmp/none.json'], { entrypoint: true });
    await program.waitForLine(/ConfigUnreadable/);
    program.signal('SIGTERM');
    expect(await program.waitForExit(10_000), program.tail()).toEqual({ code: 143, signal: null });
  });
});

describe('the operator in its image', () => {
  it('the operator in its image says its version and its options', async () => {
    const asked = await operator.run(['--version'], { entrypoint: true });
    expect(asked.exit.code, asked.stderr).toBe(0);
    expect(asked.stdout).toContain(version);
    const help = await operator.run(['--help'], { entrypoint: true });
    expect(help.stdout).toContain('--config FILE');
  });

  it("the operator's image contains the CRDs that it reads", () => {
    const found = readdirSync(join(operator.path, 'opt/videopush/crds')).sort();
    expect(found).toEqual(['mediaserver.yaml', 'videopush.yaml', 'videopushset.yaml']);
  });
});
