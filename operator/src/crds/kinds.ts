/** The custom resource definitions as they stand in crds/: the one description of every kind. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

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

const FILES = ['mediaserver.yaml', 'videopush.yaml'];

/** Every kind in its stored version. */
export function loadKinds(): Kind[] {
  return FILES.map((file) => {
    const text = readFileSync(new URL(`../../../crds/${file}`, import.meta.url), 'utf8');
    const { group, names, versions } = (parse(text) as CustomResourceDefinition).spec;
    const stored = versions.find(({ storage }) => storage);
    if (!stored) throw new Error(`crds/${file}: no version is stored`);
    return {
      kind: names.kind,
      apiVersion: `${group}/${stored.name}`,
      schema: stored.schema.openAPIV3Schema,
    };
  });
}
