import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { demoClipTarget, mediamtxTarget } from '../../../scripts/paths.mjs';
import { demoClip, mediamtxProgram, supervisorProgram } from './programs.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'programs-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('PATH', join(folder, 'bin'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function put(file: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

describe('the MediaMTX of the command', () => {
  it('the command uses the MediaMTX that the set-up built, wherever the cache is', () => {
    put(join(folder, 'bin', 'mediamtx'));
    put(mediamtxTarget());
    expect(mediamtxProgram()).toBe(mediamtxTarget());
  });

  it('the command uses the MediaMTX on the PATH when the set-up built none', () => {
    const installed = put(join(folder, 'bin', 'mediamtx'));
    expect(mediamtxProgram()).toBe(installed);
  });

  it('the command says what to do when there is no MediaMTX', () => {
    expect(mediamtxProgram).toThrow(
      expect.objectContaining({
        code: 'ProgramMissing',
        message: expect.stringContaining(mediamtxTarget()),
        action: expect.stringContaining('npm run setup'),
      }),
    );
  });
});

it('the footage of the demo is looked up where the set-up puts it', () => {
  expect(demoClip()).toBeNull();
  put(demoClipTarget());
  expect(demoClip()).toBe(demoClipTarget());
});

describe('the supervisor of the command', () => {
  it('the command uses the supervisor of the build', () => {
    expect(supervisorProgram()).toMatch(/\/videopush-supervisor$/);
  });

  it('the command uses the supervisor that VIDEOPUSH_SUPERVISOR names, and refuses one that does not exist', () => {
    const named = join(folder, 'supervisor');
    vi.stubEnv('VIDEOPUSH_SUPERVISOR', named);
    expect(supervisorProgram).toThrow(expect.objectContaining({ code: 'ProgramMissing' }));
    expect(supervisorProgram).toThrow(named);
    put(named);
    expect(supervisorProgram()).toBe(named);
  });
});
