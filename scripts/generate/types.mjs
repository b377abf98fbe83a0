/** TypeScript types made from the resource definitions in crds/, which are the source. */
import { compile } from 'json-schema-to-typescript';

/** What every Kubernetes object's metadata holds, as far as this project reads it. */
const METADATA = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string' },
    namespace: { type: 'string' },
    uid: { type: 'string' },
    resourceVersion: { type: 'string' },
    generation: { type: 'integer' },
    creationTimestamp: { type: 'string' },
    deletionTimestamp: { type: 'string' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
  },
};

/**
 * Kubernetes' dialect in the compiler's: unions that only say which fields go together, and its own keywords,
 * would become index signatures that swallow the types.
 * @param {any} schema
 * @returns {any}
 */
function plain(schema) {
  if (schema['x-kubernetes-int-or-string']) {
    return { description: schema.description, type: ['integer', 'string'] };
  }
  const { oneOf, anyOf, properties, items, additionalProperties, ...rest } = schema;
  if (properties) {
    rest.properties = Object.fromEntries(
      Object.entries(properties).map(([name, item]) => [name, plain(item)]),
    );
  }
  if (items) rest.items = plain(items);
  if (additionalProperties) rest.additionalProperties = plain(additionalProperties);
  if (schema['x-kubernetes-preserve-unknown-fields']) rest.additionalProperties = true;
  return rest;
}

/**
 * A definition's schema as a whole object's: the server fills in metadata, and kind and version are known.
 * @param {any} definition  a CustomResourceDefinition with one version
 * @returns {any}
 */
function schemaOf(definition) {
  const { group, names, versions } = definition.spec;
  const [version] = versions;
  const schema = plain(version.schema.openAPIV3Schema);
  return {
    ...schema,
    required: [...new Set(['apiVersion', 'kind', 'metadata', ...(schema.required ?? [])])],
    properties: {
      ...schema.properties,
      apiVersion: { type: 'string', enum: [`${group}/${version.name}`] },
      kind: { type: 'string', enum: [names.kind] },
      metadata: METADATA,
    },
  };
}

/**
 * @param {string} name  of the file in crds/
 * @param {any} definition
 * @returns {Promise<import('./all.mjs').Generated>}
 */
export async function generateTypes(name, definition) {
  const { kind } = definition.spec.names;
  const text = await compile(schemaOf(definition), kind, {
    additionalProperties: false,
    bannerComment: `// Made from crds/${name} by \`npm run generate\`; change it there.`,
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true, printWidth: 110 },
  });
  const file = kind.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  return { source: `crds/${name}`, target: `resources/src/schema/${file}.generated.ts`, text };
}
