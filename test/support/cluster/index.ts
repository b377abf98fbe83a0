/**
 * A Kubernetes cluster for tests. Which one is used, in this order:
 *
 * 1. `VIDEOPUSH_E2E_CLUSTER=current`: the one that KUBECONFIG names. It is left as it is in the end.
 * 2. `VIDEOPUSH_E2E_CLUSTER=kind`, or nothing said and both `kind` and a Docker daemon there: a kind cluster.
 * 3. `VIDEOPUSH_E2E_CLUSTER=node`, or nothing said: a real node from the pinned programs, for which no
 *    registry and no Docker is needed, but root.
 *
 * All accept NetworkPolicies; only a current cluster may also enforce them.
 */
import type { Cluster, StartOptions } from './cluster.ts';
import { useCurrent } from './current.ts';
import { ClusterError } from './errors.ts';
import { kindUsable, startKind } from './kind.ts';
import { startNode } from './node.ts';

export { type ApiServer, startApiServer } from './api-server.ts';
export type { Cluster } from './cluster.ts';
export { attachCluster } from './current.ts';
export type { FurtherNode } from './further-node.ts';
export { type NodeCluster, startNode } from './node.ts';
export { hostPathVolume } from './volumes.ts';

/** @throws {ClusterError}; the signal's reason when it was aborted */
export async function startCluster(options: StartOptions = {}): Promise<Cluster> {
  const { onLine = () => {} } = options;
  const choice = process.env.VIDEOPUSH_E2E_CLUSTER ?? '';
  switch (choice) {
    case 'current':
      return useCurrent(options);
    case 'kind':
      onLine('cluster: kind (VIDEOPUSH_E2E_CLUSTER)');
      return startKind(options);
    case 'node':
      onLine('cluster: a node from the pinned programs (VIDEOPUSH_E2E_CLUSTER)');
      return startNode(options);
    case '':
      break;
    default:
      throw new ClusterError('BadChoice', `VIDEOPUSH_E2E_CLUSTER=${choice} is unknown`, {
        cause: 'it is current, kind or node',
        action: 'set one of these, or nothing',
      });
  }
  const obstacle = await kindUsable(options.signal);
  if (obstacle === null) {
    onLine('cluster: kind, since it and a Docker daemon were found');
    return startKind(options);
  }
  onLine(`cluster: a node from the pinned programs (no kind: ${obstacle})`);
  return startNode(options);
}
