/** `videopush render` prints, for a cluster's resources, what the operator has applied, field by field. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../resources/src/objects.ts';
import { childEnvironment, nodeBinary, repoRoot } from '../../scripts/paths.mjs';
import type { Cluster } from '../support/cluster/index.ts';
import { mediaServer, SMALL_PATTERN, videoPush } from '../support/e2e/manifests.ts';
import { TestNamespace } from '../support/e2e/namespace.ts';
import { OPERATOR_NAMESPACE, RELEASE, releaseKubectl, suiteCluster } from '../support/e2e/suite.ts';
import { run } from '../support/program.ts';
import { Scratch } from '../support/tools.ts';

let cluster: Cluster;
let fixture: TestNamespace;
const scratch = new Scratch();

beforeAll(async () => {
  cluster = await suiteCluster();
  fixture = await TestNamespace.create(cluster, 'render');
});

afterAll(async () => {
  await fixture?.remove();
  await cluster?.close();
  scratch[Symbol.dispose]();
});

/** The operator's own key, as its administrator can read it. */
async function keyFile(): Promise<string> {
  const text = await releaseKubectl(cluster, 'get', 'secret', `${RELEASE}-key`, '-o', 'jsonpath={.data.key}');
  const file = scratch.file('key');
  writeFileSync(file, Buffer.from(text, 'base64'), { mode: 0o600 });
  return file;
}

async function render(manifests: string): Promise<KubeObject[]> {
  const file = scratch.file('manifests.yaml');
  writeFileSync(file, manifests);
  const key = await keyFile();
  const { stdout } = await run(
    nodeBinary(),
    [
      ...[join(repoRoot, 'cli', 'bin', 'videopush.mjs'), 'render', '--key-file', key],
      ...['--mediamtx-image', 'videopush/mediamtx:1.21.0'],
      ...['--nats', `nats://${RELEASE}-nats.${OPERATOR_NAMESPACE}.svc.cluster.local:4222`, file],
    ],
    { env: childEnvironment(), keepLines: 100_000 },
  );
  rmSync(key);
  return parseAllDocuments(stdout.join('\n')).flatMap(
    (document) => (document.toJS() as KubeObject | null) ?? [],
  );
}

/** Paths where `live` differs from `desired`. Fields that only `live` has are server defaults and status. */
function differences(desired: unknown, live: unknown, path = ''): string[] {
  if (typeof desired !== 'object' || desired === null) return desired === live ? [] : [path];
  return Object.entries(desired).flatMap(([name, value]) =>
    differences(value, (live as Record<string, unknown> | undefined)?.[name], `${path}.${name}`),
  );
}

it('`videopush render` prints what the operator applied for one pod, for two, and for their server', async () => {
  await fixture.apply([
    mediaServer('live', { authentication: { read: 'Generated' } }),
    videoPush('one', 'live', { source: SMALL_PATTERN }),
    videoPush('two', 'live', { source: SMALL_PATTERN, topology: 'Split' }),
  ]);
  for (const name of ['one', 'two'])
    await fixture.untilCondition('vp', name, { type: 'Ready', status: 'True' }, 90_000);
  const objects = await render(await fixture.kubectl(['get', 'ms,vp', '-o', 'yaml']));
  expect(objects.length).toBeGreaterThanOrEqual(2 + 3 + 4);
  for (const object of objects) {
    const { kind = '', metadata } = object;
    const live = JSON.parse(await fixture.kubectl(['get', kind, metadata.name, '-o', 'json']));
    // A Secret's text is stored encoded.
    const { stringData, ...rest } = object as KubeObject & { stringData?: Record<string, string> };
    const data = Object.entries(stringData ?? {}).map(([key, text]) => [
      key,
      Buffer.from(text).toString('base64'),
    ]);
    const desired = stringData ? { ...rest, data: Object.fromEntries(data) } : rest;
    expect(differences(desired, live), `${kind} ${metadata.name}`).toEqual([]);
  }
});
