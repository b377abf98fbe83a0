/**
 * The parts of crds/videopushset.yaml that are a VideoPush's own: they stand between two comments, and
 * everything around them is written by hand.
 */
import { parse, stringify } from 'yaml';

const BEGIN = /^( *)# made from videopush\.yaml by `npm run generate`: (\w+)$/;
const END = /^ *# end of what is made from videopush\.yaml$/;
const WIDTH = 128;

/** Fields in which a template may hold $(name) and $(index). */
const FILLED = ['source.uri', 'source.persistentVolumeClaim.path', 'outputs.path', 'outputs.url'];
/** Stands for both in the rules, which speak of what comes out. */
const FILL = 'self.replace("$(name)", "0").replace("$(index)", "0")';

/**
 * @param {string} set  the text of crds/videopushset.yaml
 * @param {string} push  the text of crds/videopush.yaml
 * @returns {string} the set's text with its marked parts made again
 */
export function splice(set, push) {
  const spec = parse(push).spec.versions[0].schema.openAPIV3Schema.properties.spec;
  const parts = templateParts(spec);
  const out = [];
  let skipping = false;
  for (const line of set.split('\n')) {
    if (END.test(line)) skipping = false;
    if (!skipping) out.push(line);
    const [, indent, name] = BEGIN.exec(line) ?? [];
    if (indent === undefined || name === undefined) continue;
    skipping = true;
    out.push(...yamlLines({ [name]: parts[/** @type {keyof typeof parts} */ (name)] }, indent));
  }
  return out.join('\n');
}

/** @param {any} spec  of a VideoPush */
function templateParts(spec) {
  const filled = withPlaceholders(spec, '');
  return {
    spec: {
      ...filled,
      description:
        'As the spec of a VideoPush. $(name) and $(index) stand for the source in uri, path and url.',
      required: filled.required.filter((/** @type {string} */ name) => name !== 'source'),
    },
    source: spec.properties.source,
  };
}

/**
 * @param {any} schema
 * @param {string} path  below spec, lists without brackets
 * @returns {any}
 */
function withPlaceholders(schema, path) {
  const out = { ...schema };
  if (FILLED.includes(path)) {
    out['x-kubernetes-validations'] = schema['x-kubernetes-validations'].map((/** @type {any} */ rule) => ({
      ...rule,
      rule: rule.rule.replaceAll(/\bself\b/g, FILL),
    }));
  }
  if (schema.properties) {
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, item]) => [
        name,
        withPlaceholders(item, path === '' ? name : `${path}.${name}`),
      ]),
    );
  }
  if (schema.items) out.items = withPlaceholders(schema.items, path);
  return out;
}

/**
 * @param {object} value
 * @param {string} indent
 */
function yamlLines(value, indent) {
  const text = stringify(value, {
    lineWidth: WIDTH - indent.length,
    singleQuote: true,
    compat: 'yaml-1.1', // kubectl and Helm read an unquoted Off as false
    aliasDuplicateObjects: false,
  });
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `${indent}${line}`));
}
