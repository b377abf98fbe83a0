/** Runs a printed command in a shell, as a reader would, in a folder with the checkout's structure. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { binFolder, repoRoot } from '../../../scripts/paths.mjs';
import { Program } from '../program.ts';
import { Scratch } from '../tools.ts';
import type { Step } from './table.ts';

/** What commands name by paths relative to the checkout. What they write stays in the folder. */
const LINKS = ['node_modules', 'package.json', 'scripts', 'examples', 'charts', 'crds', 'tools', 'test'];

/** A folder that stands for the checkout, gone with the scope. */
export function checkout(): Scratch {
  const scratch = new Scratch();
  for (const name of LINKS) symlinkSync(join(repoRoot, name), scratch.file(name));
  return scratch;
}

/** A reader's PATH: it has the Node of the machine instead of npm's, and `videopush` for the helps. */
function readersPath(command: string, programs: readonly string[]): string {
  const own = (process.env.PATH ?? '').split(':').filter((folder) => folder !== binFolder);
  const installed = /(^|\| )videopush /.test(command) ? [binFolder] : [];
  return [...installed, ...programs, ...own].join(':');
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Nobody is left in it.
  }
}

export interface Where {
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** Folders of further programs. */
  programs?: readonly string[];
  limitMilliseconds: number;
}

/** Runs it to its end, or to Ctrl-C where it would run on; judges exit code and output. */
export async function type(step: Step, where: Where, meanwhile?: () => Promise<void>): Promise<void> {
  const words = Object.entries(step.words ?? {});
  const filled = words.reduce((text, [name, word]) => text.replaceAll(name, word), step.command);
  const command = [filled, step.append].filter(Boolean).join(' ');
  const PATH = readersPath(command, where.programs ?? []);
  // In a session of its own, whose group gets Ctrl-C as that of a terminal does.
  await using shell = new Program('setsid', ['bash', '-o', 'pipefail', '-c', command], {
    cwd: where.cwd,
    env: { ...process.env, ...where.env, PATH },
    limitMilliseconds: where.limitMilliseconds,
    keepLines: 20_000,
  });
  if (step.until) {
    await shell.waitForLine(step.until, where.limitMilliseconds);
    await meanwhile?.();
    await sleep(500);
    signalGroup(shell.pid, 'SIGINT');
  }
  const exit = await shell.waitForExit(where.limitMilliseconds).finally(() => {
    // Whatever it left behind would disturb the next one.
    signalGroup(shell.pid, 'SIGKILL');
  });
  // A program that leaves its end to the signal ends with 130 or by SIGINT; ours end in order.
  const codes = step.until ? [step.code ?? 0, 130, null] : [step.code ?? 0];
  expect(codes, shell.tail()).toContain(exit.code);
  if (step.prints) expect([...shell.stdout, ...shell.stderr].join('\n')).toMatch(step.prints);
}
