/**
 * Writes src/types.gen.ts from the custom resource definitions in crds/.
 *   node scripts/generate-types.ts           writes
 *   node scripts/generate-types.ts --check   exits 1 when the file differs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { loadKinds } from '../src/crds.ts';

const target = fileURLToPath(new URL('../src/types.gen.ts', import.meta.url));

type Node = Record<string, unknown>;

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Kubernetes' dialect in plain JSON schema: what the compiler does not know would become noise in the types. */
function plain(schema: Node): Node {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return { description: schema.description, type: ['integer', 'string'] };
  }
  const out: Node = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'oneOf' || key === 'anyOf' || key === 'default' || key.startsWith('x-kubernetes-')) continue;
    if (key === 'properties' && isNode(value)) {
      out.properties = Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, plain(item as Node)]),
      );
    } else {
      out[key] = isNode(value) ? plain(value) : value;
    }
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) out.additionalProperties = true;
  return out;
}

/** What every manifest carries beside spec and status. */
function withMetadata(schema: Node, kind: string, apiVersion: string): Node {
  const properties = { ...(schema.properties as Node) };
  properties.apiVersion = { const: apiVersion };
  properties.kind = { const: kind };
  properties.metadata = { tsType: 'ObjectMetadata' };
  return { ...schema, properties, required: ['apiVersion', 'kind', 'metadata', 'spec'] };
}

/** One line for each description. */
function shortComments(text: string): string {
  return text
    .replace(/\n *\*\n *\* @(min|max)Items.*(\n *\* @(min|max)Items.*)?/g, '')
    .replace(/\/\*\*\n *\* (.*)\n *\*\//g, '/** $1 */');
}

async function generate(): Promise<string> {
  const parts = [
    '// Generated from crds/*.yaml by `npm run generate` in operator/. Change the definitions, not this file.',
    `/** What this project reads of a Kubernetes object's metadata. */
export interface ObjectMetadata {
  name: string;
  namespace?: string;
  uid?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  [key: string]: unknown;
}`,
  ];
  for (const { kind, apiVersion, schema } of loadKinds()) {
    const document = withMetadata(plain(schema as Node), kind, apiVersion);
    const text = await compile(document as JSONSchema, kind, {
      additionalProperties: false,
      bannerComment: '',
      ignoreMinAndMaxItems: true,
      unknownAny: true,
      style: { printWidth: 110, singleQuote: true, semi: true },
    });
    parts.push(shortComments(text.trim()));
  }
  return `${parts.join('\n\n')}\n`;
}

const fresh = await generate();
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== fresh) {
    console.error('operator/src/types.gen.ts differs from crds/*.yaml: run `npm run generate -w operator`');
    process.exit(1);
  }
} else {
  writeFileSync(target, fresh);
}
