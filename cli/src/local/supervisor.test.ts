import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSync, Program as TestProgram } from '../../../test/support/program.ts';
import { Program } from './program.ts';
import { supervisorProgram } from './programs.ts';
import { readSupervisorState } from './supervised.ts';

interface Line {
  event?: string;
  child: number | null;
  restarts: number;
  msg: string;
  [field: string]: unknown;
}

let folder: string;
const running: Program[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervisor-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.stop(0)));
  rmSync(folder, { recursive: true });
});

/** A supervisor and its lines, to be awaited one by one. */
class Watched {
  readonly lines: Line[] = [];
  program!: Program;
  #seen = 0;
  #news = Promise.withResolvers<void>();

  static async start(options: readonly string[], command: readonly string[]): Promise<Watched> {
    const watched = new Watched();
    watched.program = await Program.start({
      command: supervisorProgram(),
      arguments: [...options, '--', ...command],
      onLine: (line) => watched.#add(line),
    });
    running.push(watched.program);
    return watched;
  }

  /** The next line of this event, in order; one that was awaited is not seen again. */
  async next(event: string): Promise<Line> {
    for (;;) {
      const at = this.lines.findIndex((line, index) => index >= this.#seen && line.event === event);
      if (at >= 0) {
        this.#seen = at + 1;
        return this.lines[at] as Line;
      }
      await this.#news.promise;
    }
  }

  #add(text: string): void {
    this.lines.push(
      text.startsWith('{') ? (JSON.parse(text) as Line) : { msg: text, child: null, restarts: 0 },
    );
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

const shell = (script: string): string[] => ['sh', '-c', script];

/** A process that exists and is not merely waiting to be reaped. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function childrenOf(pid: number): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(pid);
    } catch {
      return false;
    }
  });
}

describe('a process that fails', () => {
  it('a process that fails is started again after a quarter of a second, and the state file has its new id', async () => {
    const stateFile = join(folder, 'state');
    const watched = await Watched.start(['--state', stateFile], shell('exec sleep 600'));
    const { child } = await watched.next('started');
    expect(readSupervisorState(stateFile)).toMatchObject({
      phase: 'running',
      child,
      restarts: 0,
      lastExit: null,
    });
    const killed = performance.now();
    process.kill(child as number, 'SIGKILL');
    const second = await watched.next('started');
    const took = performance.now() - killed;
    console.log(`restarted ${took.toFixed(0)} ms after SIGKILL`);
    expect(took).toBeGreaterThanOrEqual(240);
    expect(took).toBeLessThan(3750);
    expect(second.restarts).toBe(1);
    expect(readSupervisorState(stateFile)).toMatchObject({
      child: second.child,
      restarts: 1,
      lastExit: { code: 137, signal: 'Killed' },
    });
  });

  it('a process that is killed 20 times is brought back each time, always as another process', async () => {
    const watched = await Watched.start(
      ['--min-delay', '0.001', '--max-delay', '0.01'],
      shell('exec sleep 600'),
    );
    const seen = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const child = (await watched.next('started')).child as number;
      seen.add(child);
      process.kill(child, 'SIGKILL');
    }
    expect((await watched.next('started')).restarts).toBe(20);
    expect(seen.size).toBe(20);
    expect(watched.program.ending).toBeNull();
  });

  it('a process that keeps failing waits longer each time, up to the longest delay', async () => {
    const watched = await Watched.start(
      ['--min-delay', '0.01', '--max-delay', '0.05', '--failures', '6'],
      shell('exit 3'),
    );
    await watched.program.ended;
    const delays = watched.lines.flatMap(({ msg }) => /again in ([\d.]+) s/.exec(msg)?.[1] ?? []).map(Number);
    expect(delays).toHaveLength(6);
    expect(delays[0]).toBeLessThanOrEqual(0.02);
    expect(delays[5]).toBe(0.05);
  });

  it('a process that fails too often within the window is given up on with exit code 75', async () => {
    const watched = await Watched.start(
      ['--min-delay', '0.001', '--max-delay', '0.001', '--failures', '3'],
      shell('exit 3'),
    );
    expect((await watched.program.ended).code).toBe(75);
    expect(watched.lines.filter(({ event }) => event === 'started')).toHaveLength(4);
    expect((await watched.next('gave_up')).msg).toContain('exited with code 3; failed too often');
  });

  it('a process is given up on at the first failure when none is allowed', async () => {
    const watched = await Watched.start(['--failures', '0'], shell('exit 3'));
    expect((await watched.program.ended).code).toBe(75);
    expect(watched.lines.filter(({ event }) => event === 'started')).toHaveLength(1);
  });

  it('a process is started again for ever when its failures are further apart than the window', async () => {
    const rare = ['--min-delay', '0.05', '--max-delay', '0.05', '--failures', '1', '--window', '0.01'];
    const watched = await Watched.start(rare, shell('exit 3'));
    for (let i = 0; i < 5; i++) await watched.next('started');
    expect(watched.program.ending).toBeNull();
  });
});

describe('a process that asks to be started again, by exit code 75', () => {
  it('a process that exits with 75 is started again at once, and this is no failure', async () => {
    const stateFile = join(folder, 'state');
    const mark = join(folder, 'reloaded');
    const script = `[ -e ${mark} ] && exec sleep 600; touch ${mark}; sleep 0.3; exit 75`;
    const options = ['--failures', '0', '--min-delay', '0.25', '--state', stateFile];
    const watched = await Watched.start(options, shell(script));
    await watched.next('reloading');
    const asked = performance.now();
    await watched.next('started');
    expect(performance.now() - asked).toBeLessThan(200);
    expect(readSupervisorState(stateFile)).toMatchObject({ phase: 'running', restarts: 0, reloads: 1 });
    expect(watched.lines.filter(({ event }) => event === 'restarting')).toEqual([]);
  });

  it('a process learns how the one before it failed, and nothing of a reload', async () => {
    const count = join(folder, 'count');
    const script = `echo "last exit '$VIDEOPUSH_LAST_EXIT'"; echo x >> ${count}; case $(wc -l < ${count}) in 1) kill -9 $$;; 2) exit 75;; *) exec sleep 600;; esac`;
    const watched = await Watched.start(['--min-delay', '0.01'], shell(script));
    const seen = () => watched.lines.filter(({ msg }) => msg.startsWith('last exit')).map(({ msg }) => msg);
    await expect.poll(() => seen().length, { timeout: 20_000 }).toBe(3);
    expect(seen()).toEqual(["last exit ''", "last exit '137'", "last exit ''"]);
  });

  it('a process learns how often it was reloaded, and waits for the shortest delay when it only reloads', async () => {
    const script = 'echo "reloads $VIDEOPUSH_RELOADS restarts $VIDEOPUSH_RESTARTS"; exit 75';
    const started = performance.now();
    const watched = await Watched.start(['--failures', '0', '--min-delay', '0.1'], shell(script));
    const seen = () => watched.lines.filter(({ msg }) => msg.startsWith('reloads')).map(({ msg }) => msg);
    await expect.poll(() => seen().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
    expect(performance.now() - started).toBeGreaterThanOrEqual(300);
    expect(seen().slice(0, 4)).toEqual([0, 1, 2, 3].map((n) => `reloads ${n} restarts 0`));
  });

  it('a process that exits with 75 after a stop is not started again, and the exit code is that of the signal', async () => {
    const script = 'trap "exit 75" TERM; echo ready; while :; do sleep 0.05; done';
    const watched = await Watched.start([], shell(script));
    await expect.poll(() => watched.lines.some(({ msg }) => msg === 'ready')).toBe(true);
    watched.program.signal('SIGTERM');
    expect((await watched.program.ended).code).toBe(143);
  });
});

describe("the supervisor's exit code", () => {
  it.each([
    ['0 of a process that is done', shell('exit 0'), 0],
    ['64 of a process that was called wrongly, which no restart cures', shell('exit 64'), 64],
    ['127 when the program cannot be run', ['/nowhere/program'], 127],
  ])("the supervisor's exit code is %s", async (_, command, code) => {
    const watched = await Watched.start([], command);
    expect((await watched.program.ended).code).toBe(code);
    expect(watched.lines.filter(({ event }) => event === 'restarting')).toEqual([]);
  });

  it("the supervisor's exit code is 137 when the kernel kills one process after the other for its memory", async () => {
    // What a container sees of its group, in a mount namespace of this test's own.
    const events = '/sys/fs/cgroup/memory.events';
    const killed = `count=$(cut -d' ' -f2 ${events}); echo "oom_kill $((count + 1))" > ${events}; kill -KILL $$`;
    const group = `mount -t tmpfs none /sys/fs/cgroup && echo 'oom_kill 7' > ${events} && exec "$@"`;
    const said = runSync('unshare', [
      ...['--mount', 'sh', '-c', group, 'sh'],
      ...[supervisorProgram(), '--min-delay', '0.01', '--', 'sh', '-c', killed],
    ]);
    expect(said.code).toBe(137);
    const lines = `${said.stdout}${said.stderr}`;
    expect(lines.match(/"event":"restarting"/g)).toHaveLength(2);
    expect(lines).toContain('raise the memory limit');
  });

  it.each([[[]], [['--state']], [['--nonsense', '1']], [['--failures', 'many']]])(
    "the supervisor's exit code is 64 for the options %j",
    (options) => {
      expect(runSync(supervisorProgram(), options).code).toBe(64);
    },
  );

  it("the supervisor's exit code is the process' own after a stop, and a stop is no failure", async () => {
    const watched = await Watched.start(
      [],
      shell('trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'),
    );
    await expect.poll(() => watched.lines.some(({ msg }) => msg === 'ready')).toBe(true);
    watched.program.signal('SIGTERM');
    expect((await watched.program.ended).code).toBe(9);
    expect(watched.lines.filter(({ event }) => event === 'restarting')).toEqual([]);
  });

  it.each([
    [143, 30, 'as asked: no warning'],
    [9, 40, 'unlike asked: a warning'],
  ])('the supervisor logs exit code %i after a stop at level %i, %s', async (code, level) => {
    const watched = await Watched.start(
      [],
      shell(`trap "exit ${code}" TERM; echo ready; while :; do sleep 0.05; done`),
    );
    await expect.poll(() => watched.lines.some(({ msg }) => msg === 'ready')).toBe(true);
    watched.program.signal('SIGTERM');
    expect((await watched.next('ended')).level).toBe(level);
  });

  it("the supervisor's exit code is 143 when the stop finds no process running", async () => {
    const watched = await Watched.start(['--min-delay', '600', '--max-delay', '600'], shell('exit 3'));
    await watched.next('restarting');
    watched.program.signal('SIGTERM');
    expect((await watched.program.ended).code).toBe(143);
  });
});

describe('signals', () => {
  it('the supervisor forwards signals of every kind, and SIGHUP does not stop the supervision', async () => {
    const script = 'trap "echo INT" INT; trap "exit 5" HUP; echo ready; while :; do sleep 0.05; done';
    const watched = await Watched.start(['--min-delay', '0.01'], shell(script));
    const seen = (text: string) => expect.poll(() => watched.lines.filter(({ msg }) => msg === text).length);
    await seen('ready').toBe(1);
    watched.program.signal('SIGHUP');
    await watched.next('restarting');
    await seen('ready').toBe(2);
    watched.program.signal('SIGINT');
    await seen('INT').toBe(1);
    await watched.next('stopping');
    const { child } = watched.lines.findLast(({ event }) => event === 'started') as Line;
    process.kill(child as number, 'SIGKILL');
    expect((await watched.program.ended).code).toBe(137);
  });

  it('a supervised process can be stopped by a signal of its own', async () => {
    const watched = await Watched.start(['--min-delay', '0.01'], ['sleep', '600']);
    const { child } = await watched.next('started');
    process.kill(child as number, 'SIGTERM');
    expect((await watched.next('restarting')).msg).toContain('Terminated');
  });
});

describe('nothing is left behind', () => {
  it('a supervised process does not outlive a supervisor that is killed', async () => {
    const watched = await Watched.start([], shell('exec sleep 600'));
    const { child } = await watched.next('started');
    expect(alive(child as number)).toBe(true);
    watched.program.signal('SIGKILL');
    await expect.poll(() => alive(child as number), { timeout: 5000 }).toBe(false);
  });

  it('the supervisor reaps orphans of its process', async () => {
    const done = join(folder, 'done');
    // The grandchild outlives its parent, then ends: a zombie, unless somebody waits for it.
    const script = `[ -e ${done} ] || { touch ${done}; (sleep 0.1) & exit 3; }; exec sleep 600`;
    const watched = await Watched.start(['--min-delay', '0.01'], shell(script));
    await watched.next('restarting');
    const { child } = await watched.next('started');
    await expect.poll(() => childrenOf(watched.program.pid), { timeout: 5000 }).toEqual([String(child)]);
  });

  it('supervisor and process end when the named parent is gone, and the process may end in order', async () => {
    const mark = join(folder, 'ended in order');
    const role = `trap "touch '${mark}'; exit 0" TERM; echo ready; while :; do sleep 0.05; done`;
    // A parent of its own, which can be killed without harm to this test.
    const script = `"$0" --parent $$ -- sh -c "$1" & wait`;
    await using parent = new TestProgram('sh', ['-c', script, supervisorProgram(), role]);
    await parent.waitForLine(/^ready$/);
    const report = await parent.waitForLine(/"supervisor"/);
    const started = JSON.parse(report) as { supervisor: number; child: number };
    parent.signal('SIGKILL');
    await expect.poll(() => alive(started.supervisor) || alive(started.child), { timeout: 5000 }).toBe(false);
    expect(existsSync(mark)).toBe(true);
  });

  it('a supervisor whose parent is not the named one starts nothing', async () => {
    const watched = await Watched.start(['--parent', '1'], shell('exec sleep 600'));
    expect((await watched.program.ended).code).toBe(0);
    expect(watched.lines).toEqual([]);
  });
});
