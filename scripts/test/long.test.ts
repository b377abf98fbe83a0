import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSync } from '../child.mjs';
import { repoRoot } from '../paths.mjs';
import { counts } from './counts.mjs';
import { closingTable, keep, keyOf, lastReport, stillTrue, treeHash } from './reports.mjs';
import { allScenarios, chosen } from './scenarios.mjs';

type Report = import('./reports.mjs').Report;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'videopush-long-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const report = (some: Partial<Report> = {}): Report => ({
  name: 'soak',
  tree: 'abc',
  result: 'passed',
  minutes: 10.26,
  seed: 7,
  at: '2026-11-30T00:00:00.000Z',
  counts: counts({ passed: 1 }),
  ...some,
});

describe('the scenarios of the long suite', () => {
  it('the scenarios of the long suite have different names and at most 20 minutes each', () => {
    const scenarios = allScenarios();
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
    for (const { limitMs } of scenarios) expect(limitMs).toBeLessThanOrEqual(20 * 60_000);
  });

  it('the scenarios of the long suite depend on pages only where they read them', () => {
    const reading = allScenarios().filter(({ pages }) => pages);
    const stages = new Set(reading.map(({ name }) => name.replace(/-\d$/, '')));
    expect([...stages]).toEqual([
      ...['lint', 'unit', 'integration', 'e2e'].map((stage) => `debian-12-${stage}`),
      ...['lint', 'unit', 'integration'].map((stage) => `debian-13-${stage}`),
    ]);
  });

  it('each name of a test file that a scenario of the long suite runs is that of a file', () => {
    const files = runSync('git', ['ls-files', '*.test.ts'], { cwd: repoRoot }).stdout.split('\n');
    const names = allScenarios().flatMap(({ commands }) =>
      commands.flatMap(({ args }) => {
        const reporters = args.lastIndexOf('--reporter');
        return reporters < 0 ? [] : args.slice(reporters + 2).filter((arg) => !arg.startsWith('--'));
      }),
    );
    expect(names).toContain('soak');
    expect(names.filter((name) => !files.some((file) => file.includes(name)))).toEqual([]);
  });

  it('a long stage is divided into parts that its name chooses together', () => {
    const parts = chosen(['debian-12-integration'], allScenarios());
    expect(parts.map(({ name }) => name)).toEqual(['debian-12-integration-1', 'debian-12-integration-2']);
    const environments = parts.map(({ commands }) => commands[0]?.env);
    expect(environments.map((env) => env?.VIDEOPUSH_DEBIAN_COMMAND)).toEqual([
      'npm test -- --stage integration --shard 1/2',
      'npm test -- --stage integration --shard 2/2',
    ]);
    expect(new Set(parts.map(({ report }) => report)).size).toBe(2);
  });

  it('scenarios are chosen by their names, in their own order, or by the beginning of a name, and all without one', () => {
    const scenarios = allScenarios();
    const names = (...requested: string[]) => chosen(requested, scenarios).map(({ name }) => name);
    expect(names()).toHaveLength(scenarios.length);
    expect(names('soak', 'full-kills')).toEqual(['full-kills', 'soak']);
    expect(names('full').length).toBeGreaterThan(3);
    expect(names('full').every((name) => name.startsWith('full-'))).toBe(true);
    expect(names('full-kills')).toEqual(['full-kills']);
    expect(() => names('sock')).toThrow('scenario sock does not exist');
  });
});

describe('what the long suite keeps', () => {
  it('a report of the long suite is read again, and is null before the first run or when it is damaged', () => {
    expect(lastReport(folder, 'soak')).toBeNull();
    keep(folder, report());
    expect(lastReport(folder, 'soak')).toEqual(report());
    writeFileSync(join(folder, 'soak.json'), '{');
    expect(lastReport(folder, 'soak')).toBeNull();
  });

  it('a report of the long suite holds only for a pass on the same tree', () => {
    expect(stillTrue(report(), 'abc')).toBe(true);
    expect(stillTrue(report(), 'abd')).toBe(false);
    expect(stillTrue(report({ result: 'failed' }), 'abc')).toBe(false);
    expect(stillTrue(report({ tree: null }), null)).toBe(false);
    expect(stillTrue(null, 'abc')).toBe(false);
  });

  it('the report of an upgrade holds only for the same older commit', () => {
    expect(keyOf({}, 'abc')).toBe('abc');
    expect(keyOf({ from: () => 'def' }, null)).toBeNull();
    const [one, other] = ['def', 'dee'].map((commit) => keyOf({ from: () => commit }, 'abc'));
    expect(stillTrue(report({ tree: one ?? null }), one ?? null)).toBe(true);
    expect(stillTrue(report({ tree: one ?? null }), other ?? null)).toBe(false);
    expect(
      allScenarios()
        .filter(({ from }) => from)
        .map(({ name }) => name),
    ).toEqual(['old-version']);
  });

  it('the hash of a tree changes with files that are not committed, and leaves the index alone', () => {
    const git = (...args: string[]) => runSync('git', args, { cwd: folder }).stdout;
    expect(treeHash(folder)).toBeNull();
    git('init', '-q');
    writeFileSync(join(folder, 'a'), '1');
    writeFileSync(join(folder, '.gitignore'), 'ignored\n');
    git('add', '.');
    git('-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '-qm', 'first');
    const clean = treeHash(folder);
    expect(clean).toBe(git('rev-parse', 'HEAD^{tree}').trim());
    writeFileSync(join(folder, 'ignored'), '1');
    expect(treeHash(folder)).toBe(clean);
    writeFileSync(join(folder, 'b'), '1');
    expect(treeHash(folder)).not.toBe(clean);
    expect(git('status', '--porcelain')).toBe('?? b\n');
  });

  it('the hash of a tree without pages changes only with files that are no pages', () => {
    const git = (...args: string[]) => runSync('git', args, { cwd: folder }).stdout;
    const programs = () => treeHash(folder, { pages: false });
    mkdirSync(join(folder, 'docs', 'pictures'), { recursive: true });
    mkdirSync(join(folder, 'examples', 'camera'), { recursive: true });
    mkdirSync(join(folder, 'native'));
    const pages = ['docs/a.md', 'docs/pictures/a.svg', 'README.md', 'examples/camera/README.zh-CN.md'];
    const others = ['a.ts', 'examples/camera/stream.yaml', 'native/README.md'];
    git('init', '-q');
    for (const file of [...pages, ...others]) writeFileSync(join(folder, file), '1');
    git('add', '.');
    git('-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '-qm', 'first');
    const before = programs();
    expect(before).toMatch(/^[0-9a-f]{40}$/);
    for (const file of pages) {
      writeFileSync(join(folder, file), '2');
      expect(programs()).toBe(before);
    }
    expect(treeHash(folder)).not.toBe(git('rev-parse', 'HEAD^{tree}').trim());
    for (const file of others) {
      const now = programs();
      writeFileSync(join(folder, file), '2');
      expect(programs()).not.toBe(now);
    }
    expect(git('diff', '--cached', '--name-only')).toBe('');
  });

  it('the reports of the long suite are shown as a table that names what was not run again', () => {
    expect(
      closingTable([
        { ...report(), again: false },
        { ...report({ name: 'full-kills', result: 'failed', minutes: 3, seed: 12 }), again: true },
      ]),
    ).toBe(
      [
        'scenario    result         minutes  seed',
        'soak        passed before     10.3     7',
        'full-kills  failed             3.0    12',
      ].join('\n'),
    );
  });
});
