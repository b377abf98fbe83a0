import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../test/support/ports.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'main-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

describe('the command line', () => {
  it('explains itself', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('--config FILE');
    expect(run('--version').stdout).toMatch(/^videopush worker \d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], '--config FILE is missing'],
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['--config', 'x', '--grace', 'soon'], '--grace wants seconds'],
  ])('refuses %j in one line with exit code 64', (args, why) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(64);
    expect(stderr).toContain(why);
    expect(stderr.trim()).not.toContain('\n');
  });
});

it('an unusable configuration does not end the process: it says why, and reads the file again when it changes', async () => {
  const file = join(folder, 'config.json');
  const terminationLog = join(folder, 'termination-log');
  const [port] = await freePorts(1);
  const http = { host: '127.0.0.1', port };
  writeFileSync(terminationLog, '');
  writeFileSync(file, JSON.stringify({ version: 1, http, role: 'decoder', surprise: 'rtsp://a:secret@h' }));
  const child = spawn(process.execPath, [main, '--config', file, '--termination-log', terminationLog]);
  const faults: string[] = [];
  const lines = createInterface({ input: child.stdout });
  const reported = (code: string) =>
    new Promise<string>((resolve) => {
      lines.on('line', (line) => {
        if (line.includes(code)) resolve(line);
      });
    });
  lines.on('line', (line) => faults.push(line));
  await reported('ConfigInvalid');
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
  const next = reported('the document is not JSON');
  writeFileSync(file, '{');
  await next;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([143, null]);
  expect(faults.join()).not.toContain('secret');
});
