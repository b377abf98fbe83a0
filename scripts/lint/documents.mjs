/**
 * The manual exists in two languages: README.md beside README.zh-CN.md, and every page of docs/ again
 * under the same path in docs/zh-CN/.
 */

/** @param {string} page @returns {string | null} the same page in the other language; null for no page */
function counterpart(page) {
  if (page === 'README.md') return 'README.zh-CN.md';
  if (page === 'README.zh-CN.md') return 'README.md';
  if (!/^docs\/.+\.md$/.test(page)) return null;
  return page.startsWith('docs/zh-CN/')
    ? page.replace('docs/zh-CN/', 'docs/')
    : page.replace('docs/', 'docs/zh-CN/');
}

/**
 * @param {readonly string[]} files  relative to the root
 * @returns {string[]} one line for each page whose other language is missing
 */
export function unpairedPages(files) {
  const there = new Set(files);
  const problems = there.has('README.md') ? [] : ['README.md is missing'];
  for (const file of files) {
    const other = counterpart(file);
    if (other !== null && !there.has(other)) problems.push(`${file} has no counterpart ${other}`);
  }
  return problems;
}
