/** What stands below the options in a help, and the hint after a mistake. */
import type { Command } from 'commander';

/** Width of a help text that goes to a file or a pipe. */
const USUAL_COLUMNS = 80;

/** Adds paragraphs, wrapped at the width of the terminal; lines that begin with blanks stay as they are. */
export function addText(command: Command, text: string): Command {
  return command.addHelpText('after', () => `\n${wrapped(text, process.stdout.columns || USUAL_COLUMNS)}`);
}

/** Pure. */
export function wrapped(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => (line.startsWith(' ') ? [line] : wrapLine(line, width)))
    .join('\n');
}

function wrapLine(line: string, width: number): string[] {
  const lines = [''];
  for (const word of line.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

/** Makes each command name its own help after a usage error. */
export function nameHelps(root: Command): void {
  root.showHelpAfterError('(videopush --help lists the commands)');
  for (const command of root.commands) {
    command.copyInheritedSettings(root);
    command.showHelpAfterError(`(videopush ${command.name()} --help lists the options)`);
  }
}
