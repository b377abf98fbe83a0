import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../test/support/ports.ts';
import { Program, runSync } from '../../test/support/program.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'main-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) => runSync(process.execPath, [main, ...args], { timeout: 30_000 });

describe('the command line', () => {
  it('the command line of the worker explains itself when asked for help or version', () => {
    const { code, stdout } = run('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('--config FILE');
    expect(run('--version').stdout).toMatch(/^videopush worker \d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], '--config FILE is missing'],
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['--config', 'x', '--grace', 'soon'], '--grace must be a number of seconds'],
  ])('the command line of the worker refuses %j in one line with exit code 64', (args, why) => {
    const { code, stderr } = run(...args);
    expect(code).toBe(64);
    expect(stderr).toContain(why);
    expect(stderr.trim()).not.toContain('\n');
  });
});

it("the worker starts without the client behind Node's fetch, which takes as long to load as all of the worker", () => {
  const listing = "process.on('exit', () => console.error(process.moduleLoadList.join('\\n')))";
  const preload = ['--import', `data:text/javascript,${listing}`];
  const { stderr } = runSync(process.execPath, [...preload, main, '--version'], { timeout: 30_000 });
  expect(stderr).toContain('NativeModule _http_server\n');
  expect(stderr).not.toContain('undici');
});

it('an unusable configuration does not end the process: it says why, and reads the file again when it changes', async () => {
  const file = join(folder, 'config.json');
  const terminationLog = join(folder, 'termination-log');
  const [port] = await freePorts(1);
  const http = { host: '127.0.0.1', port };
  writeFileSync(terminationLog, '');
  writeFileSync(file, JSON.stringify({ version: 1, http, role: 'decoder', surprise: 'rtsp://a:secret@h' }));
  await using worker = new Program(process.execPath, [
    ...[main, '--config', file, '--termination-log', terminationLog],
  ]);
  await worker.waitForLine(/ConfigInvalid/);
  await expect
    .poll(async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.status, {
      timeout: 10_000,
    })
    .toBe(503);
  const { code, message } = (await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()) as Record<
    string,
    string
  >;
  expect(code).toBe('ConfigInvalid');
  expect(message).toContain('stream: is missing');
  writeFileSync(file, '{');
  await worker.waitForLine(/the document is not JSON/);
  worker.signal('SIGTERM');
  expect(await worker.waitForExit(20_000)).toEqual({ code: 143, signal: null });
  expect(worker.stdout.join()).not.toContain('secret');
});
