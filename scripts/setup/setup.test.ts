import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask, run, SetupError, tellingLines } from './command.mjs';
import { missingPackages, neededPackages } from './debian-packages.mjs';
import { takeLock } from './lock.mjs';
import { judge, untried } from './prerequisites.mjs';
import { compareVersions, parseVersion } from './versions.mjs';

type Facts = import('./prerequisites.mjs').Facts;

describe('versions', () => {
  it('a version is the first dotted number in what a program says', () => {
    expect(parseVersion('go version go1.26.8 linux/amd64')).toEqual([1, 26, 8]);
    expect(parseVersion('v20.20.2')).toEqual([20, 20, 2]);
    expect(parseVersion('go1.22rc1')).toEqual([1, 22]);
    expect(parseVersion('unknown')).toBeNull();
  });

  it('versions are compared number by number, not letter by letter', () => {
    expect(compareVersions([1, 9], [1, 21])).toBeLessThan(0);
    expect(compareVersions([10], [9, 2, 0])).toBeGreaterThan(0);
    expect(compareVersions([20], [20, 0, 0])).toBe(0);
  });
});

describe('prerequisites', () => {
  const good: Facts = {
    platform: 'linux',
    arch: 'x64',
    system: 'debian 13',
    node: '20.19.2',
    npm: '10.8.2',
    python: '3.13.5',
    pip: 'pip 25.1.1',
    go: 'go1.24.4',
  };

  it('the set-up lets a machine with all prerequisites begin', () => {
    expect(judge(good)).toEqual([]);
    expect(judge({ ...good, system: 'debian 12', arch: 'arm64', node: '26.0.0', go: 'go1.21' })).toEqual([]);
  });

  it("the set-up names everything that is missing at once, and that Debian 12's own versions are too old", () => {
    const problems = judge({ ...good, system: 'debian 12', node: '18.19.0', npm: '9.2.0', go: 'go1.19.8' });
    expect(problems.map((problem) => problem.cause)).toEqual([
      'Node.js is 18.19.0; 20 or newer is needed',
      'npm is 9.2.0; 10 or newer is needed',
      'Go is 1.19.8; 1.21 or newer is needed',
    ]);
    expect(problems[0]?.todo).toContain('Debian 12 itself has 18');
    expect(problems[2]?.todo).toContain('Debian 12 itself has 1.19');
  });

  it('the set-up distinguishes Python without pip from no Python', () => {
    expect(judge({ ...good, pip: null }).map((problem) => problem.cause)).toEqual(['Python has no pip']);
    expect(judge({ ...good, python: null, pip: null }).map((problem) => problem.cause)).toEqual([
      'Python was not found; 3 or newer is needed',
    ]);
  });

  it('the set-up warns by name on a system where it has not been tried, and goes on', () => {
    const ubuntu = { ...good, system: 'ubuntu 24.04' };
    const macos = { ...good, platform: 'darwin' };
    expect(judge(ubuntu)).toEqual([]);
    expect(untried(ubuntu)).toContain('this is ubuntu 24.04. The set-up goes on');
    expect(untried(macos)).toContain('this is darwin');
    expect(untried(good)).toBeNull();
    expect(untried({ ...good, system: 'debian 12' })).toBeNull();
  });

  it('the set-up refuses other processors by name', () => {
    expect(judge({ ...good, arch: 'riscv64' })[0]?.cause).toContain('riscv64');
  });
});

describe('Debian packages', () => {
  it('the set-up counts only fully installed Debian packages as installed', () => {
    const listing = 'ffmpeg ii \nshellcheck rc \nchromium iU \niproute2 hi \n';
    expect(missingPackages(['ffmpeg', 'shellcheck', 'chromium', 'iproute2', 'doctest-dev'], listing)).toEqual(
      ['shellcheck', 'chromium', 'doctest-dev'],
    );
  });

  it('the set-up asks for a browser, linters and a container runtime only where tests are to run', () => {
    expect(neededPackages('demo')).toEqual(expect.arrayContaining(['cmake', 'ninja-build']));
    expect(neededPackages('demo')).not.toContain('chromium');
    expect(neededPackages('demo')).not.toContain('shellcheck');
    expect(neededPackages('demo')).not.toContain('docker.io');
    expect(neededPackages('test')).toEqual(expect.arrayContaining([...neededPackages('demo'), 'chromium']));
  });
});

describe('running a program', () => {
  const before = process.env.XDG_CACHE_HOME;
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'videopush-cache-'));
    process.env.XDG_CACHE_HOME = folder;
  });
  afterAll(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
    rmSync(folder, { recursive: true, force: true });
  });
  const options = { what: 'it could not be done', todo: 'try again', log: 'setup-test', limitMs: 20_000 };

  it('running a program returns what it printed', async () => {
    expect(await run('sh', ['-c', 'echo fine; echo aside >&2'], options)).toBe('fine\n');
  });

  it('a failed program is reported with the cause from its output, without a stack trace', async () => {
    const script = 'echo working; echo "E: Unable to locate package nothing" >&2; echo later; exit 100';
    const error = await run('sh', ['-c', script], options).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SetupError);
    const text = (error as SetupError).describe();
    expect(text).toContain('Setup stopped: it could not be done.');
    expect(text).toContain('Cause:      E: Unable to locate package nothing');
    expect(text).toContain('What to do: try again');
    expect(text).not.toContain('    at ');
  });

  it('a program that passes its limit is ended', async () => {
    const error = await run('sleep', ['600'], { ...options, limitMs: 200 }).catch(
      (caught: unknown) => caught,
    );
    expect((error as SetupError).reason).toContain('it was ended after');
  });

  it('a program that does not exist is reported as such', async () => {
    const error = await run('/nowhere/at/all', [], options).catch((caught: unknown) => caught);
    expect((error as SetupError).reason).toContain('could not be started');
    expect(await ask('/nowhere/at/all', [])).toBeNull();
  });

  it('a failed compilation shows the lines of CMake and the compiler that name the cause, and no stack trace', () => {
    const output = [
      '-- Checking for modules libavformat;libcurl',
      'CMake Error at CMakeLists.txt:36 (pkg_check_modules):',
      '/src/core/url.cc:12:3: error: ‘x’ was not declared in this scope',
      '    at ChildProcess.<anonymous> (error: no:317:18)',
      'ninja: error: loading build.ninja: No such file or directory',
      '-- Configuring incomplete, errors occurred!',
    ];
    expect(tellingLines(output.join('\n')).split('\n')).toEqual([output[1], output[2], output[4]]);
  });

  it('a failed program shows its last lines where none names a cause', () => {
    expect(tellingLines('one\ntwo\nthree\nfour\n')).toBe('two\nthree\nfour');
    expect(tellingLines('\n')).toBe('it printed nothing');
  });
});

describe('the lock of a checkout', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'videopush-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('the lock of a checkout lets the second set-up in when the first has released it', async () => {
    const file = join(folder, 'lock');
    const release = await takeLock(undefined, file);
    let second = false;
    const waiting = takeLock(undefined, file).then((give) => {
      second = true;
      return give;
    });
    expect(second).toBe(false);
    release();
    (await waiting)();
    expect(second).toBe(true);
  });

  it('the lock of a checkout does not wait for a process that is gone', async () => {
    const file = join(folder, 'lock');
    // Beyond the largest process number that Linux gives (2^22).
    writeFileSync(file, '4194305 1');
    (await takeLock(undefined, file))();
  });

  it('the lock of a checkout does not wait for another process that got the number of a dead holder', async () => {
    const file = join(folder, 'lock');
    // In a container a holder that was killed and its successor often have the same number.
    writeFileSync(file, `${process.pid} 1`);
    (await takeLock(AbortSignal.timeout(5_000), file))();
  });
});
