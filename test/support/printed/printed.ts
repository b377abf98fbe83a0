/** What the pages and the helps print to be typed: found here, run as printed by the tests. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocks, commandsOf } from '../../../scripts/lint/documents.mjs';
import { childEnvironment, nodeBinary, repoRoot } from '../../../scripts/paths.mjs';
import { run } from '../program.ts';

type CodeBlock = import('../../../scripts/lint/documents.mjs').CodeBlock;

export interface Printed {
  command: string;
  /** `docs/install.md:12`, or `videopush push --help`. */
  where: string;
}

/** Of both languages, with the READMEs of the packages. */
function pages(): string[] {
  const patterns = ['*.md', '*/README.md', '*/README.zh-CN.md', 'docs/**/*.md'];
  return globSync(patterns, { cwd: repoRoot }).sort();
}

const read = (page: string): string => readFileSync(join(repoRoot, page), 'utf8');

/** The blocks of the English pages in one language of code; lint holds the other pages to the same ones. */
export function samples(language: string): (CodeBlock & { page: string })[] {
  const english = pages().filter((page) => !page.includes('zh-CN'));
  return english.flatMap((page) =>
    codeBlocks(read(page))
      .filter((block) => block.language === language)
      .map((block) => ({ ...block, page })),
  );
}

export function pageCommands(): Printed[] {
  return samples('sh').flatMap(({ page, line, text }) =>
    commandsOf(text).map((command) => ({ command, where: `${page}:${line}` })),
  );
}

const PROGRAMS = /^(npm|npx|kubectl|kind|docker|helm) /;

/** The commands within sentences and tables of a page: `npm test`, but not the name of a program alone. */
export function proseCommands(text: string): { command: string; line: number }[] {
  // A block keeps its lines, so that those behind it keep their numbers.
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, (block) => block.replaceAll(/.*/g, ''));
  return [...prose.matchAll(/`((?:[^`\n]|\n(?!\n))+)`/g)]
    .map(({ 1: code = '', index }) => ({
      command: code.replaceAll(/\s+/g, ' '),
      line: prose.slice(0, index).split('\n').length,
    }))
    .filter(({ command }) => PROGRAMS.test(command));
}

/** Of all pages, in both languages. */
export function allProseCommands(): Printed[] {
  return pages().flatMap((page) =>
    proseCommands(read(page)).map(({ command, line }) => ({ command, where: `${page}:${line}` })),
  );
}

/** Whether a sentence means this command: it may leave words out (`helm install` for the whole one). */
export function isShortFor(mention: string, command: string): boolean {
  const words = command.split(' ');
  let from = 0;
  return mention.split(' ').every((word) => {
    from = words.indexOf(word, from) + 1;
    return from > 0;
  });
}

async function help(...words: string[]): Promise<string> {
  const cli = join(repoRoot, 'cli', 'bin', 'videopush.mjs');
  const program = await run(nodeBinary(), [cli, ...words, '--help'], { env: childEnvironment() });
  return program.stdout.join('\n');
}

/** The lines behind a heading such as `Commands:` or `Examples:`, up to an empty one. */
function section(text: string, heading: RegExp): string[] {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => heading.test(line)) + 1;
  if (from === 0) return [];
  const end = lines.indexOf('', from);
  return lines.slice(from, end < 0 ? undefined : end);
}

/** The examples of every command's help; a line that is indented further goes on with the one above. */
export async function helpCommands(): Promise<Printed[]> {
  const names = section(await help(), /^Commands:/).flatMap((line) => /^ {2}([a-z]+)/.exec(line)?.[1] ?? []);
  const found = await Promise.all(
    names
      .filter((name) => name !== 'help')
      .map(async (name) => {
        const text = section(await help(name), /^Examples?\b/).join('\n');
        const commands = commandsOf(text.replaceAll(/\n {3,}/g, ' '));
        return commands.map((command) => ({ command, where: `videopush ${name} --help` }));
      }),
  );
  return found.flat();
}
