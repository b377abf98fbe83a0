import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { generateAll } from './all.mjs';
import { fieldPages } from './fields.mjs';
import { metricPages } from './metrics.mjs';
import { splice } from './set-crd.mjs';
import { generateTypes } from './types.mjs';

const PUSH = `spec:
  versions:
    - schema:
        openAPIV3Schema:
          properties:
            spec:
              required: [source, outputs]
              properties:
                source:
                  properties:
                    uri: {x-kubernetes-validations: [{rule: 'self.size() > 1 && !self.contains("$(")', message: m}]}
                outputs: {items: {properties: {name: {x-kubernetes-validations: [{rule: self != "", message: m}]}}}}
`;

const SET = `by: hand
properties:
  # made from videopush.yaml by \`npm run generate\`: spec
  spec: outdated
  # end of what is made from videopush.yaml
also: by hand
`;

it("the set's template is made from the VideoPush, and what is written by hand around it stays", () => {
  const text = splice(SET, PUSH);
  const { by, properties, also } = parse(text);
  expect([by, also]).toEqual(['hand', 'by hand']);
  expect(properties.spec.required).toEqual(['outputs']);
  expect(text).not.toContain('outdated');
  expect(splice(text, PUSH)).toBe(text);
});

it("the set's template quotes words that YAML 1.1, which kubectl reads, takes for booleans", () => {
  const push = PUSH.replace('{rule: self != "", message: m}', "{rule: self != 'Off', message: 'Off'}");
  expect(splice(SET, push)).toContain("message: 'Off'\n");
});

it('rules of fields that hold placeholders check the filled-in value, and others the written one', () => {
  const { source, outputs } = parse(splice(SET, PUSH)).properties.spec.properties;
  const filled = 'self.replace("$(name)", "0").replace("$(index)", "0")';
  expect(source.properties.uri['x-kubernetes-validations'][0].rule).toBe(
    `${filled}.size() > 1 && !${filled}.contains("$(")`,
  );
  expect(outputs.items.properties.name['x-kubernetes-validations'][0].rule).toBe('self != ""');
});

const KIND = {
  spec: {
    names: { kind: 'Thing', shortNames: ['th'] },
    versions: [
      {
        schema: {
          openAPIV3Schema: {
            description: 'A thing.',
            properties: {
              spec: {
                type: 'object',
                description: 'The desired state.',
                required: ['rate'],
                properties: {
                  rate: {
                    type: 'integer',
                    minimum: 1,
                    maximum: 9,
                    description: 'A | rate.',
                    'x-kubernetes-validations': [{ rule: 'self != 3', message: 'must not be 3' }],
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};

it('the list of fields has a row for each field, in both languages, and its rules', () => {
  const translations = [
    ['A thing.', '一物。'],
    ['The desired state.', '期望的状态。'],
    ['A | rate.', '速率。'],
    ['must not be 3', '不得为 3'],
  ].map(([en = '', zh = '']) => ({ en, zh }));
  const { pages, problems } = fieldPages([KIND], translations, 'words.yaml');
  const [english, chinese] = pages.map(({ text }) => text);
  expect(problems).toEqual([]);
  expect(english).toContain('| `spec.rate` | whole number | required | 1–9 | A \\| rate. |');
  expect(english).toContain('| `spec.rate` | must not be 3 |');
  expect(chinese).toContain('| `spec.rate` | 整数 | 必填 | 1–9 | 速率。 |');
  expect(chinese).toContain('| `spec.rate` | 不得为 3 |');
});

it('a text without a translation is named, and so is a translation of a text that does not exist', () => {
  const { problems } = fieldPages([KIND], [{ en: 'gone', zh: '无' }], 'words.yaml');
  expect(problems).toContain('words.yaml has no translation of "must not be 3"');
  expect(problems).toContain('words.yaml translates "gone", which nothing says');
});

it('a shape that an earlier definition has is generated as a reference to it, whatever the server checks of it', async () => {
  const definition = (kind: string, properties: object) => ({
    spec: {
      group: 'example.dev',
      names: { kind },
      versions: [{ name: 'v1', schema: { openAPIV3Schema: { type: 'object', properties } } }],
    },
  });
  const place = (name: object) => ({
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string', ...name } },
  });
  const [, later] = await generateTypes(
    new Map([
      [
        'one.yaml',
        definition('OneThing', {
          place: place({}),
          places: { type: 'array', items: place({ enum: ['a'] }) },
        }),
      ],
      [
        'other.yaml',
        definition('OtherThing', {
          same: { ...place({ pattern: '^a' }), description: 'Where.' },
          listed: place({ enum: ['a'] }),
          different: place({ enum: ['b'] }),
        }),
      ],
    ]),
  );
  expect(later?.target).toBe('resources/src/schema/other-thing.generated.ts');
  expect(later?.text).toContain("import type { OneThing } from './one-thing.generated.ts';\n");
  expect(later?.text).toContain("  /**\n   * Where.\n   */\n  same?: NonNullable<OneThing['place']>;\n");
  expect(later?.text).toContain("  listed?: NonNullable<OneThing['places']>[number];\n");
  expect(later?.text).toContain("  different?: {\n    name: 'b';\n  };\n");
});

it("everything generated has a source, and the chart's definitions are those of crds/", async () => {
  const { files, problems } = await generateAll();
  expect(problems).toEqual([]);
  const targets = files.map(({ target }) => target);
  expect(targets).toContain('resources/src/schema/video-push-set.generated.ts');
  expect(targets).toContain('docs/zh-CN/fields.md');
  expect(targets).toContain('docs/zh-CN/parity.md');
  expect(targets).toContain('docs/pictures/architecture.svg');
  expect(targets).toContain('charts/videopush/files/crds/videopushset.yaml');
});

it('the list of metrics has each series once, with its labels and roles, and names missing translations', () => {
  const { pages, problems } = metricPages([{ en: 'gone', zh: '无' }], 'words.yaml');
  const rows = pages[0]?.text.split('\n').filter((line) => line.startsWith('| `videopush_frames_total`'));
  expect(rows).toEqual([
    '| `videopush_frames_total` | counter | `stage` `output` | decoder, encoder | Frames that have passed a stage. |',
  ]);
  expect(pages[0]?.text).toContain(
    '| `videopush_mediaserver_path_readers` | gauge | `namespace` `mediaserver` `path` | operator |',
  );
  expect(problems).toContain('words.yaml has no translation of "Viewers of a path."');
  expect(problems).toContain('words.yaml translates "gone", which nothing says');
});
