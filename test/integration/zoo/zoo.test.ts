/** A push of every source of the zoo shows what its recipe says, or is refused for the reason it says. */
import { describe, expect, it } from 'vitest';
import { pushToFile } from '../../support/zoo/push.ts';
import { isRefused, type Recipe } from '../../support/zoo/recipe.ts';
import { THEMES, ZOO } from './recipes/index.ts';

it('the zoo has at least 80 sources, each with a name of its own', () => {
  expect(ZOO.length).toBeGreaterThanOrEqual(80);
  expect(new Set(ZOO.map(({ name }) => name)).size).toBe(ZOO.length);
  expect(ZOO.filter(({ rtsp }) => rtsp).length).toBeGreaterThanOrEqual(10);
});

const LIMIT_MILLISECONDS = 120_000;

describe.concurrent.each(Object.entries(THEMES))('the zoo, %s', (_, recipes: readonly Recipe[]) => {
  it.each(recipes.filter(({ expected }) => !isRefused(expected)))(
    'a push of $what shows every frame as it should be ($name)',
    async (recipe) => {
      const { faults, said } = await pushToFile(recipe);
      expect(faults, said).toEqual([]);
    },
    LIMIT_MILLISECONDS,
  );

  const refused = recipes.filter(({ expected }) => isRefused(expected));
  if (refused.length === 0) return;
  it.each(refused)(
    'a push of $what is refused in a sentence that says why ($name)',
    async (recipe) => {
      const { faults, said } = await pushToFile(recipe);
      expect(faults, said).toEqual([]);
    },
    LIMIT_MILLISECONDS,
  );
});
