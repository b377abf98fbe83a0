/** `videopush completion SHELL`: each script is loaded into its shell, which then completes command lines. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnvironment, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import { outputOf } from '../support/program.ts';
import { Scratch } from '../support/tools.ts';

const BIN = join(repoRoot, 'cli', 'bin', 'videopush.mjs');
const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** A folder with the files that can be completed, and each shell's script in `scripts/`. */
let scratch: Scratch;

beforeAll(() => {
  scratch = new Scratch();
  for (const name of ['scripts', 'home', 'work']) mkdirSync(scratch.file(name));
  for (const name of ['talk.mp4', 'take two.mp4', 'key']) scratch.write(`work/${name}`, '');
  for (const shell of SHELLS) {
    const script = outputOf(nodeBinary(), [BIN, 'completion', shell]);
    scratch.write(`scripts/${shell}`, script);
  }
}, 60_000);
afterAll(() => scratch?.[Symbol.dispose]());

/** What a shell printed that got `program` as its script and these words as the script's arguments. */
function ask(shell: string, flags: readonly string[], program: string, words: readonly string[]): string {
  return outputOf(shell, [...flags, '-c', program, ...words], {
    cwd: scratch.file('work'),
    timeout: 60_000,
    env: childEnvironment({ HOME: scratch.file('home'), ZDOTDIR: scratch.file('home') }),
  });
}

/** Calls the function that bash calls, as it does. */
function offeredByBash(...words: string[]): string[] {
  const program = `
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_videopush
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const given = ['bash', scratch.file('scripts/bash'), ...words];
  return ask('bash', ['--norc'], program, given).split('\n');
}

/**
 * zsh completes only at a prompt, so this one has a terminal of its own (zpty), where Tab is pressed.
 * Behind `compadd`, with which every function of its completion offers words, stands one that also writes
 * the matching ones into a file.
 */
const ZSH = `
zmodload zsh/zpty
zpty shell zsh -f -i
send() { zpty -w shell "$1"; }
send 'PS1= PS2=; autoload -Uz compinit && compinit -u -D; source '\${(q)1}
send 'compadd() { if [[ " $* " != *" -"[OAD]" "* ]]; then local -a hits; builtin compadd -A hits "$@"; print -rl -- $hits >>'\${(q)2}'; fi; builtin compadd "$@"; }'
send 'done-completing() { print -r -- "# end" >>'\${(q)2}'; }; zle -N done-completing; bindkey "^X^X" done-completing'
zpty -w -n shell \${(j: :)\${(@q)@[3,-1]}}
zpty -w -n shell $'\\t\\C-x\\C-x'
while [[ ! -e $2 || "$(<$2)" != *'# end'* ]]; do zpty -r -t shell || sleep 0.05; done >/dev/null
zpty -d shell`;

function offeredByZsh(...words: string[]): string[] {
  const matches = scratch.file(`matches-${++asked}`);
  ask('zsh', ['-f'], ZSH, ['zsh', scratch.file('scripts/zsh'), matches, ...words]);
  return readFileSync(matches, 'utf8').split('\n').slice(0, -2);
}
let asked = 0;

/** The description that fish shows beside a word stands behind a tab. */
function offeredByFish(...words: string[]): string[] {
  const line = words.map((word) => (/ /.test(word) ? `'${word}'` : word)).join(' ');
  const program = 'source $argv[1]; complete -C $argv[2]';
  const printed = ask('fish', ['--no-config'], program, [scratch.file('scripts/fish'), line]);
  return printed.split('\n').map((each) => each.split('\t')[0] ?? '');
}

describe.each([
  ['bash', offeredByBash],
  ['zsh', offeredByZsh],
  ['fish', offeredByFish],
] as const)('%s', (shell, ask) => {
  /** Sorted; a shell may offer the same word by two ways, and quote blanks. */
  const offered = (...words: string[]): string[] => {
    const plain = ask(...words).map((word) => word.replaceAll('\\ ', ' '));
    return [...new Set(plain)].filter((word) => word !== '').sort();
  };

  it(`${shell} completes commands, and no file in their place`, () => {
    const commands = offered('videopush', '');
    expect(commands).toEqual(
      expect.arrayContaining(['completion', 'probe', 'push', 'render', 'run', 'server']),
    );
    expect(commands).not.toContain('talk.mp4');
    expect(offered('videopush', 'pr')).toEqual(['probe']);
  });

  it(`${shell} completes the options of a command`, () => {
    expect(offered('videopush', 'push', '--b')).toEqual(['--background', '--bframes', '--bitrate']);
    // With the second dash: fish 4 also offers names that merely have the typed letters in this order,
    // as --source-file has those of --url.
    expect(offered('videopush', 'push', 'talk.mp4', '--url-')).toEqual(['--url-file']);
  });

  it(`${shell} completes values of which there are only a few`, () => {
    expect(offered('videopush', 'push', '--when-full', 'drop')).toEqual(['drop-newest', 'drop-oldest']);
    expect(offered('videopush', 'completion', '')).toEqual(['bash', 'fish', 'zsh']);
  });

  it(`${shell} completes files as source, as target, as manifest, and behind an option that takes one`, () => {
    const clips = ['take two.mp4', 'talk.mp4'];
    expect(offered('videopush', 'push', 'ta')).toEqual(clips);
    expect(offered('videopush', 'push', 'testpattern', 'ta')).toEqual(clips);
    expect(offered('videopush', 'run', 'ta')).toEqual(clips);
    expect(offered('videopush', 'render', '--key-file', 'k')).toEqual(['key']);
  });

  it(`${shell} offers no file where none can follow`, () => {
    expect(offered('videopush', 'push', '--bitrate', '')).toEqual([]);
    expect(offered('videopush', 'server', 'ta')).toEqual([]);
  });
});
