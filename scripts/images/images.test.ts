import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { WORKER_NODE_OPTIONS } from '../../codec-worker/src/program.ts';
import { ImageRoot } from '../../test/support/image-root.ts';
import { run } from '../../test/support/program.ts';
import { bundle, packagesOf } from './bundle.mjs';
import { ENTRIES, IMAGES } from './context.mjs';
import { notices } from './notices.mjs';
import { OFFICIAL } from './offline/base-image.mjs';
import { mountsBelow } from './offline/docker-daemon.mjs';
import { programKey, writeProgramImage } from './test-images.mjs';

const folder = mkdtempSync(join(tmpdir(), 'videopush-images-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** Accelerators that packages try to load, and do without. */
const OPTIONAL = new Set(['bufferutil', 'supports-color', 'utf-8-validate']);

describe('a bundle', () => {
  it('a bundle knows the package of a file, nested and scoped ones too', () => {
    const inputs = [
      'codec-worker/src/main.ts',
      'node_modules/zod/v4/core.js',
      'node_modules/zod/index.js',
      'node_modules/@nats-io/jetstream/lib/mod.js',
      'node_modules/ajv/node_modules/@scope/name/lib/a.js',
    ];
    expect(packagesOf(inputs)).toEqual([
      'node_modules/@nats-io/jetstream',
      'node_modules/ajv/node_modules/@scope/name',
      'node_modules/zod',
    ]);
  });

  it.each(IMAGES)('the bundle of the %s imports nothing that its image lacks', async (image) => {
    const target = join(folder, image);
    const { imported } = await bundle(ENTRIES[image], target);
    expect(readdirSync(target)).toContain('main.js');
    expect(imported.filter((name) => !isBuiltin(name) && !OPTIONAL.has(name))).toEqual([]);
  });

  it('a bundle of sources with a missing module is refused with the place', async () => {
    const refused = bundle('codec-worker/src/none.ts', join(folder, 'none'));
    await expect(refused).rejects.toMatchObject({
      message: 'codec-worker/src/none.ts could not be bundled',
      reason: expect.stringContaining('none.ts'),
    });
  });
});

it('the image of the worker runs Node with the options that its local form has, also when it compiles', () => {
  const dockerfile = text('Dockerfile.worker');
  const [, entry = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
  const command = JSON.parse(entry) as string[];
  const node = command.slice(command.indexOf('node'));
  expect(node).toEqual(['node', ...WORKER_NODE_OPTIONS, '/opt/videopush/worker/main.js']);
  // Code that was compiled under other options is not taken.
  expect(dockerfile).toContain(` && ${node.join(' ')} --version`);
});

describe('the licences of bundled packages', () => {
  it('the licences of bundled packages are given with name, version and text', () => {
    const { version } = JSON.parse(text('node_modules/zod/package.json'));
    const found = notices(['node_modules/zod']);
    expect(found).toContain(`zod ${version}\nLicence: MIT\n`);
    expect(found).toContain('Permission is hereby granted, free of charge');
  });
});

describe('a daemon of our own', () => {
  it('a daemon that is stopped leaves no mount behind, the deepest being taken away first', () => {
    const mounts = [
      'tmpfs /run/d tmpfs rw 0 0',
      'nsfs /run/d/exec/netns/default nsfs rw 0 0',
      'overlay /run/d/a\\040b overlay rw 0 0',
      'overlay /run/d2/x overlay rw 0 0',
      '',
    ];
    expect(mountsBelow('/run/d', mounts.join('\n'))).toEqual(['/run/d/a b', '/run/d/exec/netns/default']);
  });
});

describe('the Dockerfiles', () => {
  const stage = (dockerfile: string, name: string) =>
    new RegExp(`^FROM \\S+ AS ${name}\\n(?:(?!FROM ).*\\n)*`, 'm').exec(text(dockerfile))?.[0];

  it('the Dockerfiles start from the image that the build looks for', () => {
    for (const image of IMAGES) expect(text(`Dockerfile.${image}`)).toContain(`ARG NODE_IMAGE=${OFFICIAL}\n`);
  });

  it('the Dockerfiles share the layer of Debian and Node, which is built and loaded once', () => {
    for (const name of ['cleaned', 'slim']) {
      const instructions = (image: string) => stage(`Dockerfile.${image}`, name)?.replaceAll(/^#.*\n/gm, '');
      expect(instructions('operator')).toMatch(/^FROM /);
      expect(instructions('operator')).toBe(instructions('worker'));
    }
  });
});

describe('an image of one program', () => {
  const program = () => {
    const binary = join(folder, 'program');
    writeFileSync(binary, '#!/bin/one\n');
    chmodSync(binary, 0o755);
    const config = { Entrypoint: ['/bin/one'], User: '1000:1000' };
    return { name: 'videopush/one:1.2.3', binary, path: 'bin/one', links: ['two'], config };
  };

  it('an image of one program is a docker-archive whose layer has the sum that its configuration says', async () => {
    const archive = join(folder, 'one.tar');
    await writeProgramImage(program(), archive);
    const parts = mkdtempSync(join(folder, 'parts-'));
    await run('tar', ['-C', parts, '-xf', archive]);
    const [image] = JSON.parse(readFileSync(join(parts, 'manifest.json'), 'utf8'));
    const { rootfs, os } = JSON.parse(readFileSync(join(parts, image.Config), 'utf8'));
    const sum = createHash('sha256').update(readFileSync(join(parts, image.Layers[0])));
    expect(rootfs.diff_ids).toEqual([`sha256:${sum.digest('hex')}`]);
    expect(os).toBe('linux');
  });

  it('an image of one program holds it under all its names, and a /tmp that anybody may write to', async () => {
    const archive = join(folder, 'two.tar');
    await writeProgramImage(program(), archive);
    await using root = await ImageRoot.unpack(archive);
    expect(root.names).toEqual(['videopush/one:1.2.3']);
    expect(root.config).toMatchObject({ Entrypoint: ['/bin/one'], User: '1000:1000' });
    expect(root.text('bin/one')).toBe('#!/bin/one\n');
    expect(root.text('bin/two')).toBe('#!/bin/one\n');
    expect(root.mode('tmp')).toBe(0o1777);
  });

  it('an image of one program is made again when the program has changed', () => {
    const before = programKey(program());
    expect(programKey(program())).not.toBe('');
    writeFileSync(join(folder, 'program'), 'another program\n');
    expect(programKey({ ...program(), name: 'videopush/one:1.2.4' })).not.toBe(before);
  });
});
