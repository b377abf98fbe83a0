/** The manual's pictures: SVG, laid out by Graphviz (its WebAssembly build) from the text beside it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instance } from '@viz-js/viz';

const FOLDER = 'docs/pictures';

/**
 * @param {string} root  of the checkout
 * @returns {Promise<import('./all.mjs').Generated[]>} one SVG for each .dot file
 */
export async function pictures(root) {
  const graphviz = await instance();
  return readdirSync(join(root, FOLDER))
    .filter((name) => name.endsWith('.dot'))
    .map((name) => {
      const source = `${FOLDER}/${name}`;
      const svg = graphviz.renderString(readFileSync(join(root, source), 'utf8'), { format: 'svg' });
      return { source, target: source.replace(/\.dot$/, '.svg'), text: svg };
    });
}
