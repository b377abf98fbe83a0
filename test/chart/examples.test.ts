import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Manifest, readManifests } from '../../resources/src/schema/manifest.ts';
import { repoRoot } from '../../scripts/paths.mjs';

const read = (file: string): string => readFileSync(join(repoRoot, file), 'utf8');
const files = (pattern: string): string[] => globSync(pattern, { cwd: repoRoot }).sort();
const names = (manifests: readonly Manifest[]): string[] =>
  manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

/** Every YAML text between two fences, or between a here-document's two marks. */
function manifestsIn(page: string): string[] {
  const fenced = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  const piped = [...page.matchAll(/-f - <<END\n([\s\S]*?)\n\s*END\n/g)].map(([, text = '']) =>
    text.replace(/^ {2}/gm, ''),
  );
  return [...fenced, ...piped].filter((text) => /^apiVersion: videopush\.dev/m.test(text));
}

it('the top level of examples/ needs nothing but the operator', () => {
  const texts = files('examples/*.yaml').map(read);
  const all = texts.map((text) => readManifests(text));
  expect(all.flatMap(({ ignored }) => ignored)).toEqual([]);
  expect(all.flatMap(({ manifests }) => names(manifests))).toEqual([
    'MediaServer live',
    'VideoPush hello',
    'VideoPushSet wall',
  ]);
});

it.each(files('examples/!(local|mpegcoder)/*.yaml'))('the cluster accepts the example %s', (file) => {
  expect(() => readManifests(read(file))).not.toThrow();
  expect(read(file)).toMatch(/^#/); // how to apply it
});

it('examples/local runs without a cluster', () => {
  expect(names(readManifests(read('examples/local/mediamtx.yaml'), 'machine').manifests)).toContain(
    'MediaServer media',
  );
});

describe('the manual', () => {
  const pages = [...files('README*.md'), ...files('docs/**/*.md'), 'charts/videopush/templates/NOTES.txt'];
  const texts = pages.flatMap((page) =>
    manifestsIn(read(page)).map((text, index): [string, string] => [`${page}, manifest ${index + 1}`, text]),
  );

  it('the manual shows manifests', () => {
    expect(texts.length).toBeGreaterThan(2);
  });

  it.each(texts)('the cluster accepts the manifest of %s', (_, text) => {
    expect(() => readManifests(text)).not.toThrow();
  });
});
