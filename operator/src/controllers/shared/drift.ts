/**
 * Decides which objects need an apply: those that are missing, that are to become another thing, or
 * that somebody has changed in a field of ours. What is stored as desired is left alone, so that a pass
 * over everything writes nothing.
 */
import { APPLIED } from '@videopush/resources/builders/origin';
import { type KubeObject, keyOf } from '@videopush/resources/objects';
import { sameObject } from './ownership.ts';

/**
 * How often an object is put back at the most, milliseconds: somebody who fights for it must not keep us
 * busy.
 */
export const FIGHT_INTERVAL = 5_000;

export type Judgement =
  | { act: 'none' }
  /** unsure: different, and not known whether somebody changed it or the API server writes it so */
  | { act: 'apply'; why: 'missing' | 'changed' | 'drift' | 'unsure' }
  /** put back a moment ago and different again: look again later */
  | { act: 'wait'; milliseconds: number };

/** What comes of judging all objects of a resource. */
export interface Judged {
  /** in the order of the desired ones */
  applies: readonly KubeObject[];
  /** those of them that somebody else has changed */
  drifted: readonly KubeObject[];
  /** how long to wait before others are judged again, milliseconds */
  waits: readonly number[];
}

/** Judges each desired object against the stored one of its kind and name. */
export function judgeAll(
  desired: readonly KubeObject[],
  stored: readonly KubeObject[],
  judge: (desired: KubeObject, stored: KubeObject | null) => Judgement,
): Judged {
  const judged = desired.map((object) => ({
    object,
    judgement: judge(object, stored.find((other) => sameObject(other, object)) ?? null),
  }));
  const applied = judged.filter(({ judgement }) => judgement.act === 'apply');
  return {
    applies: applied.map(({ object }) => object),
    drifted: applied.flatMap(({ object, judgement }) =>
      judgement.act === 'apply' && judgement.why === 'drift' ? object : [],
    ),
    waits: judged.flatMap(({ judgement }) => (judgement.act === 'wait' ? judgement.milliseconds : [])),
  };
}

/** The part of a plan that says when to look again: after the shortest of these times, in milliseconds. */
export const requeue = (waits: readonly number[]): { requeueAfter?: number } =>
  waits.length > 0 ? { requeueAfter: Math.min(...waits) } : {};

interface Entry {
  hash: string;
  /** as the API server stored it */
  answer: KubeObject;
  /** monotonic, milliseconds */
  at: number;
}

/**
 * Keeps how what was applied came to be stored: the API server writes some values in its
 * own way (1000m of cpu becomes 1).
 */
export class DriftDetector {
  readonly #entries = new Map<string, Entry>();

  /** `desired` is stamped; `now` is monotonic, milliseconds. */
  judge(desired: KubeObject, stored: KubeObject | null, now: number): Judgement {
    if (!stored) return { act: 'apply', why: 'missing' };
    const entry = this.#entries.get(idOf(desired));
    const known = entry?.hash === hashOf(desired) ? entry : undefined;
    const changed = hashOf(stored) !== hashOf(desired);
    const content = untyped(desired);
    if (!changed && (contains(stored, content) || (known && alike(stored, known.answer, content))))
      return { act: 'none' };
    const left = known ? known.at + FIGHT_INTERVAL - now : 0;
    if (left > 0) return { act: 'wait', milliseconds: left };
    if (known) return { act: 'apply', why: 'drift' };
    return { act: 'apply', why: changed ? 'changed' : 'unsure' };
  }

  remember(desired: KubeObject, answer: KubeObject, now: number): void {
    this.#entries.set(idOf(desired), { hash: hashOf(desired), answer, at: now });
  }

  forget(object: KubeObject): void {
    this.#entries.delete(idOf(object));
  }
}

/** Objects of a list do not say what they are. */
const untyped = ({ apiVersion: _, kind: __, ...content }: KubeObject): object => content;

const hashOf = ({ metadata }: KubeObject): string => metadata.annotations?.[APPLIED] ?? '';

const idOf = (object: KubeObject): string => `${object.kind} ${keyOf(object)}`;

/** Whether everything that `desired` says is said by `stored`, whatever else it says. */
export function contains(stored: unknown, desired: unknown): boolean {
  if (Array.isArray(desired)) {
    if (!Array.isArray(stored)) return desired.length === 0 && stored === undefined;
    return paired(desired, stored)?.every(([want, have]) => contains(have, want)) ?? false;
  }
  if (isRecord(desired)) {
    if (stored === undefined) return Object.keys(desired).length === 0;
    return (
      isRecord(stored) &&
      Object.entries(desired).every(([key, want]) => want === undefined || contains(stored[key], want))
    );
  }
  return stored === desired;
}

/** Whether two stored objects agree in the fields that `desired` has. */
function alike(stored: unknown, answer: unknown, desired: unknown): boolean {
  return JSON.stringify(project(stored, desired)) === JSON.stringify(project(answer, desired));
}

/** Keys of Kubernetes' lists of named things, the most telling first. */
const LIST_KEYS = ['mountPath', 'containerPort', 'uid', 'name'];

/**
 * The desired items with their counterparts. Lists of named things may have been given more of them, such as
 * a container by an admission webhook; other lists are desired as they are. undefined: no match.
 */
function paired(desired: unknown[], stored: unknown[]): [unknown, unknown][] | undefined {
  const key = LIST_KEYS.find((name) => namesAll(desired, name) && namesAll(stored, name));
  if (!key) {
    if (desired.length !== stored.length) return undefined;
    return desired.map((item, index) => [item, stored[index]]);
  }
  return desired.map((item) => {
    const name = (item as Record<string, unknown>)[key];
    return [item, stored.find((other) => (other as Record<string, unknown>)[key] === name)];
  });
}

function namesAll(items: unknown[], key: string): boolean {
  const names = items.map((item) => (isRecord(item) ? item[key] : undefined));
  return (
    items.length > 0 && names.every((name) => name !== undefined) && new Set(names).size === names.length
  );
}

/** The part of `value` that has the shape of `shape`. */
function project(value: unknown, shape: unknown): unknown {
  if (Array.isArray(shape) && Array.isArray(value))
    return paired(shape, value)?.map(([want, have]) => project(have, want)) ?? value;
  if (isRecord(shape) && isRecord(value))
    return Object.fromEntries(Object.keys(shape).map((key) => [key, project(value[key], shape[key])]));
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
