/**
 * The CEL rules of the schemas (`x-kubernetes-validations`), evaluated as the API server does: on every node
 * that the value has, with `self` for its value and integers as integers. Rules about a change (`oldSelf`)
 * have nothing to compare with here.
 */
import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import type { Schema } from './kinds.ts';
import { parseQuantity } from './quantity.ts';

/** A rule of a schema. */
export interface Rule {
  rule: string;
  message: string;
  /** Path of the field that is meant, from the rule's node on: `.path`. */
  fieldPath?: string;
  /**
   * FieldValueForbidden marks what is right in itself but out of a cluster's reach (files of one machine):
   * the only rules that do not hold where a manifest runs without a cluster.
   */
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
}

export interface Violation {
  /** `spec.outputs[0].url`; '' for the document */
  field: string;
  message: string;
  rule: Rule;
}

export const rulesOf = (schema: Schema): readonly Rule[] =>
  (schema['x-kubernetes-validations'] ?? []) as readonly Rule[];

/** Every rule below `schema` that `value`, which fits the schema otherwise, breaks; outer rules first. */
export function brokenRules(schema: Schema, value: unknown, field = ''): Violation[] {
  const self = celValue(schema, value);
  const own = rulesOf(schema)
    .filter((rule) => !holds(rule, self))
    .map((rule) => ({ field: join(field, rule.fieldPath), message: rule.message, rule }));
  return [...own, ...children(schema, value, field).flatMap((child) => brokenRules(...child))];
}

type Child = [schema: Schema, value: unknown, field: string];

function children(schema: Schema, value: unknown, field: string): Child[] {
  if (Array.isArray(value)) {
    const items = schema.items as Schema | undefined;
    return items ? value.map((item, index): Child => [items, item, `${field}[${index}]`]) : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]): Child[] => {
    const below = memberSchema(schema, name);
    // Entries of a map in brackets, as the API server names them.
    const place = isNamed(schema, name) ? join(field, `.${name}`) : `${field}[${name}]`;
    return below ? [[below, item, place]] : [];
  });
}

const isNamed = (schema: Schema, name: string): boolean =>
  Object.hasOwn((schema.properties ?? {}) as object, name);

function memberSchema(schema: Schema, name: string): Schema | undefined {
  const named = (schema.properties as Record<string, Schema> | undefined)?.[name];
  return named ?? (schema.additionalProperties as Schema | undefined);
}

const join = (field: string, path = ''): string => `${field}${path}`.replace(/^\./, '');

/** JSON knows one kind of number; CEL does not compare an int with a double's arithmetic. */
function celValue(schema: Schema | undefined, value: unknown): unknown {
  if (typeof value === 'number') {
    const whole = schema?.type === 'integer' || schema?.['x-kubernetes-int-or-string'] === true;
    return whole && Number.isInteger(value) ? BigInt(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => celValue(schema?.items as Schema | undefined, item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, celValue(schema && memberSchema(schema, name), item)]),
  );
}

/** A rule that cannot be evaluated is broken, as it is for the API server. */
function holds({ rule }: Rule, self: unknown): boolean {
  if (/\boldSelf\b/.test(rule)) return true;
  try {
    return compiled(rule)({ self }) === true;
  } catch {
    return false;
  }
}

const programs = new Map<string, ParseResult>();

function compiled(rule: string): ParseResult {
  const known = programs.get(rule);
  if (known) return known;
  const program = environment().parse(rule);
  programs.set(rule, program);
  return program;
}

/** What Kubernetes adds to CEL's own functions, as far as the schemas use it. */
class Quantity {
  readonly amount: number;

  constructor(text: string) {
    this.amount = parseQuantity(text) ?? Number.NaN;
  }
}

let shared: Environment | undefined;

function environment(): Environment {
  shared ??= new Environment({ homogeneousAggregateLiterals: false })
    .registerVariable('self', 'dyn')
    .registerType('Quantity', Quantity)
    .registerFunction('string.replace(string, string): string', (text: string, old: string, by: string) =>
      text.replaceAll(old, () => by),
    )
    .registerFunction('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined)
    .registerFunction('quantity(string): Quantity', (text: string) => new Quantity(text))
    .registerFunction(
      'Quantity.isGreaterThan(Quantity): bool',
      (one: Quantity, other: Quantity) => one.amount > other.amount,
    );
  return shared;
}
