/**
 * `videopush completion SHELL`: scripts that complete its words, made from its own commands and options.
 * Pure.
 */
import type { Argument, Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const flagsOf = ({ short, long }: Option): string[] => [short, long].filter((flag) => flag !== undefined);

const optionsOf = (command: Command): Option[] => [...command.createHelp().visibleOptions(command)];

/**
 * What may stand in a place of the command line: one of a few words, a file, or what
 * can't be listed (a number, a name).
 */
type Place = readonly string[] | 'file' | 'unknown';

/** What follows an option; null where nothing does. */
const placeOf = ({ flags, argChoices, required }: Option): Place | null =>
  required ? (argChoices ?? (flags.includes('<FILE>') ? 'file' : 'unknown')) : null;

/** An argument without choices is a file or an address, and of the two only files can be listed. */
const placeOfArguments = ({ registeredArguments: [first] }: { registeredArguments: readonly Argument[] }) =>
  first === undefined ? null : (first.argChoices ?? ('file' as const));

/** How to switch the completion on is said in the script's first line. */
export function completionScript(root: Command, shell: Shell): string {
  return { bash, zsh, fish }[shell](root);
}

/** What bash sets to offer a place's completions. */
const forBash = (place: Place | null): string =>
  place === 'file' ? 'files=1' : place === 'unknown' || place === null ? ':' : `words="${place.join(' ')}"`;

function bash(root: Command): string {
  const values = root.commands.flatMap((command) =>
    optionsOf(command).flatMap((option) => {
      const place = placeOf(option);
      const patterns = flagsOf(option).map((flag) => `"${command.name()} ${flag}"`);
      return place === null ? [] : [`      ${patterns.join(' | ')}) ${forBash(place)} ;;`];
    }),
  );
  const lists = root.commands.flatMap((command) => [
    `        "${command.name()} -"*) ${forBash(optionsOf(command).flatMap(flagsOf))} ;;`,
    `        "${command.name()} "*) ${forBash(placeOfArguments(command))} ;;`,
  ]);
  const commands = root.commands.map((command) => command.name());
  return `# bash: source <(videopush completion bash)
_videopush() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]}
  local words= files=
  if [[ $COMP_CWORD -eq 1 ]]; then
    ${forBash([...commands, ...optionsOf(root).flatMap(flagsOf)])}
  else
    case "$command $previous" in
${values.join('\n')}
      *) case "$command $current" in
${lists.join('\n')}
      esac ;;
    esac
  fi
  COMPREPLY=()
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  elif [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -F _videopush videopush
`;
}

/** Escapes text for single quotes in zsh's _arguments, where colons and brackets have a meaning. */
const forZsh = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&').replaceAll("'", "'\\''");

/** The action of _arguments that offers a place's completions; a blank offers none. */
const actionOf = (place: Place): string =>
  place === 'file' ? '_files' : place === 'unknown' ? ' ' : `(${place.join(' ')})`;

function zsh(root: Command): string {
  const argument = (option: Option): string => {
    const place = placeOf(option);
    const name = /<(.+?)>/.exec(option.flags)?.[1] ?? '';
    return place === null ? '' : `:${forZsh(name)}:${actionOf(place)}`;
  };
  const cases = root.commands.map((command) => {
    const options = optionsOf(command).flatMap((option) =>
      flagsOf(option).map((flag) => `'${flag}[${forZsh(option.description)}]${argument(option)}'`),
    );
    const place = placeOfArguments(command);
    const rest = place === null ? [] : [`'*:word:${actionOf(place)}'`];
    return `    ${command.name()}) _arguments ${[...options, ...rest].join(' \\\n      ')} ;;`;
  });
  const commands = root.commands.map((command) => `'${command.name()}:${forZsh(command.description())}'`);
  return `#compdef videopush
# zsh: source <(videopush completion zsh), after compinit
_videopush() {
  local -a commands=(
    ${commands.join('\n    ')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _videopush ]]; then _videopush "$@"; else compdef _videopush videopush; fi
`;
}

/** The options of fish's `complete` for what follows: -x takes one word and no file, -f takes no file. */
const forFishValue = (place: Place): string =>
  place === 'file' ? '-r -F' : place === 'unknown' ? '-x' : `-x -a ${forFish(place.join(' '))}`;

const forFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fish(root: Command): string {
  const lines = root.commands.flatMap((command) => {
    const within = `complete -c videopush -n '__fish_seen_subcommand_from ${command.name()}'`;
    const options = optionsOf(command).map((option) => {
      const names = [
        option.short && `-s ${option.short.slice(1)}`,
        option.long && `-l ${option.long.slice(2)}`,
      ];
      const place = placeOf(option);
      return [within, ...names, place && forFishValue(place), `-d ${forFish(option.description)}`]
        .filter(Boolean)
        .join(' ');
    });
    const place = placeOfArguments(command);
    const words = typeof place === 'object' && place !== null ? `-a ${forFish(place.join(' '))}` : '';
    return [
      `complete -c videopush -n __fish_use_subcommand -f -a ${command.name()} -d ${forFish(command.description())}`,
      ...options,
      ...(place === 'file' ? [] : [`${within} -f ${words}`.trimEnd()]),
    ];
  });
  return `# fish: videopush completion fish | source\n${lines.join('\n')}\n`;
}
