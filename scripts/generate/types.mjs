/** TypeScript types made from the CRDs in crds/, which are the source. */
import { compile } from 'json-schema-to-typescript';

/** Where a resource's types are. @param {string} kind */
const moduleOf = (kind) => `${kind.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}.generated`;

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
      metadata: { tsType: 'ObjectMeta' },
    },
  };
}

/** Keywords that a type cannot express. A property may have such a name too, but its value is an object. */
const CHECKS = /^((min|max)(imum|Length|Items|Properties)|pattern|format)$/;

/**
 * What of a schema is in its type, without the sentence about the property that has it.
 * @param {any} schema
 */
const shapeOf = ({ description: _, ...shape }) =>
  JSON.stringify(shape, (key, value) =>
    key.startsWith('x-kubernetes-') || (typeof value !== 'object' && CHECKS.test(key)) ? undefined : value,
  );

/**
 * Every object and list of objects in a schema, by its shape, as TypeScript names it:
 * `VideoPush['spec']['source']`.
 * @param {any} schema
 * @param {string} name
 * @param {Map<string, string>} [found]
 * @returns {Map<string, string>}
 */
function namedShapes(schema, name, found = new Map()) {
  for (const [property, item] of Object.entries(schema.properties ?? {})) {
    const path = `${name}['${property}']`;
    namedShape(item, schema.required?.includes(property) ? path : `NonNullable<${path}>`, found);
  }
  return found;
}

/** @param {any} schema @param {string} name @param {Map<string, string>} found */
function namedShape(schema, name, found) {
  const shape = shapeOf(schema);
  if (schema.properties && !found.has(shape)) found.set(shape, name);
  if (schema.items) namedShape(schema.items, `${name}[number]`, found);
  namedShapes(schema, name, found);
}

/**
 * The schema with references in place of the shapes that have a name already: each is generated once.
 * @param {any} schema
 * @param {ReadonlyMap<string, string>} names
 * @returns {any}
 */
function withReferences(schema, names) {
  const tsType = names.get(shapeOf(schema));
  if (tsType !== undefined) return { tsType, ...(schema.description && { description: schema.description }) };
  const { properties, items, ...rest } = schema;
  if (properties) {
    rest.properties = Object.fromEntries(
      Object.entries(properties).map(([name, item]) => [name, withReferences(item, names)]),
    );
  }
  if (items) rest.items = withReferences(items, names);
  return rest;
}

/**
 * The types of every definition, in their order: a shape that an earlier one has too is a reference to it.
 * @param {ReadonlyMap<string, any>} definitions  by the name of the file in crds/
 * @returns {Promise<import('./all.mjs').Generated[]>}
 */
export async function generateTypes(definitions) {
  /** @type {Map<string, string>} */
  const names = new Map();
  const files = [];
  for (const [name, definition] of definitions) {
    const { kind } = definition.spec.names;
    const schema = schemaOf(definition);
    const body = await compile(withReferences(schema, names), kind, {
      additionalProperties: false,
      bannerComment: '',
      ignoreMinAndMaxItems: true,
      style: { singleQuote: true, printWidth: 110 },
    });
    const others = [...definitions.values()]
      .map((other) => other.spec.names.kind)
      .filter((one) => one !== kind);
    const text = [
      `// Made from crds/${name} by \`npm run generate\`; change it there.`,
      "import type { ObjectMeta } from '../objects.ts';",
      ...others
        .filter((other) => body.includes(`${other}['`))
        .map((other) => `import type { ${other} } from './${moduleOf(other)}.ts';`),
      `\n${body}`,
    ].join('\n');
    files.push({ source: `crds/${name}`, target: `resources/src/schema/${moduleOf(kind)}.ts`, text });
    namedShapes(schema, kind, names);
  }
  return files;
}
