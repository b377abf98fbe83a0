/**
 * Checks the links of the manual: each page can be reached from the README of its language, and the target of
 * every link and every file that a page names exist.
 */
import { dirname, join } from 'node:path/posix';
import { CHANGELOG, isChinese, isPage, READMES } from './documents.mjs';

/** @param {string} page @returns {string} without blocks of code */
const withoutBlocks = (page) => page.replace(/^```.*?^```/gms, '');

/**
 * @param {string} file
 * @param {string} text
 * @returns {{ target: string, anchor: string }[]} links within the repository; a target
 *   without a path is the page itself
 */
function linksOf(file, text) {
  const prose = withoutBlocks(text).replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/i.test(link)) return [];
    const [path = '', anchor = ''] = link.split('#');
    const target = path === '' ? file : join(dirname(file), decodeURI(path)).replace(/\/$/, '');
    return [{ target, anchor: decodeURI(anchor) }];
  });
}

/** @param {string} text @returns {Set<string>} the anchors that GitHub gives to a page's headings */
function anchorsOf(text) {
  const headings = [...withoutBlocks(text).matchAll(/^#+ +(.+)$/gm)];
  return new Set(
    headings.map(([, heading = '']) =>
      heading
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** @param {readonly string[]} files @returns {Set<string>} the files and every folder that holds one */
function places(files) {
  const found = new Set(files);
  for (const file of files) {
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) found.add(folder);
  }
  return found;
}

/**
 * @param {readonly string[]} files
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each link of a page to a file or heading that does not exist
 */
export function deadLinks(files, text) {
  const existing = places(files);
  return files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      linksOf(file, text(file)).flatMap(({ target, anchor }) => {
        if (!existing.has(target)) return [`${file} links to ${target}, which does not exist`];
        if (anchor === '' || !target.endsWith('.md') || anchorsOf(text(target)).has(anchor)) return [];
        return [`${file} links to ${target}#${anchor}, a heading that does not exist`];
      }),
    );
}

/**
 * @param {readonly string[]} files
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each page that no chain of links in its own
 *   language reaches from its README
 */
export function orphanPages(files, text) {
  const pages = files.filter((file) => isPage(file));
  const reached = new Set(pages.filter((page) => page === READMES.en || page === READMES.zh));
  for (const page of reached) {
    for (const { target } of linksOf(page, text(page))) {
      const sameLanguage = isChinese(target) === isChinese(page);
      if (pages.includes(target) && (sameLanguage || target === CHANGELOG)) reached.add(target);
    }
  }
  return pages
    .filter((page) => !reached.has(page))
    .map((page) => `${page} cannot be reached from ${isChinese(page) ? READMES.zh : READMES.en}`);
}

/**
 * Names of files in code marks are those of the repository when they begin with one of its folders.
 * @param {readonly string[]} files
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each file that a page names and that does not exist
 */
export function namedFilesMissing(files, text) {
  const existing = places(files);
  return files
    .filter((file) => isPage(file) && file !== CHANGELOG)
    .flatMap((file) =>
      [...withoutBlocks(text(file)).matchAll(/`([\w@.-]+(?:\/[\w@.-]+)+)\/?`/g)].flatMap(([, name = '']) => {
        const folder = name.slice(0, name.indexOf('/'));
        return existing.has(folder) && !existing.has(name)
          ? [`${file} names ${name}, which does not exist`]
          : [];
      }),
    );
}
