/** The same image under another name or tag, as an archive. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from '../program.ts';

/** A new version that behaves as the old one. @returns the copy of the docker-archive, in `folder` */
export const retagged = (archive: string, tag: string, folder: string): Promise<string> =>
  copied(archive, (name) => name.replace(/:[^:/]*$/, `:${tag}`), folder);

/** @param name with its tag. @returns the copy of the docker-archive, in `folder` */
export const renamed = (archive: string, name: string, folder: string): Promise<string> =>
  copied(archive, () => name, folder);

async function copied(archive: string, rename: (name: string) => string, folder: string): Promise<string> {
  const place = join(folder, basename(archive, '.tar'));
  mkdirSync(place);
  await run('tar', ['-xf', archive, '-C', place]);
  const file = join(place, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { RepoTags: string[] }[];
  for (const image of manifest) image.RepoTags = image.RepoTags.map(rename);
  writeFileSync(file, JSON.stringify(manifest));
  const copy = `${place}-copy.tar`;
  await run('tar', ['-cf', copy, '-C', place, '.']);
  return copy;
}
