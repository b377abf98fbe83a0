/** `videopush completion SHELL`: scripts that complete its words, made from its own commands and options. Pure. */
import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const flagsOf = ({ short, long }: Option): string[] => [short, long].filter((flag) => flag !== undefined);

const optionsOf = (command: Command): Option[] => [...command.createHelp().visibleOptions(command)];

/** Words that may stand in the place of an argument, where there are only a few. */
const wordsOf = (command: Command): string[] =>
  command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);

/** How to switch the completion on is said in the script's first line. */
export function completionScript(root: Command, shell: Shell): string {
  return { bash, zsh, fish }[shell](root);
}

function bash(root: Command): string {
  const values = root.commands.flatMap((command) =>
    optionsOf(command)
      .filter(({ argChoices }) => argChoices)
      .map((option) => {
        const patterns = flagsOf(option).map((flag) => `"${command.name()} ${flag}"`);
        return `    ${patterns.join(' | ')}) words="${option.argChoices?.join(' ')}" ;;`;
      }),
  );
  const lists = root.commands.flatMap((command) => [
    `      "${command.name()} -"*) words="${optionsOf(command).flatMap(flagsOf).join(' ')}" ;;`,
    ...(wordsOf(command).length > 0
      ? [`      "${command.name()} "*) words="${wordsOf(command).join(' ')}" ;;`]
      : []),
  ]);
  const commands = root.commands.map((command) => command.name()).join(' ');
  return `# bash: source <(videopush completion bash)
_videopush() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]} words=
  if [[ $COMP_CWORD -eq 1 ]]; then
    words="${commands} ${optionsOf(root).flatMap(flagsOf).join(' ')}"
  else
    case "$command $previous" in
${values.join('\n')}
    *) case "$command $current" in
${lists.join('\n')}
      esac ;;
    esac
  fi
  COMPREPLY=()
  [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _videopush videopush
`;
}

/** In single quotes of zsh's _arguments, where colons and brackets have a meaning. */
const forZsh = (text: string): string => text.replaceAll("'", "'\\''").replace(/[\\[\]:]/g, '\\$&');

function zsh(root: Command): string {
  const argument = (option: Option): string => {
    const name = /<(.+?)>/.exec(option.flags)?.[1];
    if (name === undefined) return '';
    return `:${forZsh(name)}:${option.argChoices ? `(${option.argChoices.join(' ')})` : '_files'}`;
  };
  const cases = root.commands.map((command) => {
    const options = optionsOf(command).flatMap((option) =>
      flagsOf(option).map((flag) => `'${flag}[${forZsh(option.description)}]${argument(option)}'`),
    );
    const words = wordsOf(command);
    const rest = words.length > 0 ? `'*:word:(${words.join(' ')})'` : "'*:file:_files'";
    return `    ${command.name()}) _arguments ${[...options, rest].join(' \\\n      ')} ;;`;
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

const forFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fish(root: Command): string {
  const lines = root.commands.flatMap((command) => {
    const within = `complete -c videopush -n '__fish_seen_subcommand_from ${command.name()}'`;
    const options = optionsOf(command).map((option) => {
      const names = [
        option.short && `-s ${option.short.slice(1)}`,
        option.long && `-l ${option.long.slice(2)}`,
      ];
      const value = option.argChoices
        ? `-x -a ${forFish(option.argChoices.join(' '))}`
        : option.required && '-r';
      return [within, ...names, value, `-d ${forFish(option.description)}`].filter(Boolean).join(' ');
    });
    const words = wordsOf(command);
    return [
      `complete -c videopush -n __fish_use_subcommand -f -a ${command.name()} -d ${forFish(command.description())}`,
      ...options,
      ...(words.length > 0 ? [`${within} -f -a ${forFish(words.join(' '))}`] : []),
    ];
  });
  return `# fish: videopush completion fish | source\n${lines.join('\n')}\n`;
}
