/** Compares what came out of a push with what a recipe expects. Pure. */
import { MATRICES, type Matrix } from '../corners.ts';
import { judge as judgeOrder } from '../frame-verdict.ts';
import type { Observation } from './observe.ts';
import type { Pace, Part, Recipe, Shown } from './recipe.ts';

export type FaultKind =
  | 'failed'
  | 'stuck'
  | 'taken'
  | 'missing'
  | 'repeated'
  | 'disordered'
  | 'unreadable'
  | 'size'
  | 'pixels'
  | 'aspect'
  | 'orientation'
  | 'colours'
  | 'times'
  | 'error'
  | 'discontinuities';

/** How something is not as it should be; `detail` is a number or a word that needs no translation. */
export interface Fault {
  kind: FaultKind;
  detail: string;
}

export const UPRIGHT = MATRICES[0] as Matrix;
/** In levels of 255: what small pictures of a fast encoder lose. Another matrix costs 25 and more. */
const COLOUR_TOLERANCE = 20;
const CORNER_TOLERANCE = 60;

const framesOf = ({ frames = 25 }: Part): number => frames;

function ratio(text: string): number {
  const [numerator = Number.NaN, denominator = 1] = text.split(/[/:]/).map(Number);
  return numerator / denominator;
}

/** Numbers of the frames that are to be seen, in their order. */
export function expectedFrames(recipe: Recipe, shown: Shown): number[] {
  const ranges =
    shown.frames ??
    recipe.parts.map((part) => [part.first ?? 0, (part.first ?? 0) + framesOf(part) - 1] as const);
  return ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
}

/** Instants at which frames are shown, in seconds since the first. */
export function expectedInstants(recipe: Recipe, shown: Shown, count: number): number[] {
  const own: Pace[] = recipe.parts.map((part) => ({ frames: framesOf(part), rate: part.rate ?? '25' }));
  const pace = shown.pace ?? own;
  const instants: number[] = [];
  let at = 0;
  for (const [i, { frames, rate }] of pace.entries()) {
    const last = i === pace.length - 1;
    for (let n = 0; n < frames || (last && instants.length < count); n++) instants.push(at + n / ratio(rate));
    at += frames / ratio(rate);
  }
  return instants.slice(0, count);
}

/** Several parts may show the same numbers: each is judged by its place in what was expected. */
export function faultsOfOrder(seen: readonly number[], wanted: readonly number[]): Fault[] {
  const places = new Map<number, number[]>();
  for (const [place, index] of wanted.entries()) {
    places.set(index, [...(places.get(index) ?? []), place]);
  }
  let before = -1;
  const seenPlaces = seen.map((index) => {
    const possible = places.get(index) ?? [];
    before = possible.find((place) => place > before) ?? possible.at(-1) ?? -1;
    return possible.length === 0 ? -1 : before;
  });
  const verdict = judgeOrder(seenPlaces, 0, wanted.length - 1);
  const counts: [FaultKind, number][] = [
    ['missing', verdict.missing.length],
    ['repeated', verdict.repeated.length],
    ['disordered', verdict.swapped.length],
    ['unreadable', verdict.foreign.length],
  ];
  return counts.flatMap(([kind, count]) => (count > 0 ? [{ kind, detail: `${count}` }] : []));
}

function faultsOfTimes(observation: Observation, instants: readonly number[], tolerance: number): Fault[] {
  const { pictures } = observation;
  if (pictures.length !== instants.length) return [];
  const origin = pictures[0]?.seconds ?? 0;
  const off = pictures.map(({ seconds }, i) => Math.abs(seconds - origin - (instants[i] as number)));
  const most = Math.max(...off);
  return most <= tolerance / 1000 ? [] : [{ kind: 'times', detail: `${most.toFixed(3)}` }];
}

function faultsOfPicture(observation: Observation, shown: Shown, size: readonly number[]): Fault[] {
  const faults: Fault[] = [];
  const { pixelFormat = 'yuv420p', pixelAspect = '1/1' } = shown;
  if (observation.size.join() !== size.join())
    faults.push({ kind: 'size', detail: observation.size.join('x') });
  if (observation.pixelFormat !== pixelFormat)
    faults.push({ kind: 'pixels', detail: observation.pixelFormat });
  const unknown = observation.pixelAspect === '0/1' && pixelAspect === '1/1';
  if (!unknown && ratio(observation.pixelAspect) !== ratio(pixelAspect)) {
    faults.push({ kind: 'aspect', detail: observation.pixelAspect });
  }
  return faults;
}

function faultsOfColours({ pictures }: Observation, shown: Shown): Fault[] {
  const judged = shown.colours ?? 'patches';
  if (judged === 'none') return [];
  const matrix = String(shown.matrix ?? UPRIGHT);
  const turn = MATRICES.findIndex((one) => String(one) === matrix);
  const turned = pictures.find(({ turns }) => turns.length > 0 && !turns.includes(turn));
  if (turned)
    return [{ kind: 'orientation', detail: (MATRICES[turned.turns[0] as number] as Matrix).join(' ') }];
  const corners = Math.max(...pictures.map((picture) => picture.corners));
  const patches = Math.max(...pictures.map((picture) => picture.patches));
  if (corners > CORNER_TOLERANCE) return [{ kind: 'colours', detail: corners.toFixed(0) }];
  if (judged === 'patches' && patches > COLOUR_TOLERANCE) {
    return [{ kind: 'colours', detail: patches.toFixed(0) }];
  }
  return [];
}

/** @returns nothing when all is as the recipe expects */
export function faultsOf(recipe: Recipe, shown: Shown, observation: Observation): Fault[] {
  const wanted = expectedFrames(recipe, shown);
  const { pictures } = observation;
  const order =
    shown.unnumbered === undefined
      ? faultsOfOrder(
          pictures.map(({ index }) => index ?? -1),
          wanted,
        )
      : pictures.length === shown.unnumbered
        ? []
        : [{ kind: 'missing' as const, detail: `${shown.unnumbered - pictures.length}` }];
  const instants = expectedInstants(recipe, shown, shown.unnumbered ?? wanted.length);
  return [
    ...order,
    ...faultsOfTimes(observation, instants, shown.tolerance ?? 2),
    ...faultsOfPicture(observation, shown, shown.size ?? [320, 192]),
    ...faultsOfColours(observation, shown),
  ];
}
