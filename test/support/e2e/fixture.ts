/** The fixture of most test files: a namespace with a running media server and a web server for clips. */
import { inject } from 'vitest';
import type { Cluster } from '../cluster/index.ts';
import { startClips } from './clips-pod.ts';
import { mediaServer } from './manifests.ts';
import { TestNamespace } from './namespace.ts';

export async function openFixture(
  cluster: Cluster,
  namespace: string,
  server: string,
): Promise<TestNamespace> {
  const fixture = await TestNamespace.create(cluster, namespace);
  await startClips(fixture, inject('suite').images.busybox);
  await fixture.apply([mediaServer(server)]);
  await fixture.untilCondition('ms', server, { type: 'Ready', status: 'True' }, 60_000);
  return fixture;
}
