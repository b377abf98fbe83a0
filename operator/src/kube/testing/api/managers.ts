/** Who owns which field of an object: metadata.managedFields, kept as server-side apply keeps it. */
import { covers, describePath, type FieldSet, fieldsV1, flatten, merge, remove } from './fields.ts';
import type { Type } from './types.ts';
import { clone, type Json } from './values.ts';

export interface Manager {
  name: string;
  operation: 'Apply' | 'Update';
  subresource: string;
  fields: FieldSet;
  time: string;
}

export type ManagerId = Pick<Manager, 'name' | 'operation' | 'subresource'>;

export interface Conflict {
  manager: Manager;
  /** as people read it */
  field: string;
}

export interface Applied {
  object: Json;
  managers: Manager[];
  conflicts: Conflict[];
}

const same = (a: ManagerId, b: ManagerId): boolean =>
  a.name === b.name && a.operation === b.operation && a.subresource === b.subresource;

/**
 * Server-side apply: `config` is all that the manager wants, and from now on all that it owns. Fields that it
 * owned before and does not mention any more go, unless somebody else owns them too. What others own and it
 * wants otherwise is a conflict; it is taken over where the caller forces it.
 */
export function apply(
  type: Type,
  live: Json,
  config: Json,
  managers: readonly Manager[],
  id: Omit<ManagerId, 'operation'>,
  time: string,
): Applied {
  const me: ManagerId = { ...id, operation: 'Apply' };
  const desired = flatten(type, config);
  const stands = flatten(type, live);
  const changed = changes(stands, desired);
  const others = managers.filter((manager) => !same(manager, me));
  const conflicts = others.flatMap((manager) =>
    [...changed]
      .filter((path) => manager.fields.has(path))
      .map((path) => ({ manager, field: describePath(path) })),
  );
  const left = others.map((manager) => ({
    ...manager,
    fields: new Set([...manager.fields].filter((path) => !changed.has(path))),
  }));
  const object = clone(merge(type, live, config)) as Json;
  const before = managers.find((manager) => same(manager, me))?.fields ?? new Set<string>();
  const mine = new Set(desired.keys());
  const given = [...before].filter((path) => !covers(mine, path));
  remove(
    type,
    object,
    given.filter((path) => !left.some(({ fields }) => covers(fields, path))),
  );
  return {
    object,
    managers: settle([...left, { ...me, fields: mine, time }], managers, type, object),
    conflicts,
  };
}

/** Any other write: who changes a field owns it, whoever owned it before. */
export function update(
  type: Type,
  live: Json,
  next: Json,
  managers: readonly Manager[],
  id: Omit<ManagerId, 'operation'>,
  time: string,
): Manager[] {
  const me: ManagerId = { ...id, operation: 'Update' };
  const before = flatten(type, live);
  const after = flatten(type, next);
  const changed = changes(before, after);
  const mine = managers.find((manager) => same(manager, me))?.fields ?? [];
  const others = managers
    .filter((manager) => !same(manager, me))
    .map((manager) => ({
      ...manager,
      fields: new Set([...manager.fields].filter((path) => !changed.has(path))),
    }));
  return settle([...others, { ...me, fields: new Set([...mine, ...changed]), time }], managers, type, next);
}

/** Paths that say something else than before. An empty object says nothing of what may be in it. */
function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): FieldSet {
  const there = new Set(before.keys());
  const differs = ([path, value]: [string, string]) =>
    before.get(path) !== value && !(value === '{}' && covers(there, path));
  return new Set([...after].filter(differs).map(([path]) => path));
}

/**
 * Removes fields that are gone and managers that own none; the time of a manager changes only with its
 * fields.
 */
function settle(next: Manager[], before: readonly Manager[], type: Type, object: Json): Manager[] {
  const there = new Set(flatten(type, object).keys());
  return next
    .map((manager) => ({
      ...manager,
      fields: new Set([...manager.fields].filter((path) => covers(there, path))),
    }))
    .filter(({ fields }) => fields.size > 0)
    .map((manager) => {
      const known = before.find((other) => same(other, manager));
      return known && equal(known.fields, manager.fields) ? known : manager;
    });
}

const equal = (a: FieldSet, b: FieldSet): boolean => a.size === b.size && [...a].every((path) => b.has(path));

export const sameManagers = (a: readonly Manager[], b: readonly Manager[]): boolean =>
  a.length === b.length &&
  a.every((manager) => b.some((other) => same(manager, other) && equal(manager.fields, other.fields)));

/** The managers in the format of metadata.managedFields. */
export const managedFields = (apiVersion: string, managers: readonly Manager[]): Json[] =>
  managers.map(({ name, operation, subresource, fields, time }) => ({
    manager: name,
    operation,
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsV1(fields),
    ...(subresource && { subresource }),
  }));
