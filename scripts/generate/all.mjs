/**
 * Everything that `npm run generate` makes: from the CRDs (custom resource definitions) in crds/, from the
 * pictures' text, from docs/parity.yaml and from the metrics in the code.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { repoRoot } from '../paths.mjs';
import { definitionCopies } from './chart-crds.mjs';
import { fieldPages } from './fields.mjs';
import { metricPages } from './metrics.mjs';
import { PARITY, parityPages } from './parity.mjs';
import { pictures } from './pictures.mjs';
import { splice } from './set-crd.mjs';
import { generateTypes } from './types.mjs';

/** @typedef {{ source: string, target: string, text: string }} Generated  paths relative to the root */

const PUSH = 'videopush.yaml';
const SET = 'videopushset.yaml';
const SERVER = 'mediaserver.yaml';
/** Words of the manual's Chinese lists. */
const FIELD_WORDS = 'docs/zh-CN/fields.yaml';
const METRIC_WORDS = 'docs/zh-CN/metrics.yaml';

/**
 * In an order in which each is made from what stands before it.
 * @param {string} [root]
 * @returns {Promise<{ files: Generated[], problems: string[] }>} `problems`: one line for
 *   each text without a translation
 */
export async function generateAll(root = repoRoot) {
  const read = (/** @type {string} */ file) => readFileSync(join(root, file), 'utf8');
  const push = read(`crds/${PUSH}`);
  const set = splice(read(`crds/${SET}`), push);
  const server = read(`crds/${SERVER}`);
  const definitions = new Map([
    [PUSH, parse(push)],
    [SERVER, parse(server)],
    [SET, parse(set)],
  ]);
  const types = await generateTypes(definitions);
  const fields = fieldPages([...definitions.values()], parse(read(FIELD_WORDS)), FIELD_WORDS);
  const metrics = metricPages(parse(read(METRIC_WORDS)), METRIC_WORDS);
  const texts = new Map([
    [PUSH, push],
    [SERVER, server],
    [SET, set],
  ]);
  const chart = definitionCopies(texts);
  const spliced = { source: `crds/${PUSH}`, target: `crds/${SET}`, text: set };
  const files = [
    spliced,
    ...types,
    ...fields.pages,
    ...metrics.pages,
    ...chart,
    ...parityPages(parse(read(PARITY))),
    ...(await pictures(root)),
  ];
  return { files, problems: [...fields.problems, ...metrics.problems] };
}

/**
 * @returns {Promise<string[]>} one line for each file that does not match its source,
 *   and for each missing translation
 */
export async function generatedOutdated(root = repoRoot) {
  const { files, problems } = await generateAll(root);
  const outdated = files
    .filter(({ target, text }) => {
      const file = join(root, target);
      return !existsSync(file) || readFileSync(file, 'utf8') !== text;
    })
    .map(({ source, target }) => `${target} does not match ${source}; run \`npm run generate\``);
  return [...outdated, ...problems];
}
