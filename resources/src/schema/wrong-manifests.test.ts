import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ManifestError, readManifests, validateManifest } from './manifest.ts';
import { RIGHT_MANIFESTS } from './testing/manifests.ts';
import { WRONG_MANIFESTS } from './testing/wrong-manifests.ts';

function refusal(manifest: unknown): string {
  try {
    validateManifest(manifest);
  } catch (error) {
    expect(error).toBeInstanceOf(ManifestError);
    return (error as ManifestError).message;
  }
  return 'accepted';
}

it('there are at least 45 wrong manifests, each with a name of its own', () => {
  expect(new Set(WRONG_MANIFESTS.map(({ name }) => name)).size).toBe(WRONG_MANIFESTS.length);
  expect(WRONG_MANIFESTS.length).toBeGreaterThanOrEqual(45);
});

it.each(WRONG_MANIFESTS)(
  'a wrong manifest is refused with what to write instead: $name',
  ({ manifest, says }) => {
    const line = refusal(manifest);
    expect(line).not.toBe('accepted');
    if (typeof says === 'string') expect(line).toContain(says);
    else expect(line).toMatch(says);
    expect(line).not.toMatch(/[\n]|pass@|:pass/);
  },
);

it.each(RIGHT_MANIFESTS)('a valid manifest is accepted: $name', ({ manifest }) => {
  expect(refusal(manifest)).toBe('accepted');
});

it('a source that is a file of this machine is refused only for a cluster', () => {
  const film = WRONG_MANIFESTS.filter(({ manifest }) => /file:/.test(JSON.stringify(manifest)));
  expect(film.length).toBe(2);
  for (const { manifest } of film) {
    expect(readManifests(stringify(manifest), 'machine').manifests).toHaveLength(1);
    expect(() => readManifests(stringify(manifest))).toThrow(ManifestError);
  }
});
