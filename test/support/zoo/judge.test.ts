import { describe, expect, it } from 'vitest';
import { MATRICES } from '../corners.ts';
import { expectedInstants, faultsOf } from './judge.ts';
import type { Observation, Picture } from './observe.ts';
import type { Recipe } from './recipe.ts';

const recipe: Recipe = {
  name: 'three',
  what: 'three cards',
  ending: 'mp4',
  parts: [{ frames: 3, encode: [] }],
  expected: {},
};

const picture = (index: number | null, more: Partial<Picture> = {}): Picture => ({
  index,
  seconds: (index ?? 0) / 25,
  corners: 5,
  patches: 5,
  turns: [0],
  ...more,
});

const seen = (pictures: Picture[], more: Partial<Observation> = {}): Observation => ({
  size: [320, 192],
  pixelFormat: 'yuv420p',
  pixelAspect: '1/1',
  pictures,
  ...more,
});

const GOOD = [picture(0), picture(1), picture(2)];

describe('the judge of the zoo', () => {
  it('the judge of the zoo finds nothing wrong with what was expected', () => {
    expect(faultsOf(recipe, {}, seen(GOOD))).toEqual([]);
  });

  it.each<[string, Picture[], string]>([
    ['a missing frame', [picture(0), picture(2)], 'missing'],
    ['a repeated frame', [picture(0), picture(1), picture(1), picture(2)], 'repeated'],
    ['frames out of order', [picture(0), picture(2), picture(1)], 'disordered'],
    ['a frame without a number', [...GOOD, picture(null)], 'unreadable'],
    ['a frame that is late', [picture(0), picture(1), picture(2, { seconds: 0.5 })], 'times'],
    ['a picture that is turned', [picture(0), picture(1), picture(2, { turns: [2] })], 'orientation'],
    [
      'corners of another colour',
      [picture(0), picture(1), picture(2, { corners: 200, turns: [] })],
      'colours',
    ],
    ['patches of another colour', [picture(0), picture(1), picture(2, { patches: 30 })], 'colours'],
  ])('the judge of the zoo names %s', (_, pictures, kind) => {
    expect(faultsOf(recipe, {}, seen(pictures)).map((fault) => fault.kind)).toContain(kind);
  });

  it.each<[string, Partial<Observation>, string]>([
    ['another size', { size: [640, 192] }, 'size'],
    ['another pixel format', { pixelFormat: 'yuv422p' }, 'pixels'],
    ['another shape of pixels', { pixelAspect: '2/1' }, 'aspect'],
  ])('the judge of the zoo names %s', (_, more, kind) => {
    expect(faultsOf(recipe, {}, seen(GOOD, more))).toEqual([{ kind, detail: expect.any(String) }]);
  });

  it('the judge of the zoo knows the same numbers in two parts apart', () => {
    const twice = { ...recipe, parts: [...recipe.parts, ...recipe.parts] };
    const later = GOOD.map((one, i) => ({ ...one, seconds: (i + 3) / 25 }));
    expect(faultsOf(twice, {}, seen([...GOOD, ...later]))).toEqual([]);
    expect(faultsOf(twice, {}, seen(GOOD))).toEqual([{ kind: 'missing', detail: '3' }]);
  });

  it('the judge of the zoo expects pictures turned where the recipe turns them', () => {
    const matrix = MATRICES[2] as (typeof MATRICES)[number];
    const turned = GOOD.map((one) => ({ ...one, turns: [2] }));
    expect(faultsOf(recipe, { matrix }, seen(turned))).toEqual([]);
    expect(faultsOf(recipe, { matrix }, seen(GOOD))).toEqual([{ kind: 'orientation', detail: '1 0 0 1' }]);
  });

  it('instants follow from the paces of a recipe, and the last pace goes on', () => {
    const pace = [
      { frames: 2, rate: '10' },
      { frames: 1, rate: '50' },
    ];
    const instants = expectedInstants(recipe, { pace }, 5);
    expect(instants.map((seconds) => Math.round(seconds * 1000))).toEqual([0, 100, 200, 220, 240]);
  });
});
