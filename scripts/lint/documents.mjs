/**
 * The manual exists in two languages: every page at the root or of a package beside its .zh-CN.md, and
 * every page of docs/ again under the same path in docs/zh-CN/.
 */

export const READMES = { en: 'README.md', zh: 'README.zh-CN.md' };
/** Its entries are written in English only. */
export const CHANGELOG = 'CHANGELOG.md';

/**
 * Pages stand at the root and below docs/, and each published package has a README.
 * @param {string} file  relative to the root
 */
export const isPage = (file) => /^(docs\/.+|[^/]+|[^/]+\/README(\.zh-CN)?)\.md$/.test(file);

/** @param {string} page @returns {boolean} */
export const isChinese = (page) => page.startsWith('docs/zh-CN/') || page.endsWith('.zh-CN.md');

/**
 * @param {string} page
 * @returns {string | null} the same page in the other language; null for what has none
 */
function counterpart(page) {
  if (!isPage(page) || page === CHANGELOG) return null;
  if (!page.startsWith('docs/')) {
    return isChinese(page) ? page.replace('.zh-CN.md', '.md') : page.replace(/\.md$/, '.zh-CN.md');
  }
  return isChinese(page) ? page.replace('docs/zh-CN/', 'docs/') : page.replace('docs/', 'docs/zh-CN/');
}

/**
 * @param {readonly string[]} files  relative to the root
 * @returns {string[]} one line for each page whose other language is missing
 */
export function unpairedPages(files) {
  const existing = new Set(files);
  const problems = existing.has(READMES.en) ? [] : [`${READMES.en} is missing`];
  for (const file of files) {
    const other = counterpart(file);
    if (other !== null && !existing.has(other)) problems.push(`${file} has no counterpart ${other}`);
  }
  return problems;
}

/**
 * @typedef {{ language: string, line: number, text: string }} CodeBlock  `line`: of its first line, from 1
 */

/**
 * @param {string} page  its text
 * @returns {CodeBlock[]} the fenced blocks
 */
export function codeBlocks(page) {
  const lines = page.split('\n');
  /** @type {CodeBlock[]} */
  const blocks = [];
  for (let at = 0; at < lines.length; at += 1) {
    const language = /^```(\S*)$/.exec(lines[at] ?? '')?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    blocks.push({ language, line: at + 2, text: lines.slice(at + 1, end < 0 ? undefined : end).join('\n') });
    at = end < 0 ? lines.length : end;
  }
  return blocks;
}

/**
 * @param {string} text  of a `sh` block
 * @returns {string[]} its commands, each in one line and without comment; a block that
 *   sets a variable is one command
 */
export function commandsOf(text) {
  const lines = text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s+)#\s.*$/, '').trim())
    .filter((line) => line !== '');
  return lines.some((line) => /^\w+=\S+$/.test(line)) ? [lines.join('\n')] : lines;
}

/**
 * What a page prints to be typed or copied, in its order: comments may be in the page's own language.
 * @param {string} page
 */
function printed(page) {
  return codeBlocks(page).flatMap(({ language, text }) => {
    if (language === 'sh') return commandsOf(text);
    if (language === '') return [];
    return text.replaceAll(/\s*(\/\/|#)\s.*$/gm, '').split('\n');
  });
}

/**
 * @param {readonly string[]} files  relative to the root
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each page whose other language prints other commands or samples
 */
export function differentCommands(files, text) {
  const there = new Set(files);
  return files.flatMap((file) => {
    const other = counterpart(file);
    if (other === null || !there.has(other) || isChinese(file)) return [];
    const [here, beside] = [printed(text(file)), printed(text(other))];
    const at = here.findIndex((line, index) => line !== beside[index]);
    const first = at >= 0 ? at : beside.length > here.length ? here.length : -1;
    if (first < 0) return [];
    return [
      `${file} prints “${here[first] ?? 'nothing'}” where ${other} prints “${beside[first] ?? 'nothing'}”`,
    ];
  });
}
