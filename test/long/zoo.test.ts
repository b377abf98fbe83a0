/** Every source of the zoo by the product and by `ffmpeg -re`; writes the manual's page about it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { repoRoot } from '../../scripts/paths.mjs';
import { THEMES } from '../integration/zoo/recipes/index.ts';
import { pushByFfmpeg, pushToFile } from '../support/zoo/push.ts';
import type { Recipe } from '../support/zoo/recipe.ts';
import { page, type Row } from '../support/zoo/table.ts';

/** Most of them wait for an instant. */
const WORKERS = 6;
const CHINESE = join(repoRoot, 'docs', 'zh-CN', 'zoo.yaml');

/** Works through the recipes, several at a time, and keeps their order. */
async function inPool(recipes: readonly Recipe[], work: (recipe: Recipe) => Promise<Row>): Promise<Row[]> {
  const rows: Row[] = [];
  const waiting = recipes.entries();
  const worker = async () => {
    for (const [place, recipe] of waiting) rows[place] = await work(recipe);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return rows;
}

it('every source of the zoo comes out of a push right, and the page shows what ffmpeg makes of it', async () => {
  const recipes = Object.values(THEMES).flat();
  const rows = await inPool(recipes, async (recipe) => ({
    recipe,
    product: await pushToFile(recipe),
    ffmpeg: await pushByFfmpeg(recipe),
  }));
  const chinese = parse(readFileSync(CHINESE, 'utf8')) as Record<
    'themes' | 'sources',
    Record<string, string>
  >;
  const themed = (titleOf: (theme: string) => string) =>
    Object.entries(THEMES).map(([theme, own]: [string, readonly Recipe[]]) => ({
      title: titleOf(theme),
      rows: rows.filter(({ recipe }) => own.includes(recipe)),
    }));
  const english = themed((theme) =>
    theme === 'http' ? 'HTTP' : theme.charAt(0).toUpperCase() + theme.slice(1),
  );
  writeFileSync(
    join(repoRoot, 'docs', 'zoo.md'),
    page(english, 'en', ({ what }) => what),
  );
  writeFileSync(
    join(repoRoot, 'docs', 'zh-CN', 'zoo.md'),
    page(
      themed((theme) => chinese.themes[theme] ?? theme),
      'zh',
      ({ name, what }) => chinese.sources[name] ?? what,
    ),
  );
  const wrong = rows.filter(({ product }) => product.faults.length > 0);
  expect(wrong.map(({ recipe, product }) => [recipe.name, product.faults])).toEqual([]);
}, 1_200_000);
