/**
 * The arrows of the C++ sources: which folder may include from which. Biome holds those of the TypeScript.
 */
import { posix } from 'node:path';

/**
 * A layer and the layers it may include from, beside itself.
 * @type {Record<string, readonly string[]>}
 */
export const ARROWS = {
  core: [],
  media: ['core'],
  pacing: ['core'],
  ring: ['core'],
  sinks: ['core'],
  sessions: ['media', 'ring', 'pacing', 'sinks', 'core'],
  binding: ['sessions', 'media', 'ring', 'pacing', 'sinks', 'core'],
  supervisor: [],
};

const ROOT = 'native/src/';

/** @param {string} path  relative to the root @returns {string} the layer that it belongs to */
function layerOf(path) {
  return path.slice(ROOT.length).split('/', 1).join('');
}

/**
 * What a C++ file includes, with the marks around it: `"ring/ring.h"`, `<napi.h>`.
 * @param {string} text
 * @returns {string[]}
 */
function includesOf(text) {
  return [...text.matchAll(/^\s*#\s*include\s*("[^"\n]+"|<[^>\n]+>)/gm)].map((found) => found[1] ?? '');
}

/**
 * @param {string} file
 * @param {string} include  with its marks
 * @returns {string | null} what is wrong with it
 */
function judge(file, include) {
  const from = layerOf(file);
  const path = include.slice(1, -1);
  if (/^(napi|node_api|js_native_api|node|v8|uv)\.h$|^napi-/.test(path)) {
    return from === 'binding' ? null : `${file} includes ${include}: only ${ROOT}binding may`;
  }
  // A plain name is a neighbour in the same folder.
  if (include.startsWith('<') || !path.includes('/')) return null;
  const to = layerOf(path.startsWith('.') ? posix.join(posix.dirname(file), path) : `${ROOT}${path}`);
  const allowed = ARROWS[from];
  if (allowed === undefined)
    return `${file} is in no layer; ARROWS in scripts/lint/layers.mjs names them all`;
  if (ARROWS[to] === undefined) return `${file} includes ${include}, whose layer does not exist`;
  if (to === from || allowed.includes(to)) return null;
  return `${file} includes ${include}: ${from} may include only from ${allowed.join(', ') || 'itself'}`;
}

/**
 * @param {readonly string[]} files  relative to the root
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each include that goes against an arrow
 */
export function brokenArrows(files, text) {
  const sources = files.filter((file) => file.startsWith(ROOT) && /\.(cc|h)$/.test(file));
  const problems = sources.flatMap((file) => includesOf(text(file)).map((include) => judge(file, include)));
  return problems.filter((problem) => problem !== null);
}
