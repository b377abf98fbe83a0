/** The CRDs of crds/, which are the one description of every kind. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { apiVersionOf } from '../objects.ts';

/** A node of a structural schema. */
export type Schema = Readonly<Record<string, unknown>>;

export interface Kind {
  kind: string;
  /** group/version */
  apiVersion: string;
  schema: Schema;
}

interface CustomResourceDefinition {
  spec: {
    group: string;
    names: { kind: string };
    versions: { name: string; storage: boolean; schema: { openAPIV3Schema: Schema } }[];
  };
}

const FILES = ['mediaserver.yaml', 'videopush.yaml', 'videopushset.yaml'];

/**
 * Three folders up in the source tree; one where it is compiled to dist/schema, or bundled to
 * operator/main.js as in an image.
 */
function folder(): string {
  const candidates = [join('..', '..', '..'), '..'].map((up) => join(import.meta.dirname, up, 'crds'));
  const found = candidates.find((candidate) => existsSync(join(candidate, 'videopush.yaml')));
  if (found === undefined) throw new Error(`the CRDs are in none of ${candidates.join(', ')}`);
  return found;
}

/** Every kind in its stored version. */
export function loadKinds(): Kind[] {
  const from = folder();
  return FILES.map((file) => {
    const text = readFileSync(join(from, file), 'utf8');
    const { group, names, versions } = (parse(text) as CustomResourceDefinition).spec;
    const stored = versions.find(({ storage }) => storage);
    if (!stored) throw new Error(`crds/${file}: no version is stored`);
    return {
      kind: names.kind,
      apiVersion: apiVersionOf({ group, version: stored.name }),
      schema: stored.schema.openAPIV3Schema,
    };
  });
}
