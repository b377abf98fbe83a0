/** The manual's list of every metric, in both languages, from the code that serves them. */
import { decoderFamilies, encoderFamilies } from '../../codec-worker/src/metrics.ts';
import { decodeSnapshot, encodeSnapshot } from '../../codec-worker/src/testing/snapshots.ts';
import { PathFigures, showFigures } from '../../operator/src/controllers/mediaserver/metrics.ts';
import { Metrics } from '../../operator/src/runtime/metrics.ts';
import { translationProblems } from './translations.mjs';

/**
 * @typedef {{ name: string, type: string, labels: string[], help: string,
 *   roles: Set<'decoder' | 'encoder' | 'operator'> }} Series
 */

const WORDS = {
  en: {
    target: 'docs/metrics.md',
    head: [
      '# Every metric',
      '[简体中文](zh-CN/metrics.md)',
      'Made by `npm run generate` from the code that serves them. [pacing.md](pacing.md#metrics) has questions and the queries that answer them; the chart brings a dashboard and alerts.',
    ],
    worker: [
      '## Of a stream',
      'Decoder (port 9090) and encoder (port 9091) serve them on `/metrics`; each has the label `stream` too.',
    ],
    operator: [
      '## Of the operator',
      'Port 8080, and the metrics of Node and of its process beside them (`nodejs_`, `process_`). Those of the loop have the names of controller-runtime, so that its dashboards fit.',
    ],
    columns: ['Series', 'Type', 'Labels', 'Role', 'Meaning'],
  },
  zh: {
    target: 'docs/zh-CN/metrics.md',
    head: [
      '# 全部指标',
      '[English](../metrics.md)',
      '本页由 `npm run generate` 根据提供指标的代码生成。常见问题及其查询见 [pacing.md](pacing.md#指标)；chart 附带仪表板和告警。',
    ],
    worker: [
      '## 流的指标',
      '解码器（端口 9090）和编码器（端口 9091）在 `/metrics` 提供；另外都有标签 `stream`。',
    ],
    operator: [
      '## operator 的指标',
      '端口 8080，另有 Node 及其进程的指标（`nodejs_`、`process_`）。循环的指标沿用 controller-runtime 的名称，其仪表板可直接使用。',
    ],
    columns: ['序列', '类型', '标签', '角色', '含义'],
  },
};

/** @returns {Series[]} in the order in which the code has them, a series of both roles once */
function workerSeries() {
  const build = { version: '', ffmpeg: '', license: '' };
  /** @type {Map<string, Series>} */
  const found = new Map();
  /**
   * @template View
   * @param {'decoder' | 'encoder'} role
   * @param {readonly import('../../codec-worker/src/metrics-render.ts').Family<View>[]} families
   * @param {View} view
   */
  const add = (role, families, view) => {
    for (const { name, type, help, samples } of families) {
      const series = found.get(name) ?? { name, type, help, labels: [], roles: new Set() };
      found.set(name, series);
      series.roles.add(role);
      const labels = samples(view).flatMap((sample) => Object.keys(sample.labels));
      series.labels = [...new Set([...series.labels, ...labels])].filter((label) => label !== 'le');
    }
  };
  add('decoder', decoderFamilies, { build, snapshot: decodeSnapshot() });
  add('encoder', encoderFamilies, { build, outputs: [], snapshot: encodeSnapshot() });
  return [...found.values()];
}

/** @returns {Series[]} */
function operatorSeries() {
  const metrics = new Metrics({ version: '', process: false });
  metrics.queues(() => []);
  metrics.leader('', () => false);
  metrics.silences(() => []);
  showFigures(metrics, new PathFigures());
  // prom-client's types leave out what every metric has.
  const all =
    /** @type {{ name: string, help: string, labelNames: string[], constructor: { name: string } }[]} */ (
      /** @type {unknown} */ (metrics.registry.getMetricsAsArray())
    );
  return all.map(({ name, help, labelNames, constructor: Kind }) => ({
    name,
    type: Kind.name.toLowerCase(),
    help,
    labels: labelNames.filter((label) => label !== 'le'),
    roles: new Set(/** @type {const} */ (['operator'])),
  }));
}

/**
 * @param {typeof WORDS.en} words
 * @param {readonly Series[]} list
 * @param {(english: string) => string} said  in the page's language
 */
function table(words, list, said) {
  const code = (/** @type {Iterable<string>} */ names) => [...names].map((name) => `\`${name}\``).join(' ');
  const rows = list.map(({ name, type, labels, roles, help }) => [
    code([name]),
    type,
    code(labels),
    [...roles].join(', '),
    said(help).replaceAll('<', '&lt;'),
  ]);
  return [words.columns, words.columns.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/**
 * @param {import('./translations.mjs').Translations} translations
 * @param {string} file  of the translations, for messages
 * @returns {{ pages: import('./all.mjs').Generated[], problems: string[] }}
 */
export function metricPages(translations, file) {
  const [worker, operator] = [workerSeries(), operatorSeries()];
  const known = new Map(translations.map(({ en, zh }) => [en, zh]));
  const said = new Set([...worker, ...operator].map(({ help }) => help));
  const problems = translationProblems(translations, said, file);
  const pages = /** @type {const} */ (['en', 'zh']).map((language) => {
    const words = WORDS[language];
    const inLanguage = (/** @type {string} */ help) => (language === 'zh' ? (known.get(help) ?? help) : help);
    const parts = [
      ...words.head,
      ...words.worker,
      table(words, worker, inLanguage),
      ...words.operator,
      table(words, operator, inLanguage),
    ];
    return { source: 'the code that serves them', target: words.target, text: `${parts.join('\n\n')}\n` };
  });
  return { pages, problems };
}
