/** Sources of the zoo reach a viewer of a real MediaMTX whole. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MediaMtx } from '../../support/mediamtx.ts';
import { StampReader } from '../../support/stamp-reader.ts';
import { STAMP_LEFT } from '../../support/zoo/card.ts';
import { expectedFrames, faultsOfOrder } from '../../support/zoo/judge.ts';
import { make } from '../../support/zoo/make.ts';
import { pushHere } from '../../support/zoo/push.ts';
import { isRefused, type Recipe } from '../../support/zoo/recipe.ts';
import { ZOO } from './recipes/index.ts';

const LIVE = ZOO.filter(({ rtsp }) => rtsp);
const LIMIT_MILLISECONDS = 60_000;

let server: MediaMtx;
beforeAll(async () => {
  server = await MediaMtx.start({ paths: Object.fromEntries(LIVE.map(({ name }) => [name, {}])) });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Numbers of the frames that a viewer saw who was there before the push. */
async function seenByViewer(recipe: Recipe, last: number): Promise<number[]> {
  const target = server.rtsp(recipe.name);
  await using reader = new StampReader(target, { left: STAMP_LEFT });
  await reader.until('the slate', (r) => r.frames.length > 0, LIMIT_MILLISECONDS);
  const { failure, unsettled } = await pushHere(recipe, { uri: await make(recipe), target });
  expect(failure).toBeNull();
  expect(unsettled).toBe(0);
  await reader.untilIndex(last, LIMIT_MILLISECONDS);
  return reader.indices();
}

describe.concurrent('the zoo by RTSP', () => {
  it.each(LIVE)(
    'a push of $what by RTSP shows a viewer every frame once ($name)',
    async (recipe) => {
      if (isRefused(recipe.expected)) throw new Error('a refused source has no viewer');
      const frames = expectedFrames(recipe, recipe.expected);
      const seen = await seenByViewer(recipe, frames.at(-1) as number);
      expect(faultsOfOrder(seen, frames)).toEqual([]);
    },
    3 * LIMIT_MILLISECONDS,
  );
});
