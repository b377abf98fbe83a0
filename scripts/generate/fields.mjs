/** The manual's list of every field, in both languages, from the definitions of the kinds. */
import { translationProblems } from './translations.mjs';

/**
 * @typedef {{ path: string, schema: any, required: boolean }} Row  `path`: as in spec.outputs[].url
 * @typedef {import('./translations.mjs').Translations} Translations
 */

/** What stands for a whole VideoPush's spec, or its source, is listed once. */
const ELSEWHERE = new Set(['VideoPushSet.spec.template.spec', 'VideoPushSet.spec.sources[].source']);

const WORDS = {
  en: {
    title: 'Every field',
    intro: [
      '[简体中文](zh-CN/fields.md)',
      'Made from `crds/` by `npm run generate`. `kubectl explain vp.spec.source` says the same on a cluster.',
      'A list is written `[]`, the values of a map `*`. What a manifest leaves out gets its default. An API server refuses what is not allowed here, with the sentences below the tables; `videopush run` and `videopush render` refuse it in the same words.',
    ],
    columns: ['Field', 'Type', 'Default', 'Allowed', 'Meaning'],
    ruleColumns: ['Field', 'Rule'],
    rules: 'Rules',
    status: 'Status',
    required: 'required',
    and: ', ',
    machine: ' (on a cluster only)',
    types: {
      string: 'text',
      integer: 'whole number',
      boolean: 'true, false',
      object: 'object',
      array: 'list',
      map: 'map',
      any: 'whole number or text',
    },
    even: (/** @type {number} */ n) => `multiples of ${n}`,
    chars: 'characters',
    entries: 'entries',
    upTo: 'up to',
  },
  zh: {
    title: '全部字段',
    intro: [
      '[English](../fields.md)',
      '本页由 `npm run generate` 根据 `crds/` 生成。在集群上，`kubectl explain vp.spec.source` 给出同样的说明（英文）。',
      '列表写作 `[]`，映射的值写作 `*`。清单中省略的字段取默认值。不允许的内容由 API 服务器拒绝，提示（英文）的含义列在各表之后；`videopush run` 与 `videopush render` 用同样的句子拒绝。',
    ],
    columns: ['字段', '类型', '默认值', '允许的值', '含义'],
    ruleColumns: ['字段', '规则'],
    rules: '规则',
    status: '状态',
    required: '必填',
    and: '，',
    machine: '（仅在集群上）',
    types: {
      string: '文本',
      integer: '整数',
      boolean: 'true、false',
      object: '对象',
      array: '列表',
      map: '映射',
      any: '整数或文本',
    },
    even: (/** @type {number} */ n) => `${n} 的倍数`,
    chars: '个字符',
    entries: '项',
    upTo: '至多',
  },
};

/**
 * @param {any[]} definitions
 * @param {Translations} translations
 * @param {string} file  of the translations, for messages
 * @returns {{ pages: import('./all.mjs').Generated[], problems: string[] }}
 */
export function fieldPages(definitions, translations, file) {
  const known = new Map(translations.map(({ en, zh }) => [en, zh]));
  const texts = new Set();
  const chinese = (/** @type {string} */ text) => {
    texts.add(text);
    return known.get(text) ?? text;
  };
  const kinds = definitions.map(({ spec }) => ({
    name: spec.names.kind,
    short: spec.names.shortNames[0],
    schema: spec.versions[0].schema.openAPIV3Schema,
  }));
  const english = page(kinds, WORDS.en, (text) => text);
  const other = page(kinds, WORDS.zh, chinese);
  const problems = translationProblems(translations, texts, file);
  return {
    pages: [
      { source: 'crds/', target: 'docs/fields.md', text: english },
      { source: 'crds/', target: 'docs/zh-CN/fields.md', text: other },
    ],
    problems,
  };
}

/**
 * @param {{ name: string, short: string, schema: any }[]} kinds
 * @param {typeof WORDS.en} words
 * @param {(english: string) => string} said  in the page's language
 */
function page(kinds, words, said) {
  const out = [`# ${words.title}`, '', ...words.intro.flatMap((line) => [line, ''])];
  for (const { name, short, schema } of kinds) {
    out.push(`## ${name} (\`${short}\`)`, '', said(schema.description), '');
    const rows = [...rowsOf(name, schema)];
    const part = (/** @type {string} */ start) =>
      table(
        words.columns,
        rows
          .filter(({ path }) => path.startsWith(start))
          .map((row) => cells(row, words, said(row.schema.description))),
      );
    out.push(...part('spec'), '', `### ${words.rules}`, '');
    const rules = [{ path: '', schema, required: true }, ...rows].flatMap((row) =>
      ruleCells(row, words, said),
    );
    out.push(...table(words.ruleColumns, rules), '', `### ${words.status}`, '', ...part('status'), '');
  }
  return `${out.join('\n').trimEnd()}\n`;
}

/**
 * @param {string} kind
 * @param {any} schema
 * @param {string} [path]
 * @returns {Generator<Row>}
 */
function* rowsOf(kind, schema, path = '') {
  if (ELSEWHERE.has(`${kind}.${path}`)) return;
  for (const [name, item] of Object.entries(schema.properties ?? {})) {
    if (path === '' && ['apiVersion', 'kind', 'metadata'].includes(name)) continue;
    const below = path === '' ? name : `${path}.${name}`;
    yield { path: below, schema: item, required: schema.required?.includes(name) ?? false };
    yield* rowsOf(kind, item, below);
  }
  if (schema.items) {
    yield { path: `${path}[]`, schema: schema.items, required: false };
    yield* rowsOf(kind, schema.items, `${path}[]`);
  }
  if (schema.additionalProperties) {
    yield { path: `${path}.*`, schema: schema.additionalProperties, required: false };
  }
}

/** @param {Row} row @param {typeof WORDS.en} words @param {string} text */
function cells({ path, schema, required }, words, text) {
  const type = schema['x-kubernetes-int-or-string']
    ? 'any'
    : schema.additionalProperties
      ? 'map'
      : schema.type;
  const simple = schema.default !== undefined && typeof schema.default !== 'object';
  const standard = simple ? `\`${schema.default}\`` : required ? words.required : '';
  return [
    `\`${path}\``,
    words.types[/** @type {keyof typeof words.types} */ (type)],
    standard,
    allowed(schema, words),
    text,
  ];
}

/** @param {any} schema @param {typeof WORDS.en} words */
function allowed(schema, words) {
  const out = [];
  if (schema.enum) out.push(schema.enum.map((/** @type {string} */ value) => `\`${value}\``).join(words.and));
  if (schema.minimum !== undefined)
    out.push(schema.maximum === undefined ? `≥ ${schema.minimum}` : `${schema.minimum}–${schema.maximum}`);
  if (schema.multipleOf) out.push(words.even(schema.multipleOf));
  const size = (
    /** @type {number | undefined} */ least,
    /** @type {number} */ most,
    /** @type {string} */ unit,
  ) => out.push(least ? `${least}–${most} ${unit}` : `${words.upTo} ${most} ${unit}`);
  if (schema.maxLength && !schema['x-kubernetes-int-or-string'])
    size(schema.minLength, schema.maxLength, words.chars);
  if (schema.maxItems) size(schema.minItems, schema.maxItems, words.entries);
  if (schema.maxProperties) size(0, schema.maxProperties, words.entries);
  return out.join(words.and);
}

/** @param {Row} row @param {typeof WORDS.en} words @param {(message: string) => string} text */
function ruleCells({ path, schema }, words, text) {
  return (schema['x-kubernetes-validations'] ?? []).map(
    (/** @type {any} */ { message, fieldPath = '', reason }) => {
      const field = `${path}${fieldPath}`.replace(/^\./, '') || 'metadata.name';
      return [`\`${field}\``, text(message) + (reason === 'FieldValueForbidden' ? words.machine : '')];
    },
  );
}

/** @param {readonly string[]} head @param {readonly string[][]} rows */
function table(head, rows) {
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => ' --- |').join('')}`, ...rows.map(line)];
}
