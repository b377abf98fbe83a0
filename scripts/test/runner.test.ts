import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromJson } from './counts.mjs';
import { runStage, stopStage } from './runner.mjs';

type Stage = import('./stages.mjs').Stage;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'videopush-runner-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stage that is one shell script; `$REPORT` in it is the report's path. */
function stage(script: string, limitMs = 20_000): Stage {
  const report = join(folder, 'report.json');
  const command = { file: 'sh', args: ['-c', script], env: { REPORT: report } };
  return { name: 'sample', limitMs, report, read: fromJson, commands: [command] };
}

const run = (one: Stage) => runStage(one, Number.POSITIVE_INFINITY);
const GOOD = `echo '{"passed":3,"failed":0,"skips":[],"failures":[]}' > "$REPORT"`;

describe('running a stage', () => {
  it('the runner of a stage reads the report of a run that ended well', async () => {
    expect(await run(stage(GOOD))).toMatchObject({ passed: 3, failed: 0 });
  });

  it('the runner of a stage counts a crash after a good report as a failure', async () => {
    expect(await run(stage(`${GOOD}; kill -SEGV $$`))).toMatchObject({ passed: 3, failed: 1 });
  });

  it('the runner of a stage does not take the report of an earlier run for its own', async () => {
    expect(await run(stage(GOOD))).toMatchObject({ failed: 0 });
    expect(await run(stage('exit 0'))).toMatchObject({ passed: 0, failed: 1 });
  });

  it('the runner of a stage counts a program that does not exist as a failure', async () => {
    const missing = { ...stage(''), commands: [{ file: join(folder, 'nothing'), args: [] }] };
    const found = await run(missing);
    expect(found.failed).toBe(1);
    expect(found.failures[0]).toContain('could not be started');
  });

  it('the runner of a stage ends a run that passes its limit, with the processes that it started', async () => {
    const pidFile = join(folder, 'pid');
    const found = await run(stage(`sleep 600 & echo $! > ${pidFile}; ${GOOD}; wait`, 1_000));
    expect(found.failures[0]).toContain('limit');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  it('the runner of a stage fails a run that leaves processes behind, and ends them', async () => {
    const pidFile = join(folder, 'pid');
    const found = await run(stage(`sleep 600 & echo $! > ${pidFile}; ${GOOD}`));
    expect(found.failures[0]).toContain('left running');
    await expect.poll(() => isRunning(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  it('the runner ends the current stage when the whole run is asked to stop', async () => {
    const started = join(folder, 'started');
    const ended = run(stage(`echo > ${started}; sleep 600`));
    await expect.poll(() => exists(started), { timeout: 10_000 }).toBe(true);
    stopStage();
    expect((await ended).failures[0]).toContain('SIGTERM');
  });
});

function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Whether a process still runs: one that has ended but was not yet reaped does not. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}
