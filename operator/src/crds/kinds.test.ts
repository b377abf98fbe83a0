import { expect, test } from 'vitest';
import { loadKinds, type Schema } from './kinds.ts';

/** Every node below `schema` with its path; metadata is the API machinery's. */
function* nodes(schema: Schema, path: string): Generator<[string, Schema]> {
  yield [path, schema];
  for (const [name, item] of Object.entries((schema.properties ?? {}) as Record<string, Schema>)) {
    if (path.includes('.') || name !== 'metadata') yield* nodes(item, `${path}.${name}`);
  }
  if (schema.items) yield* nodes(schema.items as Schema, `${path}[]`);
  if (schema.additionalProperties) yield* nodes(schema.additionalProperties as Schema, `${path}{}`);
}

const all = loadKinds().flatMap(({ kind, schema }) => [...nodes(schema, kind)]);

function faults(check: (node: Schema, path: string) => boolean): string[] {
  return all.filter(([path, node]) => !check(node, path)).map(([path]) => path);
}

test('every field of every kind is typed and described', () => {
  const typed = (node: Schema) =>
    typeof node.type === 'string' || node['x-kubernetes-int-or-string'] === true;
  const described = ({ description }: Schema, path: string) =>
    /(\[\]|\{\})$/.test(path) || (typeof description === 'string' && description.endsWith('.'));
  expect(all.length).toBeGreaterThan(100);
  expect(faults(typed)).toEqual([]);
  expect(faults(described)).toEqual([]);
});

test('every number, text, list and map has bounds', () => {
  expect(
    faults((node, path) => {
      if (/\.(apiVersion|kind)$/.test(path) || node.enum || node.format === 'date-time') return true;
      if (node.type === 'integer') return ('minimum' in node && 'maximum' in node) || /eneration$/.test(path);
      if (node.type === 'string') return 'maxLength' in node;
      if (node.type === 'array') return 'maxItems' in node;
      return !node.additionalProperties || 'maxProperties' in node;
    }),
  ).toEqual([]);
});

test('no number in a manifest is a fraction, and every list says how it is merged', () => {
  expect(faults((node) => node.type !== 'number')).toEqual([]);
  expect(faults((node) => node.type !== 'array' || 'x-kubernetes-list-type' in node)).toEqual([]);
});

test('the schemas are structural: unions carry no types, descriptions or defaults', () => {
  const bare = (branch: Schema) => Object.keys(branch).every((key) => key === 'required');
  expect(
    faults(
      (node) => node['x-kubernetes-int-or-string'] === true || ((node.oneOf ?? []) as Schema[]).every(bare),
    ),
  ).toEqual([]);
  expect(faults((node) => !('$ref' in node) && node.additionalProperties !== false)).toEqual([]);
});

test('a value of an enumeration begins with a capital, unless it is a condition status', () => {
  expect(faults((node) => ((node.enum ?? []) as string[]).every((value) => /^[A-Z]/.test(value)))).toEqual(
    [],
  );
});
