/** The design's arrows: which folder may import from which. Imports go one way. */
import { posix } from 'node:path';

/**
 * A layer and the layers it may import from, beside itself. What is not named here is no layer:
 * test/, examples/ and scripts/ may import anything, and no layer may import from them.
 * @type {Record<string, readonly string[]>}
 */
export const ARROWS = {
  'native/src/core': [],
  'native/src/media': ['native/src/core'],
  'native/src/pacing': ['native/src/core'],
  'native/src/ring': ['native/src/core'],
  'native/src/sinks': ['native/src/core'],
  'native/src/sessions': ['media', 'ring', 'pacing', 'sinks', 'core'].map((name) => `native/src/${name}`),
  'native/src/binding': ['sessions', 'media', 'ring', 'pacing', 'sinks', 'core'].map(
    (name) => `native/src/${name}`,
  ),
  'native/src/supervisor': [],
  'native/lib': [],
  // Objects as they travel: words that whatever talks to an API server shares.
  'resources/src/objects': [],
  'resources/src': ['resources/src/objects'],
  'codec-worker/src': ['resources/src', 'native/lib'],
  'operator/src/kube': ['resources/src/objects'],
  'operator/src/kube/testing': ['operator/src/kube', 'resources/src', 'resources/src/objects'],
  'operator/src/runtime': ['operator/src/kube', 'resources/src', 'resources/src/objects'],
  'operator/src/controllers': [
    'operator/src/runtime',
    'operator/src/kube',
    'resources/src',
    'resources/src/objects',
  ],
  // The program that joins them.
  'operator/src': [
    'operator/src/controllers',
    'operator/src/runtime',
    'operator/src/kube',
    'resources/src',
    'resources/src/objects',
  ],
  cli: ['resources/src', 'codec-worker/src', 'native/lib'],
};

/** Packages of this project by name, and the folder that their exports stand for. */
const PACKAGES = {
  '@videopush/native': 'native/lib',
  '@videopush/codec-worker': 'codec-worker/src',
  '@videopush/operator': 'operator/src',
  '@videopush/resources': 'resources/src',
  videopush: 'cli',
};

/** The only folder that may know Node's C++ interface. */
const NAPI_FOLDER = 'native/src/binding';

/**
 * @param {string} path  of a file or folder, relative to the root
 * @returns {string | null} the layer that it belongs to
 */
export function layerOf(path) {
  const layers = Object.keys(ARROWS).filter((layer) => path === layer || path.startsWith(`${layer}/`));
  return layers.sort((left, right) => right.length - left.length)[0] ?? null;
}

/**
 * What a TypeScript or JavaScript file imports, as written: static, dynamic, re-exported.
 * @param {string} text
 * @returns {string[]}
 */
export function importsOfScript(text) {
  const code = text.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  const pattern = /\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g;
  return [...code.matchAll(pattern)].map((found) => found[2] ?? '');
}

/**
 * What a C++ file includes, with the marks around it: `"ring/ring.h"`, `<napi.h>`.
 * @param {string} text
 * @returns {string[]}
 */
export function includesOf(text) {
  return [...text.matchAll(/^\s*#\s*include\s*("[^"\n]+"|<[^>\n]+>)/gm)].map((found) => found[1] ?? '');
}

/**
 * Where an import of a script points, relative to the root; null outside of the project.
 * @param {string} file
 * @param {string} specifier
 * @returns {string | null}
 */
export function resolveImport(file, specifier) {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier);
  for (const [name, folder] of Object.entries(PACKAGES)) {
    if (specifier === name) return folder;
    if (specifier.startsWith(`${name}/`)) return `${folder}/${specifier.slice(name.length + 1)}`;
  }
  return null;
}

/**
 * The imports from outside of every layer that are well all the same.
 * @param {string} file
 * @param {string} target
 * @returns {boolean}
 */
function outsideOfLayers(file, target) {
  if (target.endsWith('package.json')) return true;
  // A test beside its source may use the tests' own tools.
  return isTest(file) && /^(test|scripts)\//.test(target);
}

/**
 * Tests, and what is in a folder `testing` for them: these may also use what a layer below has for tests.
 * @param {string} file
 * @returns {boolean}
 */
function isTest(file) {
  return /\.test(-\w+)?\.ts$|\/testing\//.test(file);
}

/**
 * @param {string} file
 * @param {string} target  relative to the root
 * @returns {string | null} what is wrong with this import
 */
function judge(file, target) {
  const from = layerOf(file);
  if (from === null) return null;
  const to = layerOf(isTest(file) ? target.replace(/\/testing\/.*$/, '') : target);
  const allowed = ARROWS[from] ?? [];
  if (to === from || (to !== null && allowed.includes(to))) return null;
  if (to === null && outsideOfLayers(file, target)) return null;
  return `${file} imports ${target}: ${from} may import only from ${allowed.join(', ') || 'itself'}`;
}

/**
 * @param {string} file
 * @param {string} include  with its marks
 * @returns {string | null}
 */
function judgeInclude(file, include) {
  const path = include.slice(1, -1);
  if (/^(napi|node_api|js_native_api|node|v8|uv)\.h$|^napi-/.test(path)) {
    return file.startsWith(`${NAPI_FOLDER}/`) ? null : `${file} includes ${include}: only ${NAPI_FOLDER} may`;
  }
  if (include.startsWith('<')) return null;
  const target = path.startsWith('.') ? posix.join(posix.dirname(file), path) : `native/src/${path}`;
  if (layerOf(target) !== null) return judge(file, target);
  // A plain name is a neighbour in the same folder.
  return path.includes('/') ? `${file} includes ${include}: there is no such layer` : null;
}

/**
 * @param {readonly string[]} files  relative to the root
 * @param {(file: string) => string} text
 * @returns {string[]} one line for each import that goes against an arrow
 */
export function brokenArrows(files, text) {
  const problems = files.flatMap((file) => {
    if (/^native\/src\/.*\.(cc|h)$/.test(file)) {
      return includesOf(text(file)).map((include) => judgeInclude(file, include));
    }
    if (!/\.(ts|mts|mjs|js)$/.test(file) || layerOf(file) === null) return [];
    return importsOfScript(text(file)).map((specifier) => {
      const target = resolveImport(file, specifier);
      return target === null ? null : judge(file, target);
    });
  });
  return problems.filter((problem) => problem !== null);
}
