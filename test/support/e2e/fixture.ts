/** What most files of the suite begin with: a namespace with a media server that runs and a web server for clips. */
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
  const world = await TestNamespace.create(cluster, namespace);
  await startClips(world, inject('suite').images.busybox);
  await world.apply([mediaServer(server)]);
  await world.untilCondition('ms', server, { type: 'Ready', status: 'True' }, 60_000);
  return world;
}
