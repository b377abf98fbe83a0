import { readManifests, type VideoPush } from '@videopush/resources';
import { DEFAULTS } from '@videopush/resources/builders/defaults';
import { finishObjects, originOf } from '@videopush/resources/builders/origin';
import { buildStream } from '@videopush/resources/builders/videopush';
import { expect, it } from 'vitest';
import { CliError } from './errors.ts';
import { type Document, type RenderOptions, renderDocuments } from './render.ts';

const options: RenderOptions = { namespace: 'default', defaults: DEFAULTS };

const documents = (text: string, file = 'stream.yaml'): Document[] =>
  readManifests(text).manifests.map((manifest) => ({ file, manifest }));

interface Rendered {
  kind: string;
  metadata: { name: string; namespace: string; ownerReferences?: { kind: string; uid: string }[] };
  [field: string]: unknown;
}

function render(text: string, more: Partial<RenderOptions> = {}) {
  const { objects, notes } = renderDocuments(documents(text), { ...options, ...more });
  return { objects: objects as Rendered[], notes };
}

const names = (objects: Rendered[]): string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

const SERVER = `
apiVersion: videopush.dev/v1alpha1
kind: MediaServer
metadata: {name: live}
spec: {}
`;
const PUSH = `
apiVersion: videopush.dev/v1alpha1
kind: VideoPush
metadata: {name: demo}
spec:
  source: {testPattern: {}}
  outputs: [{name: main, serverRef: {name: live}}]
`;
const SET = `
apiVersion: videopush.dev/v1alpha1
kind: VideoPushSet
metadata: {name: wall, namespace: studio}
spec:
  replicas: 2
  range: {count: 3}
  template:
    spec:
      source: {testPattern: {}}
      outputs: [{name: main, url: "rtsp://server.example/$(name)"}]
`;

it('a List, as kubectl prints what is in a cluster, gives the same as its items in documents of their own', () => {
  const items = [SERVER, PUSH].map((text) => text.trim().replaceAll('\n', '\n  '));
  const list = `apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ""}\nitems:\n${items.map((text) => `- ${text}\n`).join('')}`;
  expect(render(list)).toEqual(render(`${SERVER}---${PUSH}`));
});

it('a stream and its server become every object that the operator would apply, in the order of the files', () => {
  const { objects } = render(`${SERVER}---${PUSH}`);
  expect(names(objects)).toEqual([
    expect.stringMatching(/^Secret live-publish-/),
    expect.stringMatching(/^Secret live-metrics-/),
    'ConfigMap live-media-config',
    'Service live-media',
    'Service live-media-api',
    'Deployment live-media',
    'ConfigMap demo-worker',
    'Deployment demo-stream',
  ]);
  const text = JSON.stringify(objects);
  expect(text).toContain('rtsp://live-media.default.svc.cluster.local:8554/demo');
  expect(objects[2]).toMatchObject({ data: { 'mediamtx.yml': expect.stringContaining('  demo:\n') } });
});

it('the rendered objects are those of the builders, to the byte', () => {
  const text = PUSH.replace('serverRef: {name: live}', 'url: rtsp://server.example/demo').replace(
    'name: demo}',
    'name: demo, namespace: studio, uid: u-1}',
  );
  const [push] = readManifests(text).manifests as VideoPush[];
  if (!push) throw new Error('no manifest');
  const context = { push, servers: {}, defaults: DEFAULTS };
  const { config, workloads } = finishObjects(buildStream(context), originOf(context));
  expect(render(text).objects).toEqual([config, ...workloads]);
});

it('a set is rendered as its members that run, each followed by its own objects', () => {
  const { objects } = render(SET);
  expect(names(objects)).toEqual([
    'VideoPush wall-0',
    'ConfigMap wall-0-worker',
    'Deployment wall-0-stream',
    'VideoPush wall-1',
    'ConfigMap wall-1-worker',
    'Deployment wall-1-stream',
  ]);
  expect(objects[0]?.metadata.ownerReferences).toMatchObject([{ kind: 'VideoPushSet' }]);
  expect(objects[1]?.metadata.ownerReferences).toMatchObject([{ kind: 'VideoPush' }]);
});

it('a manifest without a namespace gets the one asked for, and servers are found only in the same one', () => {
  const { objects } = render(`${SERVER}---${PUSH}---${SET}`, { namespace: 'news' });
  const found = new Map(
    objects.map(({ kind, metadata }) => [`${kind} ${metadata.name}`, metadata.namespace]),
  );
  expect(found.get('Deployment demo-stream')).toBe('news');
  expect(found.get('VideoPush wall-0')).toBe('studio');
  const elsewhere = PUSH.replace('name: demo}', 'name: demo, namespace: studio}');
  expect(() => render(`${SERVER}---${elsewhere}`)).toThrow('MediaServer "live" does not exist');
});

it('a stream whose server is not among the files stops render with the file, the field and what to do', () => {
  try {
    render(PUSH);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CliError);
    expect(error).toMatchObject({
      exitCode: 2,
      message: 'stream.yaml: spec.outputs[0].serverRef.name: MediaServer "live" does not exist',
      action: 'put its manifest into one of the files',
    });
  }
});

it('an error that only a builder finds is reported with its file, field and resource', () => {
  const split = PUSH.replace('spec:', 'spec:\n  topology: Split').replace(
    'serverRef: {name: live}',
    'url: rtsp://a.example/b',
  );
  const attempt = () => render(split);
  expect(attempt).toThrow(/^stream\.yaml: spec\.queue\.jetStream\.address: is needed for topology Split/);
  const withNats = render(split, { defaults: { ...DEFAULTS, natsAddress: 'nats://nats.example:4222' } });
  expect(names(withNats.objects)).toContain('Deployment demo-decoder');
});

it('the members of a set are checked like manifests', () => {
  const bad = SET.replace('rtsp://server.example/$(name)', 'nonsense://$(name)');
  expect(() => render(bad)).toThrow(/^(stream\.yaml: )?spec\./);
});

it('a name that is defined twice is refused in one namespace, but not in different ones', () => {
  const open = PUSH.replace('serverRef: {name: live}', 'url: rtsp://server.example/demo');
  expect(() => render(`${open}---${open}`)).toThrow('VideoPush "default/demo" is defined twice');
  expect(() => render(`${open}---${open.replace('name: demo}', 'name: demo, namespace: b}')}`)).not.toThrow();
});

it('render reports what depends on a missing uid or key, and nothing when both are given', () => {
  const uid = (text: string) =>
    text.replace(/name: (\w+)\}/, 'name: $1, uid: 11111111-2222-3333-4444-555555555555}');
  const key = Buffer.alloc(32, 1);
  const { notes } = render(`${SERVER}---${PUSH}`);
  expect(notes).toEqual([
    expect.stringContaining('resources without metadata.uid have 00000000-'),
    expect.stringContaining('come from a key of zeros'),
  ]);
  expect(render(`${uid(SERVER)}---${uid(PUSH)}`, { key }).notes).toEqual([]);
  const secretOf = (more: Partial<RenderOptions>) => render(`${uid(SERVER)}---${uid(PUSH)}`, more).objects[0];
  expect(secretOf({ key })).not.toEqual(secretOf({}));
  expect(secretOf({ key })).toEqual(secretOf({ key }));
});

it('a suspended stream is rendered with zero replicas, and a server that runs elsewhere has no objects', () => {
  const external = SERVER.replace(
    'spec: {}',
    'spec: {type: External, endpoints: [{protocol: RTSP, host: a.example}]}',
  );
  const { objects, notes } = render(`${external}---${PUSH.replace('spec:', 'spec:\n  suspend: true')}`);
  expect(names(objects)).toEqual(['ConfigMap demo-worker', 'Deployment demo-stream']);
  expect(objects[1]).toMatchObject({ spec: { replicas: 0 } });
  expect(JSON.stringify(objects)).toContain('rtsp://a.example:8554/demo');
  expect(notes).toHaveLength(1);
});
