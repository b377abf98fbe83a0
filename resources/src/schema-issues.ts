/**
 * Reads a document by its schema. A violation becomes one line for a person: the field,
 * then what it must be.
 */
import type { z } from 'zod';
import { redact } from './redact.ts';

type Issue = z.core.$ZodIssue;

/** The error to throw, made of one line such as `source.urii: is not a known key`. */
type Refuse = (fault: string) => Error;

/** Reads JSON. `name` stands for the text in `the document is not JSON: …`. @throws what `refuse` returns */
export function parseWith<T>(schema: z.ZodType<T>, text: string, name: string, refuse: Refuse): T {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw refuse(`${name} is not JSON: ${redact((error as Error).message)}`);
  }
  return checkWith(schema, document, refuse);
}

/** Does what parseWith does, for a document that is already read. */
export function checkWith<T>(schema: z.ZodType<T>, document: unknown, refuse: Refuse): T {
  const result = schema.safeParse(document, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw refuse(issue ? describeIssue(issue) : 'the document is not usable');
}

function describeIssue(issue: Issue): string {
  const where = pathText(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return `${pathText([...issue.path, issue.keys[0] ?? ''])}: is not a known key`;
    case 'invalid_type':
      return `${where}: ${typeFault(issue.expected, issue.input)}`;
    case 'invalid_value':
      return `${where}: ${issue.input === undefined ? 'is missing; ' : ''}must be ${alternatives(issue.values)}`;
    case 'invalid_union':
      return `${where}: ${unionFault(issue)}`;
    case 'too_small':
      return `${where}: must ${amount(issue.inclusive === false ? 'more than' : 'at least', issue.minimum, issue.origin)}`;
    case 'too_big':
      return `${where}: must ${amount(issue.inclusive === false ? 'less than' : 'at most', issue.maximum, issue.origin)}`;
    default:
      return `${where}: ${issue.message}`;
  }
}

/** `outputs[0].url`; the document itself is `configuration`. */
function pathText(path: readonly PropertyKey[]): string {
  let out = '';
  for (const step of path) {
    if (typeof step === 'number') out += `[${step}]`;
    else out += out === '' ? String(step) : `.${String(step)}`;
  }
  return out === '' ? 'configuration' : out;
}

function typeFault(expected: string, input: unknown): string {
  if (input === undefined) return `is missing; expected ${article(expected)}`;
  const found = kindOf(input);
  // A fraction where a whole number is expected is a number all the same.
  return `must be ${article(expected)}${expected === 'int' && found === 'number' ? '' : `, not ${article(found)}`}`;
}

/** A union that has a discriminator names its alternatives. */
function unionFault(issue: z.core.$ZodIssueInvalidUnion & { message: string }): string {
  const options = 'options' in issue ? issue.options : undefined;
  return options ? `must be ${options.map((one) => JSON.stringify(one)).join(' or ')}` : issue.message;
}

function amount(relation: string, limit: number | bigint, origin: string): string {
  if (origin === 'string') return `have ${relation} ${limit} characters`;
  if (origin === 'array') return `have ${relation} ${limit} items`;
  return `be ${relation} ${limit}`;
}

function alternatives(values: readonly unknown[]): string {
  const quoted = values.map((value) => JSON.stringify(value));
  return quoted.length > 1 ? `one of ${quoted.join(', ')}` : (quoted[0] ?? 'something else');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const NAMES: Record<string, string> = { int: 'a whole number', null: 'null', record: 'an object' };

function article(kind: string): string {
  return NAMES[kind] ?? (/^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`);
}
