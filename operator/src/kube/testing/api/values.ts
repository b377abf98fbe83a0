/** Checks and corrections of values against their types. */
import type { Schema, Type } from './types.ts';

export type Json = Record<string, unknown>;

export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const clone = <T>(value: T): T => (value === undefined ? value : structuredClone(value));

/** JSON with its keys in order: equal values give equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    isRecord(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
}

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const out: Json = isRecord(target) ? { ...target } : {};
  for (const [name, item] of Object.entries(patch)) {
    if (item === null) delete out[name];
    else out[name] = mergePatch(out[name], item);
  }
  return out;
}

interface Findings {
  /** paths of fields that the type does not know */
  unknown: string[];
  /** sentences about values of a wrong type */
  wrong: string[];
}

/**
 * The value without fields that its type does not know, and quantities as the API server writes them;
 * and what was found.
 */
export function conform(type: Type, value: unknown): { value: unknown; findings: Findings } {
  const findings: Findings = { unknown: [], wrong: [] };
  return { value: walk(type, value, '', findings), findings };
}

function walk(type: Type, value: unknown, path: string, findings: Findings): unknown {
  if (type.type === 'any') return value;
  const wrong = (wants: string) => {
    findings.wrong.push(`${path || 'the object'} must be of type ${wants}: ${JSON.stringify(value)}`);
    return value;
  };
  if (type.type === 'scalar') {
    if (!type.accepts(value)) return wrong(type.wants);
    return type.quantity ? canonicalQuantity(String(value)) : value;
  }
  if (type.type === 'list') {
    if (!Array.isArray(value)) return wrong('array');
    return value.map((item, index) => walk(type.item, item, `${path}[${index}]`, findings));
  }
  if (!isRecord(value)) return wrong('object');
  const out: Json = {};
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined || item === null) continue;
    const below = type.type === 'map' ? type.item : type.field(name);
    const place = path ? `${path}.${name}` : name;
    if (below) out[name] = walk(below, item, place, findings);
    else findings.unknown.push(place);
  }
  return out;
}

/** The schema's defaults filled in, in place. */
export function fillDefaults(schema: Schema, value: unknown): void {
  if (Array.isArray(value)) {
    const items = schema.items as Schema | undefined;
    if (items) for (const item of value) fillDefaults(items, item);
    return;
  }
  if (!isRecord(value)) return;
  for (const [name, below] of Object.entries((schema.properties ?? {}) as Record<string, Schema>)) {
    if (value[name] === undefined && below.default !== undefined) value[name] = clone(below.default);
    if (value[name] !== undefined) fillDefaults(below, value[name]);
  }
  const items = schema.additionalProperties;
  if (isRecord(items)) for (const item of Object.values(value)) fillDefaults(items, item);
}

const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/**
 * The quantity as apimachinery's resource.Quantity prints it: with the largest suffix that leaves an integer.
 */
function canonicalQuantity(text: string): string {
  const found = /^([+-]?)(\d*)(?:\.(\d*))?([a-zA-Z]*)$/.exec(text);
  if (!found) return text;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = found;
  const digits = BigInt(`${whole}${fraction}` || '0');
  if (digits === 0n) return '0';
  const scale = 10n ** BigInt(fraction.length);
  const binary = suffix.endsWith('i');
  const base = binary ? 1024n : 1000n;
  const units = binary ? BINARY : DECIMAL;
  let power = units.indexOf(suffix);
  if (power < 0) return text;
  let amount = digits;
  // Down to where it is whole; what is finer than the smallest unit is rounded up.
  while (power > 0 && amount % scale !== 0n) {
    amount *= base;
    power--;
  }
  amount = (amount + scale - 1n) / scale;
  while (power < units.length - 1 && amount % base === 0n) {
    amount /= base;
    power++;
  }
  return `${sign === '-' ? '-' : ''}${amount}${units[power]}`;
}
