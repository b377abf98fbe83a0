/**
 * Sets of fields, as server-side apply keeps them in metadata.managedFields, and
 * what is done to objects by them.
 */
import type { Cause } from './catalog.ts';
import type { ListMerge, Type } from './types.ts';
import { canonical, isRecord, type Json } from './values.ts';

/**
 * Paths of fields; the steps are those of FieldsV1 (`f:spec`, `k:{"name":"a"}`, `v:"x"`), with a line feed
 * between them. Only leaves are members, and items of lists that are merged.
 */
export type FieldSet = Set<string>;

const SEPARATOR = '\n';
/** Names that nobody owns: structured-merge-diff's stripped fields. */
const UNOWNED = new Set(
  [
    ['apiVersion'],
    ['kind'],
    ...[
      'name',
      'namespace',
      'uid',
      'creationTimestamp',
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
      'generation',
      'resourceVersion',
      'managedFields',
      'selfLink',
    ].map((name) => ['metadata', name]),
  ].map((path) => path.map((step) => `f:${step}`).join(SEPARATOR)),
);

/**
 * Every owned path of `value` with the value at it; '' for the item of a list, whose path only says that it
 * exists.
 */
export function flatten(type: Type, value: unknown): Map<string, string> {
  const out = new Map<string, string>();
  leaves(type, value, '', out);
  return out;
}

function leaves(type: Type, value: unknown, path: string, out: Map<string, string>): void {
  if (value === undefined || UNOWNED.has(path)) return;
  if (type.type === 'list' && type.merge !== 'atomic' && Array.isArray(value)) {
    for (const item of value) {
      const place = join(path, itemStep(type.merge, item));
      out.set(place, '');
      if (type.merge !== 'set') leaves(type.item, item, place, out);
    }
    return;
  }
  if ((type.type === 'struct' || type.type === 'map') && !type.atomic && isRecord(value)) {
    const names = Object.keys(value);
    if (names.length === 0 && path !== '') out.set(path, '{}');
    for (const name of names) leaves(below(type, name), value[name], join(path, `f:${name}`), out);
    return;
  }
  out.set(path, canonical(value));
}

/** `config` laid over `live`: what it says counts, what it does not mention stays. */
export function merge(type: Type, live: unknown, config: unknown): unknown {
  if (config === undefined || config === null) return live;
  if (type.type === 'list' && type.merge !== 'atomic' && Array.isArray(config) && Array.isArray(live))
    return mergeLists(type, live, config);
  if ((type.type !== 'struct' && type.type !== 'map') || type.atomic || !isRecord(config) || !isRecord(live))
    return config;
  const out: Json = { ...live };
  for (const [name, item] of Object.entries(config)) {
    const merged = merge(below(type, name), live[name], item);
    if (merged !== undefined) out[name] = merged;
  }
  return out;
}

/** In the order of `config`; items that only `live` has keep their place before those that follow them. */
function mergeLists(
  type: Type & { type: 'list' },
  live: readonly unknown[],
  config: readonly unknown[],
): unknown[] {
  const { merge: how, item } = type;
  const step = (value: unknown) => itemStep(how as Exclude<ListMerge, 'atomic'>, value);
  const before = new Map(live.map((value) => [step(value), value]));
  const desired = new Set(config.map(step));
  const rest = [...before];
  const out: unknown[] = [];
  const keep = () => {
    while (rest[0] && !desired.has(rest[0][0])) out.push(rest.shift()?.[1]);
  };
  for (const value of config) {
    keep();
    const key = step(value);
    out.push(how === 'set' ? value : merge(item, before.get(key), value));
    const at = rest.findIndex(([other]) => other === key);
    if (at >= 0) rest.splice(at, 1);
  }
  keep();
  return out;
}

/** Takes the fields out of the object, in place; what is left empty goes too, as the API server does it. */
export function remove(type: Type, object: unknown, paths: Iterable<string>): void {
  for (const path of paths) removeOne(type, object, path.split(SEPARATOR));
}

function removeOne(type: Type, value: unknown, [step, ...rest]: string[]): void {
  if (step === undefined) return;
  if (type.type === 'list' && type.merge !== 'atomic' && Array.isArray(value)) {
    const how = type.merge;
    const at = value.findIndex((item) => itemStep(how, item) === step);
    if (at < 0) return;
    if (rest.length === 0) value.splice(at, 1);
    else removeOne(type.item, value[at], rest);
    return;
  }
  if ((type.type !== 'struct' && type.type !== 'map') || !isRecord(value)) return;
  const name = step.slice(2);
  if (rest.length === 0) {
    delete value[name];
    return;
  }
  const inner = value[name];
  removeOne(below(type, name), inner, rest);
  const empty = Array.isArray(inner)
    ? inner.length === 0
    : isRecord(inner) && Object.keys(inner).length === 0;
  if (empty) delete value[name];
}

/** Whether the set has the path or anything below it. */
export function covers(set: FieldSet, path: string): boolean {
  if (set.has(path)) return true;
  const inside = path + SEPARATOR;
  for (const other of set) if (other.startsWith(inside)) return true;
  return false;
}

/** The set in the format of managedFields (FieldsV1). */
export function fieldsV1(set: FieldSet): Json {
  const out: Json = {};
  for (const path of [...set].sort()) {
    let node = out;
    for (const step of path.split(SEPARATOR)) {
      node[step] ??= {};
      node = node[step] as Json;
    }
    if (path.split(SEPARATOR).at(-1)?.startsWith('k:')) node['.'] = {};
  }
  return out;
}

/** The path as people read it, such as `.spec.containers[name="a"].image`. */
export function describePath(path: string): string {
  return path
    .split(SEPARATOR)
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`;
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
      const keys = Object.entries(JSON.parse(step.slice(2)) as Json);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}

/** Items of a list that is merged that stand there twice. */
export function itemProblems(type: Type, value: unknown, field = ''): Cause[] {
  if (type.type === 'list' && Array.isArray(value)) {
    const found = value.flatMap((item, index) => itemProblems(type.item, item, `${field}[${index}]`));
    const { merge: how } = type;
    if (how === 'atomic') return found;
    const steps = value.map((item) => itemStep(how, item));
    const twice = steps.filter((step, index) => steps.indexOf(step) !== index);
    return [...found, ...twice.map((step) => ({ field, message: `Duplicate value: ${step.slice(2)}` }))];
  }
  if ((type.type !== 'struct' && type.type !== 'map') || !isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    itemProblems(below(type, name), item, field ? `${field}.${name}` : name),
  );
}

const join = (path: string, step: string): string => (path === '' ? step : `${path}${SEPARATOR}${step}`);

function below(type: Type & { type: 'struct' | 'map' }, name: string): Type {
  return (type.type === 'map' ? type.item : type.field(name)) ?? { type: 'any' };
}

function itemStep(how: Exclude<ListMerge, 'atomic'>, item: unknown): string {
  if (how === 'set' || !isRecord(item)) return `v:${JSON.stringify(item)}`;
  const keys = [...how.keys].sort().map((key) => [key, item[key] ?? how.defaults?.[key]]);
  return `k:${JSON.stringify(Object.fromEntries(keys.filter(([, value]) => value !== undefined)))}`;
}
