/** labelSelector and fieldSelector of lists and watches. */
import { badRequest } from './refusals.ts';
import type { Json } from './values.ts';

export type Selector = (object: Json) => boolean;

const NAME = '[A-Za-z0-9./_-]+';
const REQUIREMENT = new RegExp(
  `^\\s*(?:(!)\\s*(${NAME})|(${NAME})\\s*(?:(=|==|!=)\\s*(${NAME})?|(in|notin)\\s*\\(([^)]*)\\))?)\\s*$`,
);

export function labelSelector(text: string): Selector {
  const all = splitRequirements(text).map(requirement);
  return (object) => {
    const { labels = {} } = (object.metadata ?? {}) as { labels?: Record<string, string> };
    return all.every((fits) => fits(labels));
  };
}

/** Commas part requirements, but not the values in brackets. */
const splitRequirements = (text: string): string[] => text.match(/[^,(]+(?:\([^)]*\))?/g) ?? [];

function requirement(text: string): (labels: Record<string, string>) => boolean {
  const found = REQUIREMENT.exec(text);
  if (!found) throw badRequest(`unable to parse requirement: ${text}`);
  const [, not, absent, key = '', sign, value = '', set, list = ''] = found;
  if (not) return (labels) => labels[absent ?? ''] === undefined;
  if (set) {
    const values = new Set(list.split(',').map((word) => word.trim()));
    return (labels) => values.has(labels[key] ?? '\n') === (set === 'in');
  }
  if (sign === '!=') return (labels) => labels[key] !== value;
  if (sign) return (labels) => labels[key] === value;
  return (labels) => labels[key] !== undefined;
}

/** `known`: what may be selected by beside metadata.name and metadata.namespace, such as status.phase. */
export function fieldSelector(text: string, known: readonly string[]): Selector {
  const all = text.split(',').map((part) => {
    const found = /^([^=!]+)(=|==|!=)(.*)$/.exec(part.trim());
    if (!found) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
    const [, field = '', sign, value] = found;
    if (!['metadata.name', 'metadata.namespace', ...known].includes(field))
      throw badRequest(`field label not supported: ${field}`);
    return (object: Json) => (`${valueAt(object, field) ?? ''}` === value) === (sign !== '!=');
  });
  return (object) => all.every((fits) => fits(object));
}

/** The value at a dotted path; undefined when there is none. */
function valueAt(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, step) => (value as Json | undefined | null)?.[step], object);
}
