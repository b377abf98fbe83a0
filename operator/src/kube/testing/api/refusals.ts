/** The API server's refusals, in its words and shapes. */
import type { ResourceKind } from '@videopush/resources/objects';
import type { Cause } from './catalog.ts';
import type { Conflict } from './managers.ts';
import type { Json } from './values.ts';

/** Becomes the answer of a request. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: Json;
  readonly code: number;

  constructor(code: number, reason: string, message: string, details: Json = {}) {
    super(message);
    this.code = code;
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      details,
      code,
    };
  }
}

const resource = ({ group, plural }: ResourceKind): string => (group ? `${plural}.${group}` : plural);
const details = (kind: ResourceKind, name: string): Json => ({
  name,
  kind: kind.plural,
  ...(kind.group && { group: kind.group }),
});

export const notFound = (kind: ResourceKind, name: string): Refusal =>
  new Refusal(404, 'NotFound', `${resource(kind)} "${name}" not found`, details(kind, name));

export const noSuchPage = (): Refusal =>
  new Refusal(404, 'NotFound', 'the server could not find the requested resource');

export const alreadyExists = (kind: ResourceKind, name: string): Refusal =>
  new Refusal(409, 'AlreadyExists', `${resource(kind)} "${name}" already exists`, details(kind, name));

export const conflict = (kind: ResourceKind, name: string, why: string): Refusal =>
  new Refusal(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resource(kind)} "${name}": ${why}`,
    details(kind, name),
  );

export const STALE =
  'the object has been modified; please apply your changes to the latest version and try again';

export const invalid = (kind: ResourceKind, name: string, causes: readonly Cause[]): Refusal => {
  const words = causes.map(({ field, message }) => `${field}: ${message}`);
  const list = words.length === 1 ? words[0] : `[${words.join(', ')}]`;
  const who = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  return new Refusal(422, 'Invalid', `${who} "${name}" is invalid: ${list}`, {
    ...details(kind, name),
    kind: kind.kind,
    causes: causes.map((cause) => ({ reason: 'FieldValueInvalid', ...cause })),
  });
};

export const badRequest = (message: string): Refusal => new Refusal(400, 'BadRequest', message);

export const expired = (message: string): Refusal => new Refusal(410, 'Expired', message);

/** An apply's field that no schema knows: the API server cannot say whose it would be. */
export const undeclared = (field: string): Refusal =>
  new Refusal(
    500,
    'InternalError',
    `failed to create typed patch object: .${field}: field not declared in schema`,
  );

export function applyConflict(conflicts: readonly Conflict[]): Refusal {
  const causes = conflicts.map(({ manager, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with "${manager.name}"`,
    field,
  }));
  const words = causes.map(({ message, field }) => `${message}: ${field}`).join('\n- ');
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`;
  return new Refusal(409, 'Conflict', `Apply failed with ${count}: ${words}`, { causes });
}
