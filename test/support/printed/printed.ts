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

/** Pages in English; lint holds the others to the same commands and samples. */
function pages(): string[] {
  const isEnglish = (file: string) => !file.includes('zh-CN');
  return globSync(['*.md', '*/README.md', 'docs/**/*.md'], { cwd: repoRoot }).filter(isEnglish).sort();
}

/** The blocks of all pages in one language of code. */
export function samples(language: string): (CodeBlock & { page: string })[] {
  return pages().flatMap((page) =>
    codeBlocks(readFileSync(join(repoRoot, page), 'utf8'))
      .filter((block) => block.language === language)
      .map((block) => ({ ...block, page })),
  );
}

export function pageCommands(): Printed[] {
  return samples('sh').flatMap(({ page, line, text }) =>
    commandsOf(text).map((command) => ({ command, where: `${page}:${line}` })),
  );
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
