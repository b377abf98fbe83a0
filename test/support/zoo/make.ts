/** Makes the sources of the zoo, once for each recipe and version of ffmpeg. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../../../scripts/paths.mjs';
import { outputOf, run } from '../program.ts';
import { Scratch } from '../tools.ts';
import { CARD, drawCards } from './card.ts';
import type { Part, Recipe } from './recipe.ts';
import { operate } from './surgery.ts';

/** What decides how a source looks beside its recipe. */
const GENERATOR = ['card.ts', 'make.ts', 'surgery.ts', 'ts-surgeon.ts', '../index-stamp.ts'];

let version: string | undefined;
/** Of ffmpeg and of the generator. */
function versionOfAll(): string {
  version ??= [
    outputOf('ffmpeg', ['-version']).split('\n')[0],
    ...GENERATOR.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')),
  ].join('\n');
  return version;
}

/** The path of a file in the cache, which `make` writes where it does not exist. */
async function cached(name: string, key: unknown, make: (path: string) => Promise<void>): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([key, versionOfAll()]));
  const folder = join(cacheDir(), 'zoo');
  const path = join(folder, `${hash.digest('hex').slice(0, 16)}-${name}`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  // Two runs may make it at once: each writes a file of its own, and the rename is atomic.
  const fresh = join(folder, `${process.pid}-${name}`);
  try {
    await make(fresh);
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
  return path;
}

let cards: Promise<string> | undefined;
/** The path of all cards as raw video. */
function cardFile(): Promise<string> {
  cards ??= cached('cards.rgb', 'cards', async (path) => writeFileSync(path, drawCards()));
  return cards;
}

const ALWAYS = ['-v', 'error', '-nostdin', '-y', '-fflags', '+bitexact'];

async function makePart(part: Part, ending: string, scratch: Scratch, number: number): Promise<Buffer> {
  const { frames = 25, first = 0, rate = '25', filter, inputs = [], files = {}, encode, copy } = part;
  const paths = Object.entries(files).map(
    ([name, text]) => [`{${name}}`, scratch.write(name, text)] as const,
  );
  const more = inputs.map((word) => paths.reduce((all, [mark, path]) => all.replace(mark, path), word));
  const made = scratch.file(`part${number}.${copy?.ending ?? ending}`);
  const size = CARD.width * CARD.height * 3;
  const cards = `subfile,,start,${first * size},end,${(first + frames) * size},,:${await cardFile()}`;
  await run('ffmpeg', [
    ...[...ALWAYS, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${CARD.width}x${CARD.height}`, '-r', rate],
    ...['-i', cards, ...more, ...(filter ? ['-filter:v:0', filter] : [])],
    ...['-threads', '1', ...encode, made],
  ]);
  if (!copy) return readFileSync(made);
  const copied = scratch.file(`copy${number}.${ending}`);
  await run('ffmpeg', [
    ...[...ALWAYS, ...(copy.before ?? []), '-i', made, '-c', 'copy', ...(copy.after ?? []), copied],
  ]);
  return readFileSync(copied);
}

/** @returns the path of the source, whose name ends as the recipe says */
export async function make(recipe: Recipe): Promise<string> {
  const { name, ending, parts, surgery = [] } = recipe;
  return cached(`${name}.${ending}`, { ending, parts, surgery }, async (path) => {
    using scratch = new Scratch();
    const made: Buffer[] = [];
    for (const [number, part] of parts.entries()) made.push(await makePart(part, ending, scratch, number));
    writeFileSync(path, surgery.reduce(operate, Buffer.concat(made)));
  });
}
