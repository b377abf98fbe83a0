/** The manual's comparison with mpegCoder, in both languages, from docs/parity.yaml. */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {'kept' | 'fixed' | 'partly' | 'missing'} here
 * @property {string} en
 * @property {string} zh
 * @property {{ en: string, zh: string }} [note]
 * @property {string[]} [tests]  titles of tests
 */

export const PARITY = 'docs/parity.yaml';

const WORDS = {
  en: {
    target: 'docs/parity.md',
    head: [
      '# Parity with mpegCoder',
      '[简体中文](zh-CN/parity.md)',
      'What mpegCoder 3.2 can do, what became of it here, and the titles of the tests that show it. *Fixed* means the intent without the defects that [mpegcoder.md](mpegcoder.md#what-differs) lists. Made from `docs/parity.yaml` by `npm run generate`; lint checks that every test exists.',
    ],
    columns: ['No.', 'Ability', 'Here', 'Tests'],
    here: { kept: 'kept', fixed: 'fixed', partly: 'partly', missing: 'not yet' },
    colon: ': ',
  },
  zh: {
    target: 'docs/zh-CN/parity.md',
    head: [
      '# 与 mpegCoder 的对照',
      '[English](../parity.md)',
      'mpegCoder 3.2 的各项能力、它们在这里的现状，以及证明它们的测试标题（英文）。“修正”表示保留意图而去掉 [mpegcoder.md](mpegcoder.md#不同之处) 所列的缺陷。本页由 `npm run generate` 根据 `docs/parity.yaml` 生成；lint 检查每个测试都存在。',
    ],
    columns: ['编号', '能力', '现状', '测试'],
    here: { kept: '保留', fixed: '修正', partly: '部分', missing: '尚无' },
    colon: '：',
  },
};

/**
 * @param {readonly Row[]} rows
 * @returns {import('./all.mjs').Generated[]} one page for each language
 */
export function parityPages(rows) {
  return /** @type {const} */ (['en', 'zh']).map((language) => {
    const { target, head, columns, here, colon } = WORDS[language];
    const lines = rows.map((row) => {
      const state = here[row.here] + (row.note ? `${colon}${row.note[language]}` : '');
      const tests = (row.tests ?? []).map((title) => `\`${title}\``).join('<br>');
      return [row.id, row[language], state, tests];
    });
    const table = [columns, columns.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`);
    return { source: PARITY, target, text: `${[...head, table.join('\n')].join('\n\n')}\n` };
  });
}
