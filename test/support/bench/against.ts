/**
 * `npm run bench -- NAME --against REF`: each of two commits runs the `npm run bench` of its own checkout,
 * one pair at a time, alternating, so that whatever the machine does meanwhile meets both.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheDir, repoRoot } from '../../../scripts/paths.mjs';
import { ask, run, SetupError, stopRunning } from '../../../scripts/setup/command.mjs';
import { addReport, comparison, type Figures } from './compare.ts';

/** Time limit of one run with one pair, which includes the set-up of its checkout. */
const RUN_LIMIT_MS = 60 * 60_000;

interface Side {
  title: string;
  folder: string;
  figures: Figures;
}

/** The checkout of a commit, kept in the cache for the next time. */
async function checkoutOf(ref: string): Promise<{ hash: string; folder: string }> {
  const hash = await ask('git', ['-C', repoRoot, 'rev-parse', '--verify', '--quiet', `${ref}^{commit}`]);
  if (hash === null) {
    throw new SetupError(`there is no commit ${ref}`, {
      cause: 'git does not know it in this checkout',
      todo: 'name a commit, a branch or a tag that `git log` shows',
    });
  }
  const folder = join(cacheDir(), 'checkouts', hash.slice(0, 12));
  if (!existsSync(join(folder, 'package.json'))) {
    console.log(`checking ${ref} out into ${folder}`);
    // --force: an earlier one may have been deleted without a word to git.
    await run('git', ['-C', repoRoot, 'worktree', 'add', '--force', '--detach', folder, hash], {
      what: `${ref} could not be checked out`,
      todo: `\`git worktree remove --force ${folder}\`, then run the same command again`,
      log: 'checkout',
      limitMs: 5 * 60_000,
    });
  }
  return { hash, folder };
}

/** The report that a bench in this checkout has written since then. */
function newestReport(folder: string, since: number): string {
  const reports = join(folder, 'bench-results');
  const changed = (file: string) => statSync(file).mtimeMs;
  const newest = readdirSync(reports)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(reports, name))
    .filter((file) => changed(file) >= since)
    .sort((a, b) => changed(b) - changed(a))[0];
  if (newest === undefined) throw new Error(`the bench in ${folder} has written no report`);
  return readFileSync(newest, 'utf8');
}

async function runOnce(name: string, side: Side, options: readonly string[]): Promise<void> {
  const since = Date.now();
  await run('npm', ['run', 'bench', '--', name, '--pairs', '1', ...options], {
    what: `the bench ${name} failed in ${side.folder}`,
    todo: 'read the log; the bench must exist in both commits',
    log: 'bench',
    limitMs: RUN_LIMIT_MS,
    cwd: side.folder,
  });
  addReport(newestReport(side.folder, since), side.figures);
}

async function main(words: string[]): Promise<void> {
  const [name = '', ...rest] = words;
  const { values } = parseArgs({
    args: rest,
    options: {
      against: { type: 'string', default: '' },
      pairs: { type: 'string', default: '5' },
      seconds: { type: 'string' },
      hogs: { type: 'string' },
    },
  });
  const pairs = Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error('--pairs must be a whole number from 1 on');
  const passedOn = (['seconds', 'hogs'] as const).flatMap((key) =>
    values[key] === undefined ? [] : [`--${key}`, values[key]],
  );
  const other = await checkoutOf(values.against);
  const sides: [Side, Side] = [
    { title: 'this checkout', folder: repoRoot, figures: new Map() },
    { title: values.against, folder: other.folder, figures: new Map() },
  ];
  for (let pair = 0; pair < pairs; pair++) {
    for (const side of pair % 2 === 0 ? sides : sides.toReversed()) {
      console.log(`pair ${pair + 1} of ${pairs}: ${side.title}`);
      await runOnce(name, side, passedOn);
    }
  }
  console.log(`\n${name}, ${pairs} pairs: median [range]; ${values.against} is ${other.hash.slice(0, 12)}\n`);
  console.log(comparison(sides[0].figures, sides[1].figures, values.against));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stopRunning);
try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(
    error instanceof SetupError ? error.describe('The bench') : `bench: ${(error as Error).message}`,
  );
  process.exitCode = 2;
}
