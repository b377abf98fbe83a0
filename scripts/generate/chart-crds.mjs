/**
 * The chart carries the CRDs of crds/: Helm reads no file outside of a chart's own folder.
 */

const FOLDER = 'charts/videopush/files/crds';

/**
 * @param {ReadonlyMap<string, string>} texts  by file name in crds/
 * @returns {{ source: string, target: string, text: string }[]} the same bytes, paths relative to the root
 */
export function definitionCopies(texts) {
  return [...texts].map(([name, text]) => ({ source: `crds/${name}`, target: `${FOLDER}/${name}`, text }));
}
