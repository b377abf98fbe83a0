/** All sources of the zoo. */
import type { Recipe } from '../../../support/zoo/recipe.ts';
import { CLOCKS } from './clocks.ts';
import { CONTAINERS } from './containers.ts';
import { HTTP } from './http.ts';
import { NAMES } from './names.ts';
import { PICTURES } from './pictures.ts';
import { RATES } from './rates.ts';
import { STREAMS } from './streams.ts';

export const THEMES = {
  containers: CONTAINERS,
  clocks: CLOCKS,
  rates: RATES,
  pictures: PICTURES,
  streams: STREAMS,
  names: NAMES,
  http: HTTP,
} satisfies Record<string, readonly Recipe[]>;

export const ZOO: readonly Recipe[] = Object.values(THEMES).flat();
