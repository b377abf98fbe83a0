/** The same image under another tag, as an archive: a new version that behaves as the old one. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from '../program.ts';

/** @returns the copy of the docker-archive, in `folder` */
export async function retagged(archive: string, tag: string, folder: string): Promise<string> {
  const place = join(folder, basename(archive, '.tar'));
  mkdirSync(place);
  await run('tar', ['-xf', archive, '-C', place]);
  const file = join(place, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { RepoTags: string[] }[];
  for (const image of manifest)
    image.RepoTags = image.RepoTags.map((name) => name.replace(/:[^:/]*$/, `:${tag}`));
  writeFileSync(file, JSON.stringify(manifest));
  const copy = `${place}-${tag}.tar`;
  await run('tar', ['-cf', copy, '-C', place, '.']);
  return copy;
}
