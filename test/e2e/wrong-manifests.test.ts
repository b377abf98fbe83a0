/** A real API server with the CRDs refuses wrong manifests with helpful words and completes right ones. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Manifest, ManifestError, validateManifest } from '../../resources/src/schema/manifest.ts';
import { RIGHT_MANIFESTS, videoPush, videoPushSet } from '../../resources/src/schema/testing/manifests.ts';
import { WRONG_MANIFESTS } from '../../resources/src/schema/testing/wrong-manifests.ts';
import { type ApiServer, startApiServer } from '../support/cluster/index.ts';
import { Admission } from '../support/e2e/admission.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

let server: ApiServer;
let admission: Admission;

beforeAll(async () => {
  server = await startApiServer();
  await server.kubectl(['apply', '--server-side', '-f', join(ROOT, 'crds')]);
  const names = ['mediaservers', 'videopushes', 'videopushsets'].map((name) => `crd/${name}.videopush.dev`);
  await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...names]);
  admission = await Admission.connect(server.kubeconfig);
}, 180_000);

afterAll(async () => {
  admission?.close();
  await server?.close();
});

/** This program's own refusal, as `field: message`. */
function ownWords(manifest: unknown): { field: string; words: string } {
  try {
    validateManifest(manifest);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const { field, message } = error;
    return { field, words: message.slice(field === '' ? 0 : field.length + 2) };
  }
  throw new Error('accepted by this program');
}

/** Names of cases that the API server refuses while decoding, before it checks schemas, in its own words. */
const DECODING = /strict decoding error/;

describe('a wrong manifest is refused by the API server, with what to write instead', () => {
  it.each(WRONG_MANIFESTS)(
    'the API server refuses a wrong manifest with what to write instead: $name',
    async ({ manifest, says }) => {
      const { accepted, message } = await admission.judge(manifest);
      expect(accepted).toBe(false);
      if (typeof says === 'string') expect(message).toContain(says);
      else expect(message).toMatch(says);
      if (DECODING.test(message)) return;
      const { field, words } = ownWords(manifest);
      expect(message).toContain(`${field}: `);
      expect(message.replaceAll('\\"', '"')).toContain(words.replace(/: \{.*/, ''));
    },
  );
});

describe('a right manifest is accepted, and completed with the same defaults', () => {
  it.each(RIGHT_MANIFESTS)(
    'the API server accepts a right manifest and completes it with the same defaults: $name',
    async ({ manifest }) => {
      const { accepted, message, object } = await admission.judge(manifest);
      expect(message).toBe('');
      expect(accepted).toBe(true);
      expect((object as { spec?: unknown }).spec).toEqual(specOf(validateManifest(manifest)));
    },
  );
});

const specOf = (manifest: Manifest): unknown =>
  JSON.parse(JSON.stringify((manifest as { spec?: unknown }).spec));

it('the API server accepts every example', async () => {
  const files = globSync(join(ROOT, 'examples/**/*.yaml'));
  const documents = files.flatMap((file) =>
    parseAllDocuments(readFileSync(file, 'utf8')).map((document) => ({ file, manifest: document.toJS() })),
  );
  const ours = documents.filter(({ manifest }) => /^videopush\.dev\//.test(manifest?.apiVersion ?? ''));
  expect(ours.length).toBeGreaterThan(4);
  for (const { file, manifest } of ours) {
    expect({ file, ...(await admission.judge(manifest)) }).toMatchObject({
      file,
      message: '',
      accepted: true,
    });
  }
});

it('the API server accepts a set of 1000 long sources within the cost of its rules', async () => {
  const sources = Array.from({ length: 1000 }, (_, index) => ({
    name: `source-${index}`,
    source: {
      uri: `rtsp://camera-${index}.example/`.padEnd(1000, 'x'),
      credentialsSecretRef: { name: `camera-${index}` },
    },
  }));
  expect(await admission.judge(videoPushSet({ sources }))).toMatchObject({ message: '', accepted: true });
});

it('a set is scaled through its subresource, streams are selected by field, and columns show the status', async () => {
  const run = (...args: string[]) => server.kubectl(args);
  const apply = (manifest: object) =>
    server.kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifest) });
  await apply(videoPushSet({}, 'scaled'));
  await run('scale', 'vps/scaled', '--replicas=7');
  expect(await run('get', 'vps', 'scaled', '-o', 'jsonpath={.spec.replicas}')).toBe('7');
  for (const topology of ['SamePod', 'Split']) await apply(videoPush({ topology }, topology.toLowerCase()));
  const split = ['get', 'vp', '--field-selector', 'spec.topology=Split'];
  expect(await run(...split, '-o', 'name')).toBe('videopush.videopush.dev/split\n');
  expect(await run('get', 'vp')).toMatch(/^NAME +READY +REASON +SOURCE +CODEC +URL +AGE\n/);
  expect(await run('get', 'vps')).toMatch(/^NAME +DESIRED +RUNNING +READY +AGE\nscaled +7 /);
  expect(await run('get', 'ms')).toBe('');
});
