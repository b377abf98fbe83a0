import { expect, it } from 'vitest';
import { type Rule, rulesOf } from './cel.ts';
import { loadKinds, type Schema } from './kinds.ts';
import { validateManifest } from './manifest.ts';
import { mediaServer, videoPush, videoPushSet, withTemplate } from './testing/manifests.ts';

/** Every node below `schema` with its path; metadata is the API machinery's. */
function* nodes(schema: Schema, path: string): Generator<[string, Schema]> {
  yield [path, schema];
  for (const [name, item] of Object.entries((schema.properties ?? {}) as Record<string, Schema>)) {
    if (path.includes('.') || name !== 'metadata') yield* nodes(item, `${path}.${name}`);
  }
  if (schema.items) yield* nodes(schema.items as Schema, `${path}[]`);
  if (schema.additionalProperties) yield* nodes(schema.additionalProperties as Schema, `${path}{}`);
}

const kinds = loadKinds();
const all = kinds.flatMap(({ kind, schema }) => [...nodes(schema, kind)]);

function faults(check: (node: Schema, path: string) => boolean): string[] {
  return all.filter(([path, node]) => !check(node, path)).map(([path]) => path);
}

it('there are three kinds, with hundreds of fields', () => {
  expect(kinds.map(({ kind }) => kind).sort()).toEqual(['MediaServer', 'VideoPush', 'VideoPushSet']);
  expect(all.length).toBeGreaterThan(250);
});

it('every field of every kind is typed and described', () => {
  const typed = (node: Schema) =>
    typeof node.type === 'string' || node['x-kubernetes-int-or-string'] === true;
  const described = ({ description }: Schema) =>
    typeof description === 'string' && /[^.]\.$/.test(description);
  expect(faults(typed)).toEqual([]);
  expect(faults(described)).toEqual([]);
});

it('every number, text, list and map has bounds', () => {
  expect(
    faults((node, path) => {
      if (/\.(apiVersion|kind)$/.test(path) || node.enum || node.format === 'date-time') return true;
      if (node.type === 'integer') return ('minimum' in node && 'maximum' in node) || /eneration$/.test(path);
      if (node.type === 'string') return 'maxLength' in node;
      if (node.type === 'array') return 'maxItems' in node;
      return !node.additionalProperties || 'maxProperties' in node;
    }),
  ).toEqual([]);
});

it('no number in a manifest is a fraction or beyond what JSON carries, none is without a size', () => {
  expect(faults((node) => node.type !== 'number')).toEqual([]);
  const sized = (node: Schema) => node.type !== 'integer' || /^int(32|64)$/.test(String(node.format));
  expect(faults(sized)).toEqual([]);
  expect(faults(({ maximum = 0 }) => (maximum as number) <= Number.MAX_SAFE_INTEGER)).toEqual([]);
});

it('every list says how it is merged, every reference is replaced as a whole', () => {
  expect(faults((node) => node.type !== 'array' || 'x-kubernetes-list-type' in node)).toEqual([]);
  const keyed = (node: Schema) =>
    node['x-kubernetes-list-type'] !== 'map' ||
    (node['x-kubernetes-list-map-keys'] as string[]).every((key) =>
      ((node.items as Schema).required as string[]).includes(key),
    );
  expect(faults(keyed)).toEqual([]);
  const atomic = (node: Schema, path: string) =>
    !/Ref$/.test(path) || node['x-kubernetes-map-type'] === 'atomic';
  expect(faults(atomic)).toEqual([]);
});

it('the schemas are structural, without unions, null and what is not known', () => {
  const structural = (node: Schema) =>
    !['$ref', 'oneOf', 'allOf', 'not', 'nullable'].some((word) => word in node) &&
    (node['x-kubernetes-int-or-string'] === true || !('anyOf' in node)) &&
    node.additionalProperties !== false;
  expect(faults(structural)).toEqual([]);
  const open = ([, node]: [string, Schema]) => node['x-kubernetes-preserve-unknown-fields'] === true;
  // The scheduler's own words, which it checks itself.
  expect(all.filter(open).map(([path]) => path.replace(/^.*\.placement\./, ''))).toEqual(
    ['VideoPush', 'VideoPushSet'].flatMap(() =>
      ['nodeAffinity', 'podAffinity', 'podAntiAffinity'].map((name) => `affinity.${name}`),
    ),
  );
});

it('fields are named in camelCase, and values of enumerations in CamelCase', () => {
  const camel = (path: string) => /(^|[.])([a-z][A-Za-z]*)(\[\]|\{\})*$/.test(path) || !path.includes('.');
  expect(faults((_, path) => camel(path))).toEqual([]);
  const capitals = (node: Schema) =>
    ((node.enum ?? []) as string[]).every((value) => /^[A-Z][A-Za-z0-9]*$/.test(value));
  expect(faults(capitals)).toEqual([]);
});

/** Numbers that count or name what their own name says, or that stand on a scale of their own. */
const WITHOUT_UNIT =
  /(width|height|left|top|right|bottom|quality|program|threads|port|rtsp|rtmp|srt|hls|webrtc|replicas|Replicas|restarts|first|count|maxBFrames|eneration)$/;

it('every number has its unit in its name, or is a count', () => {
  const units = /(Seconds|Milliseconds|Hours|Kbps|Frames)$/;
  expect(
    faults((node, path) => node.type !== 'integer' || units.test(path) || WITHOUT_UNIT.test(path)),
  ).toEqual([]);
});

/** The value as people write it in YAML: a text that looks like a number stands in quotes. */
const written = (value: unknown): string =>
  typeof value === 'string' && /^\d/.test(value) ? JSON.stringify(value) : String(value);

it('the description of a field names its default', () => {
  const said = ({ default: value, description }: Schema) =>
    value === undefined ||
    typeof value === 'object' ||
    String(description).includes(`Default ${written(value)}.`);
  expect(faults(said)).toEqual([]);
});

it('every rule says what is allowed in one line without a full stop, and no rule is a pattern', () => {
  const rules = all.flatMap(([path, node]) => rulesOf(node).map((rule): [string, Rule] => [path, rule]));
  expect(rules.length).toBeGreaterThan(100);
  const unclear = rules.filter(
    ([, { message }]) => !/^\S.{10,}[^.\s]$/.test(message) || message.includes('\n'),
  );
  expect(unclear).toEqual([]);
  const patterns = all.filter(([path, node]) => 'pattern' in node && !path.includes('.status.'));
  expect(patterns.map(([path]) => path)).toEqual([]);
});

const completed = (manifest: unknown) => (validateManifest(manifest) as { spec?: unknown }).spec;

it('the smallest manifests get the defaults that the builders assume', () => {
  expect(completed(videoPush())).toMatchObject({
    video: { codec: 'H264' },
    audio: { mode: 'Drop' },
    queue: { capacityFrames: 20, whenFull: 'Block' },
    pacing: { latencyBudgetMilliseconds: 100 },
    topology: 'SamePod',
    suspend: false,
  });
  const kept = { persistentVolumeClaim: { claimName: 'kept' } };
  expect(completed(mediaServer({ recording: kept }))).toEqual({
    type: 'MediaMTX',
    service: { type: 'ClusterIP' },
    authentication: { publish: 'Generated', read: 'None' },
    recording: { ...kept, segmentSeconds: 3600, retentionHours: 24 },
  });
  expect(completed(videoPushSet())).toMatchObject({
    replicas: 1,
    template: { spec: { queue: { capacityFrames: 20 }, topology: 'SamePod' } },
  });
  expect(completed(withTemplate({}))).toMatchObject({
    range: { first: 0, count: 3 },
    template: {
      spec: { source: { testPattern: { pattern: 'TestSrc2', width: 1280, height: 720, frameRate: '30' } } },
    },
  });
});
