/**
 * Which fields of spec a stream's objects came from, so that a later change can be reported by its name.
 * Pure.
 */
import type { VideoPush } from '../../schema/video-push.generated.ts';
import { ANNOTATIONS, contentHash, shortHash } from '../names.ts';

/**
 * Hashes of the fields by their paths, `spec.video.bitrateKbps`: enough to
 * compare, nothing to read out of it.
 */
export type FieldHashes = Readonly<Record<string, string>>;

/** Deeper than this, a field is compared as a whole. */
const DEPTH = 4;
/** Parts of spec that are one field for a person. */
const WHOLE = /^spec\.(placement\.\w+|resources\.\w+|source\.persistentVolumeClaim)$/;

export function specFields({ spec }: Pick<VideoPush, 'spec'>): FieldHashes {
  const fields: Record<string, string> = {};
  const visit = (path: string, value: unknown, depth: number): void => {
    if (value === undefined) return;
    if (typeof value !== 'object' || value === null || depth === DEPTH || WHOLE.test(path)) {
      fields[path] = shortHash(contentHash(value), 6);
      return;
    }
    for (const [name, item] of Object.entries(value)) {
      visit(Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`, item, depth + 1);
    }
  };
  visit('spec', spec, 0);
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
}

/** Paths that differ, in order. */
export function changedFields(before: FieldHashes, after: FieldHashes): string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...paths].filter((path) => before[path] !== after[path]).sort();
}

/** The annotation of a stream's ConfigMap that keeps them. */
export const specFieldsAnnotation = (push: VideoPush): Record<string, string> => ({
  [ANNOTATIONS.specFields]: JSON.stringify(specFields(push)),
});

/** What an observed ConfigMap was made from; undefined when it does not say, or somebody has spoilt it. */
export function appliedFields(config: {
  metadata: { annotations?: Record<string, string> };
}): FieldHashes | undefined {
  try {
    const fields: unknown = JSON.parse(config.metadata.annotations?.[ANNOTATIONS.specFields] ?? '');
    return typeof fields === 'object' && fields !== null ? (fields as FieldHashes) : undefined;
  } catch {
    return undefined;
  }
}
