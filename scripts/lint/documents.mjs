/** The manual exists in two languages: `X.md` in English and `X.zh-CN.md` beside it. */

/** Pages that people read: the root's README and everything in docs/. */
const PAGE = /^(README|docs\/.+)\.md$/;
const CHINESE = /\.zh-CN\.md$/;

/**
 * @param {readonly string[]} files  relative to the root
 * @returns {string[]} one line for each page whose other language is missing
 */
export function unpairedPages(files) {
  const there = new Set(files);
  const problems = there.has('README.md') ? [] : ['README.md is missing'];
  for (const file of files.filter((name) => PAGE.test(name))) {
    const other = CHINESE.test(file) ? file.replace(CHINESE, '.md') : file.replace(/\.md$/, '.zh-CN.md');
    if (!there.has(other)) problems.push(`${file} has no ${other} beside it`);
  }
  return problems;
}
